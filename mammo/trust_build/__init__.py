"""Compute and measure the trust signals of a release: see `python -m mammo.trust_build --help`."""
