"""A simulated meter, for `teleinfo simulate` and for the tests."""
