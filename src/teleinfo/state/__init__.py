"""Readings in, the decoded state of the meter out: one schema for both modes. Pure."""
