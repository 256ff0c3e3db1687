"""The meter as its readers see it: rows, state and sentences, for the terminal and the page."""
