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

from teleinfo.common.i18n import in_words, use_language
from teleinfo.daemon.clock_log import ClockLog
from teleinfo.daemon.field_topics import FieldTopics
from teleinfo.daemon.meta_topic import MetaTopic
from teleinfo.state.facts import STALE_AFTER
from teleinfo.state.tracker import StateTracker, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from teleinfo.mqtt.outbox import Outbox
    from teleinfo.state.fields import Json
    from teleinfo.state.memory import Memory
    from teleinfo.tic.reading import Reading
    from teleinfo.vocabulary.moment import Moment
    from teleinfo.vocabulary.words import Language

log = logging.getLogger(__name__)

_NOTHING_KNOWN: Final[dict[str, Json]] = {"time": None, "meter": {"id": None}}
"""The state while no meter is known."""


@dataclass(eq=False)
class StatePublisher:
    """
    Publishes the state of `tracker` on `topic`; with `fields`, also each field on a topic below it.

    `bands` are those of `FieldTopics`. What the fields mean is published on `meta_topic`. Words are in
    `language`; times are monotonic, in seconds. `on_state` is called with each published state and its time,
    and `on_event` with the payload of an event.
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
        self._field_topics = FieldTopics(self.topic, self.retained, bands=self.bands)
        self._meta = MetaTopic(self.meta_topic, self.retained)
        self._clock_log = ClockLog()
        self._is_ready = False
        self._silent_since: float | None = None
        self._meter = ""  # the scope of the last state; empty: none yet
        self._first = -math.inf  # when the first state was published
        self._published = -math.inf  # when the last one was
        self._unpriced: set[str] = set()  # the keys of the indexes whose missing price was logged
        self.latest: dict[str, Json] = {}  # the last state that was published

    def restore(self, memory: Memory | None) -> None:
        """Continue from the memory of an earlier run, if there is any. Before this, nothing is published."""
        self._is_ready = True
        if memory is not None:
            self._meter = memory.meter
            self.tracker.restore(memory)
            self._field_topics.restore(memory.fields)

    def memory(self, announced: frozenset[str] = frozenset()) -> Memory | None:
        """Return the memory to keep for the next run; None before the meter is known."""
        memory = self.tracker.memory()
        if memory is None:
            return None
        return replace(memory, fields=self._field_topics.paths(), announced=announced)

    def update(self, reading: Reading, now: Moment, *, urgent: bool = False) -> None:
        """Take a reading into account; publish the state if it is due, an `urgent` one at once."""
        is_news = self.tracker.update(reading, now)
        ahead = self.tracker.take_clock_was_ahead()
        if ahead is not None:
            self._clock_log.note_set_back(ahead)
        self._publish_events()
        is_due = now.monotonic - self._published >= self.interval
        if urgent or is_news or is_due:
            self._publish(now)

    def check(self, now: Moment) -> None:
        """Publish the state if it is due. Call this once a second: values become too old."""
        if self._published > -math.inf:
            if now.monotonic - self._published >= self.interval:
                self._publish(now)
            return
        # No state was published in this run, but an earlier run may have left one.
        if self._silent_since is None:
            self._silent_since = now.monotonic
        if self._meter and now.monotonic - self._silent_since >= STALE_AFTER:
            # The values of the earlier run are too old, and nothing is known.
            self._silent_since = math.inf  # once
            self.publish_nothing(now)

    def publish_nothing(self, now: Moment) -> None:
        """Publish that nothing is known, in place of what an earlier run left."""
        self.retained.set(self.topic, encode(_NOTHING_KNOWN))
        self.on_state(_NOTHING_KNOWN, now)
        self._field_topics.clear()

    def silence(self, now: Moment) -> None:
        """Note that the meter is silent."""
        self.tracker.silence(now)
        self._publish_events()

    def _publish_events(self) -> None:
        """Publish the events that the tracker has; before the memory was read they wait in it."""
        if not self._is_ready:
            return
        for event in self.tracker.take_events():
            with use_language(self.language):
                self.on_event(encode(in_words(event)))

    def _publish(self, now: Moment) -> None:
        """Publish the state, unless the memory was not read or the meter is unknown."""
        if not self._is_ready or not self.tracker.is_known:
            return
        with use_language(self.language):
            state: dict[str, Any] = in_words(self.tracker.state(now))
        self.latest = state
        has_published = self._published > -math.inf
        if not has_published:
            self._first = now.monotonic
        self._published = now.monotonic
        self._note_unpriced()
        self._clock_log.note_offset(state["meter"].get("clock_offset"))
        self.retained.set(self.topic, encode(state))
        self.on_state(state, now)
        self._publish_fields(state, now)
        shown = self.tracker.shown
        if shown is not None:
            mode, etiquettes, paths = shown
            self._meta.describe(mode, etiquettes, paths)

    def _publish_fields(self, state: dict[str, Json], now: Moment) -> None:
        """Publish each field on its topic, or clear the topics if they are not asked for."""
        former_meter = self._meter
        self._meter = self.tracker.meter.scope
        if not self.fields:
            # An earlier run may have published them.
            self._field_topics.publish({}, is_complete=True)
            return
        is_replaced = former_meter not in {"", self._meter}
        # The first frames may lack fields that the meter has.
        is_complete = is_replaced or now.monotonic - self._first >= STALE_AFTER
        self._field_topics.publish(state, is_complete=is_complete)

    def _note_unpriced(self) -> None:
        """Log each index that counts energy and has no price, once."""
        for key in self.tracker.unpriced - self._unpriced:
            log.warning("there is no price for the index %s: the cost is unknown", key)
        self._unpriced |= self.tracker.unpriced
