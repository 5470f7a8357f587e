"""Measure a change of a recipe on training patients: `python -m mammo.experiments`."""
