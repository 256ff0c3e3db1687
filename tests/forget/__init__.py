"""Tests of `teleinfo forget`."""
