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
    from teleinfo.tic.reading import Reading

NEWS: Final = frozenset({"PTEC", "DEMAIN", "NTARF", "LTARF"})
"""Labels whose change is news; a change of the alerts in `STATUS_REGISTER` is news, too."""


class RateLimit:
    """Passes at most one reading every `interval` seconds, but news at once; 0 means no limit."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._published = -math.inf
        self._known: dict[str, str | int] = {}
        self._alarmed = False

    def is_due(self, reading: Reading, *, now: float) -> bool:
        """Return True if `reading` is to be published at `now` (monotonic, seconds); remember that time."""
        if not self._interval:
            return True
        values = reading.values
        # A missing étiquette is no news: it may have been damaged.
        state: dict[str, str | int] = {label: values[label] for label in NEWS if label in values}
        if STATUS_REGISTER in values:
            state[STATUS_REGISTER] = (status(values[STATUS_REGISTER]) or 0) & ALERT_BITS
        changed = any(self._known.get(label, value) != value for label, value in state.items())
        self._known |= state
        # Each frame of an overrun is news, and so is the first frame after it.
        was_alarmed, self._alarmed = self._alarmed, any(label in values for label in ALARMS)
        is_due = changed or was_alarmed or self._alarmed or now - self._published >= self._interval
        if is_due:
            self._published = now
        return is_due
