"""Tests of mammo.experiments."""
