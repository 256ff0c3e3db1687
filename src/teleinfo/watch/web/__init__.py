"""`teleinfo watch --web`: the live meter as a page in a browser."""
