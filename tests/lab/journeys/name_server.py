"""
Name server (RFC 1035) for the tests: `name_server.py ADDRESS NAME ANSWER` knows the IPv4 address of a name.

Run inside, by any Python 3.11 with nothing but its standard library.
"""

from __future__ import annotations

import socket
import sys

HEADER = 12
"""Bytes before the question."""
A_IN = b"\0\1\0\1"
"""Type A, an address of IPv4, and class IN, the Internet."""
NO_ERROR = b"\x81\x80"
NO_SUCH_NAME = b"\x81\x83"
"""The flags of an answer, with the code in the last four bits."""


def main() -> None:
    """Answer until killed: every other name does not exist, and the known one has no address of IPv6."""
    address, known_name, known_address = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((address, 53))
        while True:
            query, client = listener.recvfrom(512)
            listener.sendto(answer_to(query, known_name, known_address), client)


def answer_to(query: bytes, known_name: str, known_address: str) -> bytes:
    """Return the answer to a query of one question (RFC 1035, section 4)."""
    name_end = query.index(0, HEADER) + 1
    name = query[HEADER:name_end]
    kind = query[name_end : name_end + 4]
    flags = NO_SUCH_NAME
    records = b""
    if name == encoded(known_name):
        flags = NO_ERROR
        if kind == A_IN:
            # Name, as a pointer to the question; type and class; seconds to keep it, 0; length; address.
            records = b"\xc0\x0c" + A_IN + bytes(4) + b"\0\4" + socket.inet_aton(known_address)
    # The numbers of questions, of answers, and of two other kinds of records.
    counts = b"\0\1" + (b"\0\1" if records else b"\0\0") + bytes(4)
    identity = query[:2]
    return identity + flags + counts + name + kind + records


def encoded(name: str) -> bytes:
    """Return a name as in a query: each part behind its length, and an empty part at the end."""
    parts = [part.encode() for part in name.split(".")]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


if __name__ == "__main__":
    main()
