"""
Read a JSON object that anybody may have published.

`json.loads` alone raises RecursionError on 200 000 opening brackets, reads NaN, takes any size, and returns
texts that no encoding can write.
"""

from __future__ import annotations

import json
from typing import NoReturn

MAX_BYTES = 1 << 16
"""The longest text that is read: the longest frame of a meter (16 KiB) fits four times."""


def parse_object(payload: bytes) -> dict[str, object] | None:
    """
    Return the object that `payload` holds, None where it holds none.

    Also None for a text longer than `MAX_BYTES`, in another encoding than UTF-8, or nested too deeply, for
    NaN or Infinity, which are not JSON (RFC 8259, section 6), and for half a surrogate pair (section 8.2). A
    number may still be infinite by its size (1e999).
    """
    if len(payload) > MAX_BYTES:
        return None
    try:
        value = json.loads(payload.decode(), parse_constant=_refuse)
        if b"\\u" in payload:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # UnicodeError is a ValueError
        return None
    return value if isinstance(value, dict) else None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")
