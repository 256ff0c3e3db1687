"""
The protocol, without input or output: bytes of the line in, readings out; no port, no clock, no log.

What the bytes mean, where meters deviate, and what is decided then: docs/protocol.md.
"""
