"""The rules of the architecture, read from the sources."""
