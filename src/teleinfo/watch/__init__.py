"""`teleinfo watch`: the live meter in the terminal."""
