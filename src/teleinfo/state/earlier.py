"""
What an earlier run knew of a meter, as the retained state says it: its total, and when its alerts began.

Anybody can have published that message: what cannot be true of it is left out. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from teleinfo.state import import_total

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.state.fields import Json
    from teleinfo.state.import_total import ImportTotal


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """
    What was known of the meter `scope` at the time of day `at`.

    `alerts_since` has the active alerts, each with when it began, ISO 8601.
    """

    scope: str
    at: datetime
    total: ImportTotal | None
    alerts_since: dict[str, str]

    def is_recent(self, at: datetime, *, stale_after: float) -> bool:
        """Return whether that was at most `stale_after` seconds before the time `at`."""
        return timedelta() <= at - self.at <= timedelta(seconds=stale_after)


def earlier_run(state: Mapping[str, Json]) -> EarlierRun | None:
    """Return what `state` says, None where it lacks the meter or the time."""
    meter, at = state.get("meter"), _moment(state.get("time"))
    scope = meter.get("id") if isinstance(meter, dict) else None
    if at is None or not isinstance(scope, str):
        return None
    return EarlierRun(scope, at, _total(state.get("energy"), at), _alerts_since(state.get("alerts"), at))


def _total(energy: Json, at: datetime) -> ImportTotal | None:
    counter = energy.get("import_counter") if isinstance(energy, dict) else None
    if not isinstance(energy, dict) or not isinstance(counter, str):
        return None
    return import_total.restored(counter, energy.get("import_index"), energy.get("import_offset"), at=at)


def _alerts_since(alerts: Json, at: datetime) -> dict[str, str]:
    found = {}
    for name, alert in alerts.items() if isinstance(alerts, dict) else ():
        since = _moment(alert.get("since")) if isinstance(alert, dict) else None
        if since is not None and since <= at:
            found[name] = since.isoformat("T", "seconds")
    return found


def _moment(time: Json) -> datetime | None:
    """Return a time of ISO 8601 with its offset, None for anything else."""
    try:
        moment = datetime.fromisoformat(time) if isinstance(time, str) else None
    except ValueError:
        return None
    return None if moment is None or moment.tzinfo is None else moment
