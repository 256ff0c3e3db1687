"""
Sum up how the line fares: the JSON of the topic `health`, and a verdict in one word.

Pure: counts and times come in, text goes out.
"""

from __future__ import annotations

import enum
import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from teleinfo.tic.decoder import Counts
    from teleinfo.tic.labels import Mode

# The share of bad groups is that of the last five minutes, seconds.
WINDOW = 300.0


class LineGrade(enum.StrEnum):
    """What the share of bad groups means for the household."""

    SILENT = "silent"  # no group at all
    GOOD = "good"  # fewer than 1 in 1000 are bad
    FAIR = "fair"  # fewer than 1 in 100: nothing is missed that a person would notice
    POOR = "poor"  # fewer than 1 in 10: look at the wiring
    BAD = "bad"  # the line hardly works


class Quality:
    """The share of bad groups over the last `WINDOW` seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int, int]] = deque([(float("-inf"), 0, 0)])

    def sample(self, counts: Counts, *, now: float) -> None:
        """Remember the counts of the time `now` (monotonic, in seconds). Call it at a steady rhythm."""
        self._samples.append((now, counts.groups, counts.rejected))
        # The first sample is the last one from before the window: what is counted since then is the window's.
        while len(self._samples) > 1 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()

    @property
    def bad_share(self) -> float | None:
        """The share of bad groups, 0 to 1; None where no group came at all."""
        (_, old_sound, old_bad), (_, sound, bad) = self._samples[0], self._samples[-1]
        total = sound - old_sound + bad - old_bad
        return (bad - old_bad) / total if total else None

    @property
    def verdict(self) -> LineGrade:
        """The same in a word."""
        share = self.bad_share
        if share is None:
            return LineGrade.SILENT
        limits = ((0.001, LineGrade.GOOD), (0.01, LineGrade.FAIR), (0.1, LineGrade.POOR))
        return next((verdict for limit, verdict in limits if share < limit), LineGrade.BAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the daemon knows beside the counts; `uptime` in seconds, `last_frame` in ISO 8601."""

    version: str
    mode: Mode | None
    baudrate: int | None
    parity: bool | None
    last_frame: str | None
    uptime: float


def encode(facts: Facts, counts: Counts, quality: Quality) -> bytes:
    """Return the JSON of the topic `health`."""
    share = quality.bad_share
    return json.dumps(
        {
            "version": facts.version,
            "mode": facts.mode,
            "baudrate": facts.baudrate,
            "parity": facts.parity,
            "frames": counts.frames,
            "groups": counts.groups,
            "rejected": {
                "parity": counts.parity,
                "checksum": counts.checksum,
                "malformed": counts.malformed,
            },
            "interrupted": counts.interrupted,
            "bad_groups_percent": None if share is None else round(share * 100, 3),
            "line": quality.verdict,
            "last_frame": facts.last_frame,
            "uptime": int(facts.uptime),
        },
        separators=(",", ":"),
    ).encode("ascii")
