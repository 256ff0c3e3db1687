"""A hostile broker, meter and text: the daemon keeps its limits and recovers (`make test-faults`)."""
