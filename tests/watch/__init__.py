"""Tests of the live meter."""
