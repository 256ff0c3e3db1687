"""
Publish the decoded state on one topic and, if asked for, each field on a topic of its own; publish events.

A state is published at most once in `interval` seconds; a change of an alert, a tariff period or a colour is
published at once.

Nothing is published before the memory of an earlier run was read and the meter is known.
Then the total continues from the memory, and the topics of another meter or of missing fields are cleared.
"""

from __future__ import annotations

import logging
import math
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from teleinfo.common.clock import is_synchronized
from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_, _, in_words, use_language
from teleinfo.state.declaration import FIELDS
from teleinfo.state.facts import STALE_AFTER
from teleinfo.state.field_entry import ANY_LABEL, FieldPath
from teleinfo.state.meter_clock import TOLERANCE
from teleinfo.state.tracker import StateTracker, encode
from teleinfo.tic.labels import Mode, lookup
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from teleinfo.mqtt.outbox import Outbox
    from teleinfo.state.fields import Json
    from teleinfo.state.memory import Memory
    from teleinfo.tic.reading import Reading
    from teleinfo.vocabulary.moment import Moment

log = logging.getLogger(__name__)

_NOTHING_KNOWN: Final[dict[str, Json]] = {"time": None, "meter": {"id": None}}
"""The state while no meter is known."""

_AHEAD = N_("the clock of the meter is %s ahead of the clock of this machine: see which of them is wrong")
_BEHIND = N_("the clock of the meter is %s behind the clock of this machine: see which of them is wrong")

_WAS_AHEAD = N_(
    "the clock of this machine was %s ahead and was set back: the days and months go on as before"
)

_EARLIER: Final = b"\0"
"""Placeholder for a payload of an earlier run, which is unknown; it equals no real payload."""


@dataclass(eq=False)
class StatePublisher:
    """
    Publishes the state of `tracker` on `topic`; with `fields`, also each field on a topic below it.

    What the fields mean is published on `meta_topic`, anew when the meter has shown another one.
    Words are in `language`, times monotonic, in seconds. The payload of a field is plain: a number, a text,
    `true` or `false`; a list is JSON. The payload of an unknown field is empty, which also removes the
    retained payload from the broker. `bands` has the least changes of numbers on their topics, by path: a
    smaller one is not published. `on_state` is called with each published state and its time, and `on_event`
    with the payload of an event.
    """

    tracker: StateTracker
    retained: Outbox
    _: KW_ONLY
    topic: str
    meta_topic: str
    language: Language
    interval: float
    fields: bool
    bands: Mapping[str, float]
    on_state: Callable[[dict[str, Json], Moment], None]
    on_event: Callable[[bytes], None]

    def __post_init__(self) -> None:
        self._clock_log = ClockLog()
        self._is_ready = False
        self._silent_since: float | None = None
        self._meter = ""  # the scope of the last state; empty: none yet
        self._first = self._published = -math.inf
        self._unpriced: set[str] = set()  # the keys of the indexes whose missing price was logged
        self._at_broker: dict[str, bytes] = {}  # the payload of each field, by its path
        self._bands = {path.replace(".", "/"): band for path, band in self.bands.items()}
        self._described: object = None  # what `meta` describes
        self.latest: dict[str, Json] = {}  # the last state that was published

    def restore(self, memory: Memory | None) -> None:
        """Continue from the memory of an earlier run, if there is any. Before this, nothing is published."""
        self._is_ready = True
        if memory is not None:
            self._meter = memory.meter
            self.tracker.restore(memory)
            self._at_broker = dict.fromkeys(memory.fields, _EARLIER)

    def memory(self, announced: frozenset[str] = frozenset()) -> Memory | None:
        """Return the memory to keep for the next run; None before the meter is known."""
        memory = self.tracker.memory()
        if memory is None:
            return None
        fields = {path for path, payload in self._at_broker.items() if payload}
        # A field that is to be cleared stays until the broker has the empty message.
        fields |= {path for path in self._at_broker if not self.retained.is_settled(f"{self.topic}/{path}")}
        return replace(memory, fields=frozenset(fields), announced=announced)

    def update(self, reading: Reading, now: Moment, *, urgent: bool = False) -> None:
        """Take a reading into account; publish the state if it is due, an `urgent` one at once."""
        is_news = self.tracker.update(reading, now)
        ahead = self.tracker.take_clock_was_ahead()
        if ahead is not None:
            log.warning(_WAS_AHEAD, duration(ahead.total_seconds()))
        self._publish_events()
        is_due = now.monotonic - self._published >= self.interval
        if urgent or is_news or is_due:
            self._publish(now)

    def check(self, now: Moment) -> None:
        """Publish the state if it is due. Call this once a second: values become too old."""
        if self._silent_since is None:
            self._silent_since = now.monotonic
        if self._published > -math.inf:
            if now.monotonic - self._published >= self.interval:
                self._publish(now)
        elif self._meter and now.monotonic - self._silent_since >= STALE_AFTER:
            # The meter is silent: the values of an earlier run are too old, and nothing is known.
            self._silent_since = math.inf
            self.publish_nothing(now)

    def publish_nothing(self, now: Moment) -> None:
        """Publish that nothing is known, in place of what an earlier run left."""
        self.retained.set(self.topic, encode(_NOTHING_KNOWN))
        self.on_state(_NOTHING_KNOWN, now)
        for path in self._at_broker:
            self.retained.set(f"{self.topic}/{path}", b"")

    def silence(self, now: Moment) -> None:
        """Note that the meter is silent."""
        self.tracker.silence(now)
        self._publish_events()

    def _publish_events(self) -> None:
        events = self.tracker.take_events() if self._is_ready else []
        for event in events:
            with use_language(self.language):
                self.on_event(encode(in_words(event)))

    def _publish(self, now: Moment) -> None:
        """Publish the state, unless the memory was not read or the meter is unknown."""
        if not self._is_ready or not self.tracker.is_known:
            return
        with use_language(self.language):
            state: dict[str, Any] = in_words(self.tracker.state(now))
        self.latest = state
        if self._published == -math.inf:
            self._first = now.monotonic
        self._published = now.monotonic
        for key in self.tracker.unpriced - self._unpriced:
            log.warning("there is no price for the index %s: the cost is unknown", key)
        self._unpriced |= self.tracker.unpriced
        self._clock_log.note(state["meter"].get("clock_offset"))
        self.retained.set(self.topic, encode(state))
        self.on_state(state, now)
        former, self._meter = self._meter, self.tracker.meter.scope
        fields = plain(state) if self.fields else {}
        # The first frames may lack fields that the meter has.
        is_replaced = former not in {"", self._meter}
        is_complete = not self.fields or is_replaced or now.monotonic - self._first >= STALE_AFTER
        for path, payload in self._at_broker.items():
            if is_complete or payload != _EARLIER:
                fields.setdefault(path, b"")
        for path, payload in fields.items():
            if not _is_near(payload, self._at_broker.get(path), self._bands.get(path, 0.0)):
                self._at_broker[path] = payload
                self.retained.set(f"{self.topic}/{path}", payload)
        known = self.tracker.known
        if known is not None and known != self._described:
            self._described = known
            self.retained.set(self.meta_topic, meta(*known))


def meta(mode: Mode, keys: Iterable[str], paths: Collection[FieldPath]) -> bytes:
    """
    Return kind, unit and meaning, in each language, of these étiquettes and of the fields at these paths.

    A unit is null where there is none. Étiquettes outside the table are left out.
    """
    sections = {path[0] for path in paths}
    fields: dict[str, Json] = {}
    for field in FIELDS:
        if field.parts in paths or (ANY_LABEL in field.parts and field.parts[0] in sections):
            fields[field.path] = _entry(field.type.value, field.unit, field.meaning or field.title())
    labels: dict[str, Json] = {}
    for key in sorted(keys):
        if (label := lookup(mode, key)) is not None:
            labels[key] = _entry(label.kind.value, label.unit, label.title)
    return encode({"fields": fields, "labels": labels})


def _entry(kind: str, unit: str | None, meaning: str) -> Json:
    entry: dict[str, Json] = {"kind": kind, "unit": unit or None}
    for language in Language:
        with use_language(language):
            entry[language] = _(meaning)
    return entry


def plain(state: dict[str, Json], path: str = "") -> dict[str, bytes]:
    """Return the payload of each field by its path below the topic, `power/apparent_net`."""
    found: dict[str, bytes] = {}
    for name, value in state.items():
        here = f"{path}{name.replace('+', '_')}"  # NJOURF+1: no topic may hold a plus sign
        if isinstance(value, dict):
            found |= plain(value, f"{here}/")
        else:
            found[here] = (value or "").encode() if isinstance(value, str | None) else encode(value)
    return found


def _is_near(payload: bytes, last: bytes | None, band: float) -> bool:
    """True if the payloads are equal, or numbers that differ by less than `band`."""
    if not band or not payload or last is None or last in {b"", _EARLIER}:
        return payload == last
    return abs(float(payload) - float(last)) < band


class ClockLog:
    """The lines of the log about the clock of one meter."""

    def __init__(self) -> None:
        self._is_logged = False

    def note(self, offset: int | None) -> None:
        """
        Log an offset, in seconds, that begins or ends to be too large; None: it is unknown.

        Nothing is logged as long as the clock of the machine is known not to be set. An offset ends at half
        of the tolerance, so that an offset about the tolerance is not logged again and again.
        """
        if offset is None:
            return
        if not self._is_logged and abs(offset) > TOLERANCE and is_synchronized() is not False:
            self._is_logged = True
            log.warning(_AHEAD if offset > 0 else _BEHIND, duration(abs(offset)))
        elif self._is_logged and abs(offset) <= TOLERANCE // 2:
            self._is_logged = False
            log.info("the clock of the meter agrees with the clock of this machine again")
