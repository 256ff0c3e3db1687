"""
Announce the entities of one meter.

Pure: times are arguments. An entity is announced once the decoder has confirmed its étiquettes, and stays
announced. A change of mode or of contract keeps the device, and the entities that the new mode or contract
has. Entities that only the old mode had are removed, unless they have statistics.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.discovery import MIGRATE
from teleinfo.homeassistant.entities import entities_of, state_class

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Set as AbstractSet

    from teleinfo.homeassistant.discovery import Discovery, DiscoveryForm
    from teleinfo.state.field_entry import Field
    from teleinfo.state.tracker import StateTracker
    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Belief, Reading
    from teleinfo.vocabulary.moment import Moment

FORGET_MODE_AFTER: Final = 45.0
"""Seconds from a change of mode to the removal of the entities that only the earlier mode had."""

LOOK_INTERVAL: Final = 60.0
"""Seconds between two searches of the state for an index that has begun to count."""


class Announcer:
    """
    Discovery messages of the meter that `tracker` follows.

    `messages` maps topics to retained payloads; an empty payload clears its topic. `scope` is the scope of
    the announced meter. `announced` are the topics that the broker has or may have: see `Memory`.
    """

    def __init__(self, discovery: Discovery, tracker: StateTracker) -> None:
        self._discovery = discovery
        self._tracker = tracker
        self.scope = ""
        self.announced: frozenset[str] = frozenset()
        self._reset()

    def _reset(self) -> None:
        """Forget the meter."""
        self.messages: dict[str, bytes] = {}
        self._belief: Belief | None = None
        self._looked = -math.inf
        self._announced: dict[str, Field] = {}
        self._removed: dict[str, Field] = {}
        self._of_other_mode: set[str] = set()
        self._mode_since = 0.0

    def update(self, reading: Reading, now: Moment) -> None:
        """Update `messages` after the tracker got `reading`, which came at `now`."""
        belief = reading.belief
        if belief is None or belief.is_foreign:
            return
        before = self._belief
        is_news = belief is not before
        if is_news:
            scope = self._tracker.meter.scope
            if scope != self.scope:
                self.scope = scope
                self._reset()
            elif before is not None and belief.mode is not before.mode:
                self._of_other_mode, self._mode_since = set(self._announced), now.monotonic
            self._belief = belief
        if not self._tracker.is_known:
            return
        if not self.messages:
            self.messages = self._supersede(reading.values.keys(), belief.mode, now)
            if self.messages:
                return
        over = bool(self._of_other_mode) and now.monotonic - self._mode_since >= FORGET_MODE_AFTER
        if belief.is_steady and (is_news or over or now.monotonic - self._looked >= LOOK_INTERVAL):
            self._looked = now.monotonic
            self._announce(belief, now, over=over)

    def delivered(self, topics: Collection[str]) -> None:
        """Note that the broker has taken the messages on these topics; an empty one clears its topic."""
        announced = {topic for topic in topics if self.messages[topic]}
        self.announced = self.announced - set(topics) | announced

    def _supersede(self, keys: AbstractSet[str], mode: Mode, now: Moment) -> dict[str, bytes]:
        """
        Return the messages that end the last announcement, which come a frame before the new one.

        If no announcement is known, there may be one in the other form, of the entities read from `keys`.
        """
        meter = self._tracker.meter
        if self.announced:
            return self._discovery.superseded(meter.scope, self.announced)
        found = entities_of(self._tracker.fields_of(keys, now), mode, self._tracker.exclude)
        form: DiscoveryForm = "components" if self._discovery.form == "device" else "device"
        return dict.fromkeys(replace(self._discovery, form=form).messages(meter, found.values()), b"")

    def _announce(self, belief: Belief, now: Moment, *, over: bool) -> None:
        """Rebuild the messages if an entity is new, or has another name or path."""
        before = self._announced, self._removed
        state = self._tracker.fields_of(belief.confirmed, now)
        found = entities_of(state, belief.mode, self._tracker.exclude)
        paths = {entity.path for entity in found.values()}
        kept = {
            # Under another contract the same étiquette counts something else.
            key: replace(entity, path="") if entity.path in paths else entity
            for key, entity in self._announced.items()
            if key not in found
        }
        if over:
            gone = self._of_other_mode & kept.keys()
            self._of_other_mode = set()
            # Keep an entity that has statistics: without it, Home Assistant would call them orphaned.
            self._removed |= {key: kept.pop(key) for key in gone if state_class(kept[key]) is None}
            kept |= {key: replace(kept[key], path="") for key in gone & kept.keys()}
        self._announced = kept | found
        self._removed = {key: entity for key, entity in self._removed.items() if key not in found}
        if before != (self._announced, self._removed) and found:
            messages = self._discovery.messages(
                self._tracker.meter, self._announced.values(), self._removed.values()
            )
            for topic, payload in self.messages.items():
                if payload == MIGRATE and "/device/" not in topic:  # that of a device would be logged
                    messages[topic] = b""
            self.messages = self.messages | messages
            # The broker may have them from now on, even if the process ends before it answers.
            self.announced |= {topic for topic, payload in self.messages.items() if payload}
