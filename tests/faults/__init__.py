"""Faults that a scenario plays to the daemon, in numbered steps; each looks for secrets in the log."""
