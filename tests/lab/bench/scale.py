"""The size of a run: a full one, a quick look, or the least that shows that it works."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """
    The sizes of a run.

    `modes` are what is measured where programs run, and `settle` the seconds before one looks at them.
    `pieces` of about a megabyte for each stream of the decoder; `frames` at full speed and `paced` frames at
    the line's speed for the latency; `seconds` of the line for the CPU.
    For the truth: `damaged` groups for each noise, `sound` groups of each meter on each line, every
    `stride`-th place of the walk. For the scale: a process with one meter, and with each count of `meters`,
    watched for `meter_seconds`. For the active power: the hours of all simulated households. For the page:
    the days of its history, and how often each view is requested.
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
    meters: tuple[int, ...] = (100, 200, 400)
    meter_seconds: float = 30.0
    household_hours: int = 528
    history_days: int = 3652
    history_requests: int = 9


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
    meters=(10, 20),
    meter_seconds=6.0,
    household_hours=66,
    history_requests=3,
)


def spread(function: Callable[..., T], jobs: Sequence[tuple[Any, ...]]) -> list[T]:
    """Return the results of `function` for each job, in their order; all processors work on them."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return [future.result() for future in [pool.submit(function, *job) for job in jobs]]
