"""One module for each command of `teleinfo`."""
