"""
The protocol, without input or output: bytes of the line in, readings out; no port, no clock, no log.

The meaning of the bytes, the deviations of meters, and what is decided then: docs/protocol.md.
"""
