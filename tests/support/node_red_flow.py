"""
A model of the Node-RED flow (tms0/teleinfo-publisher, its two function nodes), rule by rule.

Written from the description of its behaviour, to hold our messages against; no code of it is here.
"""

from __future__ import annotations

import json
import re

_HISTORIQUE = re.compile(r"([^ ]+)\s([^ ]+)\s(.)", re.DOTALL)
_STANDARD = re.compile(r"(.+?)\t(\w\d{12})?\t?(.+)\t(.)")


def historique(frame: bytes, timestamp: int) -> bytes:
    """Return its message for the bytes from STX to ETX, sent at `timestamp` (ms since the epoch)."""
    values: dict[str, str | int] = {"timestamp": timestamp}
    for line in frame.decode("ascii").replace("\x02\n", "", 1).replace("\r\x03", "", 1).split("\r\n"):
        match = _HISTORIQUE.fullmatch(line)
        if match and ((32 + sum(map(ord, match[1] + match[2]))) & 63) + 32 == ord(match[3]):
            values[match[1]] = _number(re.sub(r"\.+$", "", match[2]))
    return _encode(values)


def standard(frame: bytes, timestamp: int) -> bytes:
    """Return its message for a frame of mode standard."""
    values: dict[str, str | int] = {"timestamp": timestamp}
    for line in frame.decode("ascii").replace("\x02\n", "", 1).replace("\r\x03", "", 1).split("\r\n"):
        match = _STANDARD.fullmatch(line)
        if match and (sum(map(ord, line[:-1])) & 63) + 32 == ord(match[4]):
            values[match[1]] = _number(match[3].strip())
    return _encode(values)


def _number(text: str) -> str | int:
    return int(text) if re.fullmatch(r"[0-9]+", text) else text


def _encode(values: dict[str, str | int]) -> bytes:
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode()
