"""Tests of mammo.data."""
