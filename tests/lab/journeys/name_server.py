"""
Name server (RFC 1035) for the tests: `name_server.py ADDRESS NAME ANSWER` knows the IPv4 address of a name.

Run inside, by any Python 3.11 with nothing but its standard library.
"""

from __future__ import annotations

import socket
import sys


def main() -> None:
    """Answer until killed; of IPv6, the name has no address."""
    address, known, answer = sys.argv[1:]
    wanted = b"".join(bytes([len(part)]) + part.encode() for part in known.split(".")) + b"\0"
    record = b"\xc0\x0c" + b"\0\1\0\1" + bytes(4) + b"\0\4" + socket.inet_aton(answer)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((address, 53))
        while True:
            query, client = listener.recvfrom(512)
            end = query.index(0, 12) + 5
            code = b"\x81\x80" if query[12 : end - 4] == wanted else b"\x81\x83"
            answers = [record] if query[12:end] == wanted + b"\0\1\0\1" else []
            head = query[:2] + code + b"\0\1" + bytes([0, len(answers)]) + bytes(4)
            listener.sendto(head + query[12:end] + b"".join(answers), client)


if __name__ == "__main__":
    main()
