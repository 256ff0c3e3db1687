"""
How the line fares, in figures.

Pure. The topic `health` has it, and so has whoever reads the port: both speak the same JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """How the line fares, as the topic `health` tells it: see `health.encode`."""

    mode: str | None
    baudrate: int | None
    frames: int
    groups: int
    parity: int
    checksum: int
    malformed: int
    interrupted: int
    bad_percent: float | None
    verdict: str


def line_of(payload: bytes) -> Line | None:
    """Return what a message of the topic `health` says; None where it is none."""
    try:
        fields = json.loads(payload)
        rejected = fields["rejected"]
        return Line(
            mode=fields["mode"],
            baudrate=fields["baudrate"],
            frames=fields["frames"],
            groups=fields["groups"],
            parity=rejected["parity"],
            checksum=rejected["checksum"],
            malformed=rejected["malformed"],
            interrupted=fields["interrupted"],
            bad_percent=fields["bad_groups_percent"],
            verdict=fields["line"],
        )
    except (ValueError, KeyError, TypeError):
        return None
