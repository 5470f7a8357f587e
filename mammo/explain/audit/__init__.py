"""Measure how far each method's maps can be trusted: see `python -m mammo.explain.audit --help`."""
