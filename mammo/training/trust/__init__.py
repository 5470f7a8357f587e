"""Compute and measure a release's trust signals: `python -m mammo.training.trust --help`."""
