"""Tests of mammo.explain."""
