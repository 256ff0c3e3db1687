"""Readings that are made by hand, judged as the decoder judges those of the line."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from teleinfo.state.prices import DatedPrices, Prices
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.judge import Judge
from teleinfo.vocabulary.moment import Moment

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading


class JudgedTracker(StateTracker):
    """A tracker that judges each reading before it notes it."""

    def __init__(
        self,
        *,
        topic: str = "teleinfo",
        exclude: frozenset[str] = frozenset(),
        prices: Prices | DatedPrices | None = None,
    ) -> None:
        dated = DatedPrices.undated(prices) if isinstance(prices, Prices) else prices
        super().__init__(topic=topic, exclude=exclude, prices=dated)
        self._judge = Judge()

    def update(self, reading: Reading, now: Moment) -> bool:
        """Judge a reading, and note it."""
        self._judge.judge(reading)
        return super().update(reading, now)


def moment(monotonic: float, time: str = "2026-01-14T12:02:28+01:00") -> Moment:
    """Return a moment; `time` is its time of day in ISO 8601."""
    return Moment(monotonic, datetime.fromisoformat(time))
