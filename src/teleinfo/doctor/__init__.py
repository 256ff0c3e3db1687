"""`teleinfo doctor`: find out why nothing is published, without changing anything. Each area has a module."""
