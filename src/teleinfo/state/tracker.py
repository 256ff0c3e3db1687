"""
Follow one meter: readings in, its decoded state and events out, whatever its mode.

Pure: the moment of each reading is an argument. `facts` accumulates what the readings show, `snapshot` is
the meter at one moment, `restart` continues through a restart of the program. A value that was not renewed
for `STALE_AFTER` seconds is null; a field that the meter never had is absent.

`teleinfo.tic.judge` decides to which meter, mode and contract a reading belongs. After a change of mode or
contract, the fields that the new mode or contract lacks stay for `STALE_AFTER` seconds, but not the indexes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from teleinfo.state import fields, labels, restart
from teleinfo.state.declaration import FIELDS
from teleinfo.state.device import Device, device_of
from teleinfo.state.events import EventFinder
from teleinfo.state.facts import STALE_AFTER, ContractFacts, MeterFacts
from teleinfo.state.field_entry import FieldPath, message, read
from teleinfo.state.snapshot import Snapshot
from teleinfo.tic.labels import METER_NUMBERS, Mode
from teleinfo.tic.reading import HORODATE_SUFFIX, belief_of, documented, is_left_out, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from teleinfo.state.fields import Json, Values
    from teleinfo.state.memory import Memory
    from teleinfo.state.prices import DatedPrices
    from teleinfo.tic.reading import Belief, Reading
    from teleinfo.vocabulary.moment import Moment


class StateTracker:
    """
    The state of the meter whose readings it receives.

    Étiquettes in `exclude` have no field. `topic` is the base topic: see `device_of`. Without `prices` there
    is no cost.
    """

    def __init__(self, *, topic: str, exclude: frozenset[str], prices: DatedPrices | None = None) -> None:
        self._topic = topic
        self.exclude = exclude
        self._prices = prices
        self._private = not exclude.isdisjoint(METER_NUMBERS)
        self._belief: Belief | None = None
        self._facts: MeterFacts | None = None
        self._shown = _ShownFields()
        self._news: tuple[object, ...] = ()
        self._earlier: Memory | None = None
        self._finder = EventFinder(topic=topic, private=self._private)
        self._events: list[dict[str, Json]] = []
        self.is_known = False
        """True once the meter is identified; nothing about it may be published before."""

    @property
    def meter(self) -> Device:
        """The meter that is followed."""
        number = None if self._belief is None else self._belief.number
        return device_of(number, topic=self._topic, private=self._private)

    @property
    def shown(self) -> tuple[Mode, frozenset[str], tuple[FieldPath, ...]] | None:
        """The mode, the étiquettes that came twice, and the paths of the fields that the meter has shown."""
        belief = self._belief
        if belief is None:
            return None
        return belief.mode, belief.confirmed, tuple(self._shown.known)

    def take_clock_was_ahead(self) -> timedelta | None:
        """Return the time by which the clock of the machine was set back since the last call, if it was."""
        if self._facts is None:
            return None
        ahead = self._facts.clock_was_ahead
        self._facts.clock_was_ahead = None
        return ahead

    @property
    def unpriced(self) -> set[str]:
        """The keys of the indexes that counted energy this month, and that have no price."""
        facts = self._facts
        if facts is None or facts.daily is None or facts.priced is None:
            return set()
        return facts.daily.this_month.unpriced(facts.priced)

    @property
    def prices(self) -> DatedPrices | None:
        """The prices of the household, which may change at any time; None if it has none."""
        return self._prices

    @prices.setter
    def prices(self, prices: DatedPrices | None) -> None:
        self._prices = prices
        if self._facts is not None:
            self._facts.prices = prices

    def restore(self, memory: Memory) -> None:
        """
        Continue the memory of an earlier run.

        This takes effect at the first reading after which the meter is known, if it is the remembered meter.
        """
        self._earlier = memory
        self._finder.restore(memory.meter, memory.heard, memory.situation, memory.spans)
        self._events = []
        self.is_known = False

    def memory(self) -> Memory | None:
        """Return the memory for the next run, without what was published; None without a meter."""
        if self.is_known and self._facts is not None:
            return restart.remember(self._facts, self._finder)
        if self._earlier is None:
            return None
        # A silence may have begun since the start.
        return replace(self._earlier, situation=self._finder.situation, spans=self._finder.spans)

    def silence(self, now: Moment) -> None:
        """Note that the meter is silent."""
        self._events += self._finder.silence(now)

    def take_events(self) -> list[dict[str, Json]]:
        """Return the messages of the events since the last call."""
        events = self._events
        self._events = []
        return events

    def update(self, reading: Reading, now: Moment) -> bool:
        """
        Update the state with a reading that came at `now`.

        Return True if an alert, the tariff or a colour changed: publish such a state at once.
        """
        belief = belief_of(reading)
        if belief is None or belief.is_foreign:
            return False
        facts = self._follow(belief, now)
        facts.add(self._texts(facts, texts_of(reading)), belief, now)
        earlier = self._earlier
        if earlier is not None and restart.contradicts(earlier, facts):
            is_proven = belief.is_certain  # it takes more frames to believe what the memory contradicts
        else:
            is_proven = belief.is_known
        self.is_known = self.is_known or is_proven
        if self.is_known and earlier is not None:
            restart.resume(earlier, facts)
            self._earlier = None
        facts.measure()
        facts.count()
        snapshot = Snapshot(facts, facts.contract.texts, now)
        facts.note_alerts(snapshot.alerts)
        if self.is_known:
            self._events += self._finder.find(snapshot)
        news_before = self._news
        self._news = snapshot.news
        return self._news != news_before

    def _texts(self, facts: MeterFacts, values: Values) -> Values:
        """Return the texts of a reading by the names that `_names` gives to its keys."""
        overseas = facts.device.identity.overseas
        key_by_name = _names(facts.contract.mode, tuple(values), self.exclude, overseas=overseas)
        if key_by_name.keys() == values.keys():
            return values  # no key has another spelling, and none is left out
        return {name: values[key] for name, key in key_by_name.items()}

    def _follow(self, belief: Belief, now: Moment) -> MeterFacts:
        """Return the facts about the meter that sent a reading; those of a new meter or contract begin."""
        last = self._belief
        self._belief = belief  # of which `meter` is read
        facts = self._facts
        if last is None or facts is None or belief.meter != last.meter:
            daily = None if facts is None else facts.daily  # a household has one bill for both meters
            facts = MeterFacts(self.meter, belief.mode, now, prices=self._prices, daily=daily)
            self._facts = facts
            self._shown = _ShownFields()
            self._news = ()
        elif belief.mode is not last.mode or last.contract not in (None, belief.contract):
            fields_before = self._message_fields(facts, facts.heard)
            self._shown = _ShownFields(fields_before, facts.heard.monotonic)
            facts.contract = ContractFacts(belief.mode)
        facts.device = self.meter
        return facts

    def state(self, now: Moment) -> dict[str, Json]:
        """Return the state at `now`; empty before the first reading."""
        if self._facts is None:
            return {}
        return message(self._message_fields(self._facts, now), {})

    def fields_of(self, keys: Iterable[str], now: Moment) -> dict[FieldPath, Json]:
        """Return the fields, by path, that are read from these keys of the readings."""
        if self._facts is None:
            return {}
        names = self._texts(self._facts, dict.fromkeys(keys, ""))  # only their names count here
        fresh = self._facts.contract.fresh(now)
        values = {name: text for name, text in fresh.items() if name in names}
        return self._fields(self._facts, values, now)

    def _message_fields(self, facts: MeterFacts, now: Moment) -> dict[FieldPath, Json]:
        """Return the fields of the message at `now`, by path."""
        current = self._fields(facts, facts.contract.fresh(now), now)
        return self._shown.update(current, now)

    def _fields(self, facts: MeterFacts, values: Values, now: Moment) -> dict[FieldPath, Json]:
        """Return the fields that these texts give, by path; an étiquette without a field is a label."""
        state = read(Snapshot(facts, values, now), FIELDS)
        values_by_label = labels.values_of(facts.contract.mode, values, private=self._private)
        if facts.device.identity.linky:
            values_by_label.pop(fields.PMAX, None)  # in `max_power.yesterday.imported.value`
        for label, value in values_by_label.items():
            state["labels", label] = value
        return state


@lru_cache(maxsize=64)
def _names(mode: Mode, keys: tuple[str, ...], exclude: frozenset[str], *, overseas: bool) -> dict[str, str]:
    """
    Return the keys of a reading by their spelling in the documents, without excluded étiquettes.

    The horodates of a meter of the overseas islands are left out: their offset is unknown. Do not change the
    result: it is kept.
    """
    names = {}
    for key in keys:
        if is_left_out(mode, key, exclude):
            continue
        name = documented(mode, key)
        if overseas and name.endswith(HORODATE_SUFFIX):
            continue
        names[name] = key
    return names


class _ShownFields:
    """
    The fields of the message, by path: those that the meter has shown with its contract.

    The fields `before` a change of mode or contract, at the monotonic time `changed`, stay until they are
    stale; but the indexes count no more, and end at once. `known` are the paths of those shown since, in
    order.
    """

    def __init__(self, before: Mapping[FieldPath, Json] | None = None, changed: float = 0.0) -> None:
        self._before: dict[FieldPath, Json] = {}
        if before is not None:
            self._before = {path: value for path, value in before.items() if not _is_of_index(path)}
        self._before_until = changed + STALE_AFTER
        self.known: dict[FieldPath, None] = {}

    def update(self, current: Mapping[FieldPath, Json], now: Moment) -> dict[FieldPath, Json]:
        """Return the fields of the message; one that is known and not `current` is null."""
        self.known |= dict.fromkeys(current)
        shown: dict[FieldPath, Json] = {}
        if now.monotonic <= self._before_until:
            shown |= self._before
        for path in self.known:
            shown[path] = current.get(path)
        return shown


def _is_of_index(path: FieldPath) -> bool:
    """True for the path of a field of an index of the supplier."""
    return path[:2] == ("energy", "indexes")


def encode(state: Json) -> bytes:
    """Return the state, or a part of it, as the payload of a message."""
    return json.dumps(state, separators=(",", ":"), ensure_ascii=False).encode()
