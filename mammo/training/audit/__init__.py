"""Measure how far each method's maps can be trusted: `python -m mammo.training.audit --help`."""
