"""A simulated meter: what `teleinfo simulate` plays, and what the tests listen to."""
