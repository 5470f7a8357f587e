"""Tests of mammo.attribution."""
