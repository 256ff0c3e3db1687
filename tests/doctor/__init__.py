"""The doctor, area by area."""
