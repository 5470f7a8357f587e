"""Tests of mammo.imaging."""
