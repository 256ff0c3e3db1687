"""`teleinfo web`: the live meter and its history as a page in a browser."""
