"""`teleinfo doctor`: find out why nothing is published. One `check_` module an area; nothing is changed."""
