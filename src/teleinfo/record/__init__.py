"""`teleinfo record`: save the bytes of the line to a file."""
