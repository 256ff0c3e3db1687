"""What a cupboard can do to the daemon, one numbered story a test; every story looks for the canaries."""
