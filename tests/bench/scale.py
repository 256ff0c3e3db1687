"""The size of a run: a full one, a quick look, or the least that shows that it works."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """
    The sizes of a run.

    `modes` are what is measured where programs run, and `settle` the seconds before one looks at them.
    `pieces` of about a megabyte for each stream of the decoder; `frames` at full speed and `paced` frames at
    the line's speed for the latency; `seconds` of the line for the CPU.
    For truth and price: `damaged` groups for each noise, `sound` groups of each meter on each line, every
    `stride`-th place of the walk; of the meters in `only`, or of all; on so many `processes` at once.
    `meters` in one process, watched for `meter_seconds`.
    """

    modes: tuple[str, ...] = ("standard", "historique")
    settle: float = 2.0
    pieces: int = 32
    piece_bytes: int = 1 << 20
    frames: int = 600
    paced: int = 40
    seconds: float = 60.0
    damaged: int = 100_000
    sound: int = 100_000
    stride: int = 1
    only: tuple[str, ...] = ()
    processes: int = os.cpu_count() or 1
    meters: tuple[int, ...] = (1, 10, 100)
    meter_seconds: float = 30.0

    def choose(self, groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """Return the groups of meters with those that are to be measured, without empty groups."""
        chosen = {
            group: tuple(name for name in names if not self.only or name in self.only)
            for group, names in groups.items()
        }
        return {group: names for group, names in chosen.items() if names}

    def spread(self, function: Callable[..., T], jobs: Sequence[tuple[Any, ...]]) -> list[T]:
        """Return what `function` makes of each job, in their order; with one process in this one."""
        if self.processes < 2:
            return list(starmap(function, jobs))
        with ProcessPoolExecutor(self.processes) as pool:
            return [future.result() for future in [pool.submit(function, *job) for job in jobs]]


FULL = Scale()
QUICK = Scale(
    pieces=3,
    piece_bytes=1 << 19,
    frames=100,
    paced=6,
    seconds=6.0,
    damaged=5_000,
    sound=10_000,
    stride=29,
    meters=(1, 10),
    meter_seconds=6.0,
)
