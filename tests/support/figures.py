"""
The times and sizes that the tests measure, in a table at the end of the run.

`--repeat N` runs each test that measures something N times, so that the table has a median and a worst.
"""

from __future__ import annotations

import statistics
import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figure:
    """What was measured of one promise: `at_most` is the promise, in `unit`."""

    what: str
    at_most: float
    unit: str
    values: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        middle, worst = statistics.median(self.values), max(self.values)
        return (
            f"{self.what:<66} {len(self.values):>3} × median {middle:7.2f}  worst {worst:7.2f}"
            f"  promised {self.at_most:g} {self.unit}"
        )


class Figures:
    """Collects what all tests of a run have measured."""

    def __init__(self) -> None:
        self._figures: dict[str, Figure] = {}
        self._lock = threading.Lock()

    def kept(self, what: str, measured: float, *, at_most: float, unit: str = "s") -> None:
        """Take note of a figure, then fail if it breaks its promise."""
        with self._lock:
            self._figures.setdefault(what, Figure(what, at_most, unit)).values.append(measured)
        assert measured <= at_most, f"{what}: {measured:.2f} {unit}, promised {at_most:g}"

    def lines(self) -> list[str]:
        """Return the table."""
        return [str(figure) for figure in self._figures.values()]
