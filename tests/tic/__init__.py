"""Tests of the sans-IO protocol library."""
