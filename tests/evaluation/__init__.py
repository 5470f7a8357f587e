"""Tests of mammo.evaluation."""
