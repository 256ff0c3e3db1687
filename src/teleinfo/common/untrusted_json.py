"""
Read a JSON object that anybody may have published.

`json.loads` alone raises RecursionError for 200 000 opening brackets, accepts NaN and any size, and returns
texts that no encoding can write.
"""

from __future__ import annotations

import json

MAX_OBJECT_BYTES = 1 << 16
"""The longest text that is read: the longest frame of a meter (16 KiB) fits four times."""


def parse_object(payload: bytes) -> dict[str, object] | None:
    """
    Return the JSON object in `payload`, which may hold infinite numbers (1e999). Return None for:

    - any other JSON, and text that is no JSON, such as NaN or Infinity (RFC 8259, section 6);
    - text longer than `MAX_OBJECT_BYTES`, in another encoding than UTF-8, or nested too deeply;
    - half a surrogate pair (section 8.2).
    """
    if len(payload) > MAX_OBJECT_BYTES:
        return None
    try:
        value = json.loads(payload.decode(), parse_constant=int)  # which refuses NaN and Infinity
        if b"\\u" in payload:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # UnicodeError is a ValueError
        return None
    return value if isinstance(value, dict) else None
