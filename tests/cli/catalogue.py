"""
The compiled catalogue of argparse's words, which gettext reads; our own messages are not compiled.

`python -m tests.cli.catalogue` writes it anew.
"""

from __future__ import annotations

import struct

from teleinfo.common import i18n

SOURCE = i18n.FOLDER / "fr/LC_MESSAGES/argparse.po"
COMPILED = SOURCE.with_suffix(".mo")
HEADER = "Content-Type: text/plain; charset=UTF-8\n"


def compiled() -> bytes:
    """Return the .mo file of the source: header, tables of lengths and offsets, texts (gettext manual)."""
    messages = {"": HEADER} | i18n.parse_catalogue(SOURCE.read_text(encoding="utf-8"))
    pairs = sorted((text.encode(), translation.encode()) for text, translation in messages.items())
    size = 28
    at = size + 16 * len(pairs)
    tables, texts = b"", b""
    for column in (0, 1):
        for pair in pairs:
            tables += struct.pack("<2I", len(pair[column]), at + len(texts))
            texts += pair[column] + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, len(pairs), size, size + 8 * len(pairs), 0, at) + tables + texts


if __name__ == "__main__":
    COMPILED.write_bytes(compiled())
