"""Tests of `page`."""
