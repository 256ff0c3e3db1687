"""The serial port or TCP bridge that the meter is read from: open it, reopen it, find the speed."""
