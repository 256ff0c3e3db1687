"""Weeks of a simulated meter in a time-lapse: the predicted changes of tariff, and those that come."""

from __future__ import annotations

import datetime as dt
import json
import random
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from teleinfo.simulator.historique import Historique
from teleinfo.simulator.meter import MeterModel
from teleinfo.simulator.metrology import Metrology
from teleinfo.simulator.standard import Standard
from teleinfo.state.declaration import FIELDS
from teleinfo.state.field_entry import read
from teleinfo.state.memory import encode, from_json
from teleinfo.state.snapshot import Snapshot
from teleinfo.tic.horodate import PARIS
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading, build_reading
from tests.support.judged import JudgedTracker, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teleinfo.simulator.tariff import SimulatedContract

NEXT = [declared for declared in FIELDS if declared.path.startswith("tariff.next.")]
FINE = 20
COARSE = 900
NEAR = 60
"""Seconds between two frames near a change of tariff, and at any other time; how near that is."""


class Instants(Metrology):
    """Measurements that stay the same: only the clock of the meter goes on, or back an hour in October."""

    def advance(self, now: dt.datetime) -> None:
        """Set the clock."""
        self.now = now


@dataclass
class Outcome:
    """What was predicted of the next change of tariff, by the instant of the frame, and what came."""

    predicted: dict[float, dict[str, Any]] = field(default_factory=dict)
    changes: list[tuple[float, str]] = field(default_factory=list)

    def _next_change(self, instant: float) -> tuple[float, str]:
        """Return the instant and the period of the first change after an instant."""
        instants = [at for at, _period in self.changes]
        return self.changes[bisect_right(instants, instant)]

    @property
    def wrong(self) -> list[str]:
        """The predictions that did not come true, each with the time at which it was made."""
        wrong = []
        for at, predicted in self.predicted.items():
            time = predicted.get("time")
            code = predicted.get("code")
            if not time:
                continue
            due, period = self._next_change(at)
            is_time_right = dt.datetime.fromisoformat(time).timestamp() == due
            is_code_right = code in {period, None}
            if not is_time_right or not is_code_right:
                wrong.append(f"{local(at)}: {time} {code}, but {local(due)} {period}")
        return wrong

    @property
    def times(self) -> list[dt.datetime]:
        """The times of the changes between the first frame and the last."""
        first = min(self.predicted)
        last = max(self.predicted)
        return [local(at) for at, _period in self.changes if first < at <= last]

    @property
    def right(self) -> set[str]:
        """The changes that were predicted."""
        return {found["time"] for found in self.predicted.values() if found.get("time")}

    def is_known(self, at: dt.datetime) -> bool:
        """Return True if the next change is known in the first frame after the naive local time."""
        first = min(instant for instant in self.predicted if instant >= at.replace(tzinfo=PARIS).timestamp())
        return bool(self.predicted[first].get("time"))


def local(instant: float) -> dt.datetime:
    """Return an instant in the time of Paris."""
    return dt.datetime.fromtimestamp(instant, PARIS)


def naive(instant: float) -> dt.datetime:
    """Return what a clock on the wall shows."""
    return local(instant).replace(tzinfo=None)


def moved(before: SimulatedContract, after: SimulatedContract, at: dt.datetime) -> SimulatedContract:
    """Return a contract whose hours move at a naive local time; its profile stays the former one."""
    return replace(before, period=lambda now: (before if now < at else after).period(now))


def _instants(start: float, end: float, changes: list[float]) -> Iterator[float]:
    """Yield the instant of each frame: `FINE` seconds apart near one of the `changes`, else `COARSE`."""
    instant = start
    while instant < end:
        yield instant
        # The first change that is not over for longer than `NEAR`.
        place = bisect_right(changes, instant - NEAR)
        until_near: float = COARSE
        if place < len(changes):
            until_near = changes[place] - NEAR - instant
        instant += min(COARSE, max(FINE, until_near))


def _restarted(tracker: JudgedTracker) -> JudgedTracker:
    """Return the tracker of a new process, which has read the memory of the one before."""
    memory = tracker.memory()
    restarted = JudgedTracker()
    if memory is None:
        return restarted
    remembered = from_json(json.loads(encode(memory)))
    if remembered is not None:
        restarted.restore(remembered)
    return restarted


def run(
    contract: SimulatedContract,
    start: dt.datetime,
    days: int,
    *,
    mode: Mode = Mode.HISTORIQUE,
    power_cut: Callable[[dt.datetime], bool] = lambda _: False,
    our_clock: Callable[[float], float] = lambda instant: instant,
    wall: Callable[[float], dt.datetime] = naive,
    edit: Callable[[dt.datetime, dict[str, str]], dict[str, str]] = lambda _, values: values,
) -> Outcome:
    """
    Follow a meter for some days from a naive local time.

    At a `power_cut` the daemon is off; it then begins anew with its memory. `our_clock` shows the time of day
    of an instant, `wall` that of the meter. `edit` changes the texts of a frame.
    """
    first = start.replace(tzinfo=PARIS).timestamp()
    end = first + days * 86400
    # Three days more: the last prediction, too, is of a change that is known.
    minutes = [first + 60 * n for n in range((days + 3) * 1440)]
    periods = [contract.period(wall(minute)).ptec.rstrip(".") for minute in minutes]
    outcome = Outcome()
    for minute, (before, after) in zip(minutes[1:], pairwise(periods), strict=True):
        if before != after:
            outcome.changes.append((minute, after))
    model = MeterModel(contract, mode)
    metrology = Instants(
        start=start, load_profile=lambda _: (500.0,), contract=contract, phases=1, rng=random.Random(1)
    )
    form = Standard if mode is Mode.STANDARD else Historique
    meter = form(model, metrology)
    tracker = JudgedTracker()
    was_off = False
    for instant in _instants(first + FINE / 2, end, [at for at, _period in outcome.changes]):
        now = local(instant)
        if power_cut(now):
            was_off = True
            continue
        if was_off:
            was_off = False
            tracker = _restarted(tracker)
        built = build_reading(meter.frame(wall(instant)))
        assert built is not None
        reading = Reading(mode, edit(now, dict(built.values)))
        clock = local(our_clock(instant)).isoformat("T", "seconds")
        tracker.update(reading, moment(instant, clock))
        assert tracker._facts is not None
        now_known = Snapshot(tracker._facts, tracker._facts.contract.texts, moment(instant))
        outcome.predicted[instant] = {path[-1]: value for path, value in read(now_known, NEXT).items()}
    return outcome
