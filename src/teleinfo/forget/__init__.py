"""`teleinfo forget`: remove from the broker what it retains of a meter."""
