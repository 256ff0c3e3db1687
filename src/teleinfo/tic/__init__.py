"""
The TIC protocol without I/O: bytes of the line in, readings out; no port, no clock, no log.

docs/protocol.md explains the bytes, the deviations of meters, and how the decoder handles them.
"""
