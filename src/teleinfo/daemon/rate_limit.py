"""
Limit the rate of the published readings, if the settings ask for fewer than the meter sends.

A reading with news is published at once: a warning of overrun, a change of tariff, an alert of the meter.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from teleinfo.tic.labels import ALARMS, STATUS_REGISTER
from teleinfo.tic.registers import ALERT_BITS, status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.tic.reading import Reading

NEWS: Final = frozenset({"PTEC", "DEMAIN", "NTARF", "LTARF"})
"""Labels whose change is news; a change of the alerts in `STATUS_REGISTER` is news, too."""


class RateLimit:
    """Passes at most one reading every `interval` seconds, but news at once; 0 means no limit."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._published_at = -math.inf
        self._last_values: dict[str, str | int] = {}  # of the labels of news, by label
        self._was_alarmed = False

    def is_due(self, reading: Reading, *, now: float) -> bool:
        """Return True if `reading` is to be published at `now` (monotonic, seconds); remember that time."""
        if not self._interval:
            return True
        has_changed = self._has_changed(reading.values)
        # Each frame of an overrun is news, and so is the first frame after it.
        is_alarmed = not ALARMS.isdisjoint(reading.values)
        is_news = has_changed or is_alarmed or self._was_alarmed
        self._was_alarmed = is_alarmed
        if not is_news and now - self._published_at < self._interval:
            return False
        self._published_at = now
        return True

    def _has_changed(self, values: Mapping[str, str]) -> bool:
        """
        Return True if a value that is news differs from its last one; remember the values.

        A first value is no news. A missing étiquette is none either: it may have been damaged.
        """
        news: dict[str, str | int] = {label: values[label] for label in NEWS if label in values}
        if STATUS_REGISTER in values:
            register = status(values[STATUS_REGISTER]) or 0  # a damaged one has no alert
            news[STATUS_REGISTER] = register & ALERT_BITS
        has_changed = any(self._last_values.get(label, value) != value for label, value in news.items())
        self._last_values |= news
        return has_changed
