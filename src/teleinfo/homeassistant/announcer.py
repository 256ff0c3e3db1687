"""
Announce the entities of one meter.

Pure: times are arguments. An entity is announced once the decoder has confirmed its étiquettes, and stays
announced. A change of mode or of contract keeps the device and its entities; what only the old mode or
contract had is unknown.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.discovery import MIGRATE, Discovery
from teleinfo.homeassistant.entities import entities_of
from teleinfo.tic.reading import belief_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from teleinfo.state.field_entry import Field
    from teleinfo.state.tracker import StateTracker
    from teleinfo.tic.reading import Belief, Reading
    from teleinfo.vocabulary.moment import Moment

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
        self._has_new_link = False
        self._reset()

    @property
    def has_announced(self) -> bool:
        """True once the entities of the meter are in `messages`."""
        return bool(self._entities)

    def link(self, page: str) -> None:
        """Give the device a link to the `page`, with the next reading."""
        self._discovery = replace(self._discovery, page=page)
        self._has_new_link = True
        self._looked = -math.inf

    def _reset(self) -> None:
        """Forget the meter."""
        self.messages: dict[str, bytes] = {}
        self._belief: Belief | None = None
        self._looked = -math.inf
        self._entities: dict[str, Field] = {}  # those in `messages`, by key

    def update(self, reading: Reading, now: Moment) -> None:
        """Update `messages` after the tracker got `reading`, which came at `now`."""
        belief = belief_of(reading)
        if belief is None or belief.is_foreign:
            return
        is_news = belief is not self._belief
        if is_news:
            self._follow(belief)
        if not self._tracker.is_known:
            return
        if not self.messages and self.announced:
            # What an earlier run announced in another place is ended one frame before the new announcement.
            self.messages = self._discovery.superseded(self.scope, self.announced)
            if self.messages:
                return
        if belief.is_steady and (is_news or now.monotonic - self._looked >= LOOK_INTERVAL):
            self._looked = now.monotonic
            self._announce(belief, now)

    def _follow(self, belief: Belief) -> None:
        """Begin anew with another meter; after a change of mode, no entity has a state until it is found."""
        before = self._belief
        scope = self._tracker.meter.scope
        if scope != self.scope:
            self.scope = scope
            self._reset()
        elif before is not None and belief.mode is not before.mode:
            # `_announce` gives their states to those that the new mode has, too.
            self._entities = {key: _without_state(entity) for key, entity in self._entities.items()}
        self._belief = belief

    def delivered(self, topics: Collection[str]) -> None:
        """Note that the broker has taken the messages on these topics; an empty one clears its topic."""
        cleared = {topic for topic in topics if not self.messages[topic]}
        self.announced = (self.announced | set(topics)) - cleared

    def _announce(self, belief: Belief, now: Moment) -> None:
        """Rebuild the messages if an entity is new, or has another name or path."""
        state = self._tracker.fields_of(belief.confirmed, now)
        present = entities_of(state, belief.mode, self._tracker.exclude)
        if not present:
            return
        # What was announced stays, also if the meter does not send it any more.
        entities = self._entities | present
        if entities == self._entities and not self._has_new_link:
            return
        self._has_new_link = False
        self._entities = entities
        messages = self._discovery.messages(self._tracker.meter, entities.values())
        for topic, payload in self.messages.items():
            # The entities are released, and the topic is free. Of the topic of a device, Home Assistant would
            # log an error.
            if payload == MIGRATE and "/device/" not in topic:
                messages[topic] = b""
        self.messages = self.messages | messages
        # The broker may have them from now on, even if the process ends before it answers.
        self.announced |= {topic for topic, payload in self.messages.items() if payload}


def _without_state(entity: Field) -> Field:
    """Return an entity whose state is no longer published."""
    return replace(entity, path="")
