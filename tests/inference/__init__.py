"""Tests of mammo.inference."""
