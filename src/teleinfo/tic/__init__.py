"""
The pure rooms: bytes of the line in, readings out. Nothing here knows a port, a clock or a log.

What the bytes mean, where meters deviate, and what is decided then: docs/protocol.md.
"""
