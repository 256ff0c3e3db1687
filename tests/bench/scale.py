"""How much is measured: a full run, a quick look, or the least that shows that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """
    The sizes of a run.

    `modes` are what is measured where programs run, and `settle` the seconds before one looks at them.
    `pieces` of about a megabyte for each stream of the decoder; `frames` at full speed and `paced` frames at
    the line's speed for the latency; `seconds` of the line for the CPU; `starts` of each program; `damaged`
    groups to try, in both modes and at each rate. `meters` in one process, watched for `meter_seconds`; and
    `state_seconds` of a meter whose state is followed.
    """

    modes: tuple[str, ...] = ("standard", "historique")
    settle: float = 2.0
    pieces: int = 32
    piece_bytes: int = 1 << 20
    frames: int = 600
    paced: int = 40
    seconds: float = 60.0
    starts: int = 7
    damaged: int = 1_000_000
    meters: tuple[int, ...] = (1, 10, 100)
    meter_seconds: float = 30.0
    state_seconds: float = 3600.0


FULL = Scale()
QUICK = Scale(
    pieces=3,
    piece_bytes=1 << 19,
    frames=100,
    paced=6,
    seconds=6.0,
    starts=2,
    damaged=10_000,
    meters=(1, 10),
    meter_seconds=6.0,
    state_seconds=600.0,
)
