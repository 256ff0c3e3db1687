"""What a scenario can do to the daemon, one numbered case a test; every case looks for the canaries."""
