"""
The energy of one meter over time: the total of its import, and the mean powers of import and export.

Pure: times are arguments.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from teleinfo.state import fields
from teleinfo.state.import_total import ImportTotal
from teleinfo.state.mean_power import MeanPower

if TYPE_CHECKING:
    from datetime import datetime

    from teleinfo.state.fields import Values


class EnergyTracker:
    """
    Tracker of the indexes of one meter.

    `total` is None before the meter sent the indexes of its import. The total of an earlier run may be set.
    """

    def __init__(self) -> None:
        self.total: ImportTotal | None = None
        self._counted = -math.inf  # when the index of `total` was last read
        self._means: dict[str, tuple[str, MeanPower]] = {}

    def update(self, values: Values, *, now: float, at: datetime) -> None:
        """Update with the indexes of the monotonic time `now`, seconds, and of the time of day `at`."""
        if (imported := fields.import_total(values)) is not None:
            self._counted = now
            counter, index = imported
            if self.total is None:
                self.total = ImportTotal(counter, index, 0, at)
            else:
                subscribed = fields.subscribed_power(values)
                self.total = self.total.next(counter, index, at=at, subscribed=subscribed)
        for name, (counter, index) in _counters(values).items():
            if name not in self._means or self._means[name][0] != counter:
                self._means[name] = (counter, MeanPower())
            self._means[name][1].add(index, now=now)

    def is_fresh(self, now: float, *, stale_after: float) -> bool:
        """True if the index of `total` was read in the last `stale_after` seconds."""
        return now - self._counted <= stale_after

    def means(self, values: Values) -> dict[str, MeanPower]:
        """Return the mean powers whose index is among these values, by the name of their field."""
        return {name: self._means[name][1] for name in _counters(values)}


def _counters(values: Values) -> dict[str, tuple[str, int]]:
    """Return the index behind each mean power: its étiquettes, and its reading in Wh."""
    imported, exported = fields.import_total(values), fields.number(values, "EAIT")
    found = {} if imported is None else {"mean": imported}
    return found if exported is None else found | {"injected_mean": ("EAIT", exported)}
