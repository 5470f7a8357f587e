"""Tests of mammo.training."""
