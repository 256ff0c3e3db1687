"""
Checker of the recordings in this folder: it shares no code and no table with the decoder.

It knows framing, parity and checksums alone (Enedis-NOI-CPT_54E v3, Enedis-NOI-CPT_02E v6). A group is valid
if no character of it has odd parity, none but HT is a control character, and its sum is that of its mode. The
LF before it may be damaged.
"""

from __future__ import annotations

import re

FRAME = re.compile(rb"[\x02\x82]([^\x02\x82\x03\x04\x84]*)\x03")
GROUP = re.compile(rb"[^\n\r\x8d]+")

Group = dict[str, str | None]


def examine(line: bytes) -> dict[str, list[list[Group]]]:
    """Return the groups of each complete frame: label, horodate, value and verdict."""
    parity = any(byte > 0x7F for byte in line)
    return {
        "frames": [
            [judge(group, parity=parity) for group in GROUP.findall(frame)] for frame in FRAME.findall(line)
        ]
    }


def judge(wire: bytes, *, parity: bool) -> Group:
    """Return the parts of a group, and if it is valid."""
    for group in (wire, wire[1:]):
        text = bytes(byte & 0x7F for byte in group)
        separator, covered = (b"\t", text[:-1]) if b"\t" in text else (b" ", text[:-2])
        label, *others = text[:-2].split(separator, 2 if separator == b"\t" else 1)
        is_damaged = parity and any(byte.bit_count() % 2 for byte in group)
        is_group = bool(label and others) and text[-2:-1] == separator and not re.search(rb"[^\t -~]", text)
        if is_group and not is_damaged and (sum(covered) & 0x3F) + 0x20 == text[-1]:
            value, *horodate = (part.decode("ascii") for part in reversed(others))
            return {
                "label": label.decode("ascii"),
                "horodate": horodate[0] if horodate else None,
                "value": value,
                "verdict": "valid",
            }
    return {"label": None, "horodate": None, "value": None, "verdict": "bad"}
