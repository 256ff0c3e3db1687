"""The street door: the serial port, and who listens at it."""
