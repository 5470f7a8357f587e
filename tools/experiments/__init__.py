"""Measure a change of a recipe on training patients: `python -m tools.experiments`."""
