"""Weeks of a simulated household, for pictures: the memory of the daemon, the energies of Home Assistant."""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from teleinfo.common.state_directory import file_name
from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.state.memory import encode
from teleinfo.state.prices import DatedPrices, Prices
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.moment import Moment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.homeassistant.household import Household

WEEKS: Final = dt.timedelta(weeks=7)
"""How long it was read: a whole month is in it."""
STEP: Final = dt.timedelta(minutes=2)
"""From one reading to the next: a pause of more than five minutes would make a day incomplete."""
GRAPH: Final = dt.timedelta(hours=25)
"""The past of which Home Assistant has states and statistics. In it a reading comes each `SHORT_STEP`."""
SHORT_STEP: Final = dt.timedelta(seconds=5)
"""The active power is known from the steps of the index, so that it needs many readings."""


class SimulatedPast:
    """What a meter has counted until `evening`, a naive local time; the `meter` goes on from there."""

    def __init__(self, name: str, evening: dt.datetime, prices: Prices | None = None) -> None:
        self.evening = evening
        begin = evening - WEEKS
        self.meter = build(name, start=begin, rng=random.Random(7))
        dated = None if prices is None else DatedPrices.undated(prices)
        self.tracker = StateTracker(topic="teleinfo", exclude=frozenset(), prices=dated)
        self.powers: list[tuple[float, int]] = []
        """Time of day, in seconds, and active power in W."""
        self.totals: dict[str, dict[int, int]] = {"import_total": {}, "export_total": {}}
        """The totals in Wh at the end of each hour, by the time of its begin in seconds."""
        decoder = Decoder()
        now = begin
        while now < evening:
            at = now.replace(tzinfo=PARIS)
            moment = Moment((now - begin).total_seconds(), at)
            for reading in decoder.feed(with_parity(encode_frame(self.meter.frame(now)))):
                self.tracker.update(reading, moment)
            is_noted = now > evening - GRAPH
            if is_noted and now.second == 0:
                self._note(at, moment)
            now += SHORT_STEP if is_noted else STEP

    def _note(self, at: dt.datetime, moment: Moment) -> None:
        state: dict[str, Any] = self.tracker.state(moment)
        power = state["power"].get("active")
        if power is not None:
            self.powers.append((at.timestamp(), power))
        hour = int(at.timestamp()) // 3600 * 3600
        for name, totals in self.totals.items():
            if state["energy"].get(name) is not None:
                totals[hour] = state["energy"][name]

    def remember(self, household: Household) -> None:
        """Give the daemon of a household, which does not run yet, the memory of this past, and its meter."""
        memory = self.tracker.memory()
        assert memory is not None
        household.daemon.state.mkdir(parents=True, exist_ok=True)
        path = household.daemon.state / f"{file_name('teleinfo')}.json"
        path.write_bytes(encode(memory))
        household.linky.meter = self.meter

    def statistics(self, name: str) -> list[dict[str, Any]]:
        """Return the statistics of each hour of a total, without the hour that has not ended."""
        totals = self.totals[name]
        first, *_, running = sorted(totals)
        return [
            {
                "start": dt.datetime.fromtimestamp(hour, PARIS).isoformat(),
                "state": total,
                "sum": total - totals[first],
            }
            for hour, total in sorted(totals.items())
            if hour != running
        ]


def add_states(database: Path, entity: str, states: list[tuple[float, int]]) -> None:
    """
    Add states of an entity to the database of a Home Assistant that does not run.

    It must have a state of the entity, whose attributes they share.
    """
    with sqlite3.connect(database) as base:
        query = (
            "SELECT metadata_id, attributes_id, min(last_updated_ts) FROM states "
            "WHERE metadata_id = (SELECT metadata_id FROM states_meta WHERE entity_id = ?) "
            "AND attributes_id IS NOT NULL"
        )
        metadata, attributes, first = base.execute(query, (entity,)).fetchone()
        base.executemany(
            "INSERT INTO states (state, last_updated_ts, metadata_id, attributes_id, origin_idx) "
            "VALUES (?, ?, ?, ?, 0)",
            [(str(state), time, metadata, attributes) for time, state in states if time < first],
        )
    base.close()
