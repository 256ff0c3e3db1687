"""
Publish the discovery messages of the announcer as retained messages.

The publisher repeats them on each new connection. This module repeats them some seconds after Home Assistant
has started, which is busy at first with the answers of other bridges to its birth message.

Home Assistant logs an error for a state that is none of the options of its entity. The options are words of
one language, and an earlier run may have had another language: so all states are unknown before the
announcement.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.announcer import Announcer
from teleinfo.homeassistant.held_state import HeldState, ends_period
from teleinfo.homeassistant.templates import MISSING, flat
from teleinfo.state.facts import STALE_AFTER
from teleinfo.state.tracker import StateTracker, encode

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from teleinfo.homeassistant.discovery import Discovery
    from teleinfo.mqtt.outbox import Outbox
    from teleinfo.state.fields import Json
    from teleinfo.tic.reading import Reading
    from teleinfo.vocabulary.moment import Moment

log = logging.getLogger(__name__)

BIRTH: Final = b"online"
ANSWER_DELAY: Final = (1.0, 5.0)
"""Seconds from the birth message to our answer, at least and at most."""


_NOTHING_KNOWN: Final = encode({MISSING: ""})
"""The message before the announcement: every entity is unavailable, and those with words are unknown."""

LOOK_FOR_PAGE: Final = 60.0
"""Seconds between two attempts to reach the page."""
PAGE_LIMIT: Final = 2.0
"""Seconds within which the page must accept a connection."""


class HomeAssistant:
    """
    Publishes the messages of `discovery` for the meter of `tracker`. Construct it inside the loop.

    It publishes the states of the entities as well; `hold` holds back what hardly changes (`HeldState`).
    """

    def __init__(
        self, tracker: StateTracker, discovery: Discovery, *, retained: Outbox, rng: Random, hold: bool
    ) -> None:
        self._tracker = tracker
        self._discovery = discovery
        self._retained = retained
        self._rng = rng
        self._announcer = Announcer(discovery, tracker)
        self._messages: dict[str, bytes] = {}
        self._waiting: dict[str, Json] | None = None  # the state to be shown after the announcement
        self._is_logged = False
        self._answer: asyncio.TimerHandle | None = None
        self._held = HeldState() if hold else None
        self._is_restored = False
        self._began = math.inf  # with the first reading

    @staticmethod
    def is_due(at: datetime) -> bool:
        """Return True if the states are due at a time of day, whatever their interval."""
        return ends_period(at)

    @property
    def announced(self) -> frozenset[str]:
        """The topics to remember: see `Memory`."""
        return self._announcer.announced

    def restore(self, announced: frozenset[str] = frozenset()) -> None:
        """Continue from what an earlier run `announced`. Before this, nothing is published."""
        self._announcer.announced = announced
        self._is_restored = True

    def update(self, reading: Reading, now: Moment) -> None:
        """Update the messages after the tracker got `reading`, which came at `now`."""
        self._began = min(self._began, now.monotonic)
        if not self._is_restored:
            return
        # Before a message is replaced: note which of them the broker has.
        self._note_delivered()
        if not self._may_announce():
            return
        self._announcer.update(reading, now)
        messages = self._announcer.messages
        is_unchanged = messages is self._messages
        if is_unchanged:
            return
        for topic in self._messages.keys() - messages.keys():  # of a meter that was replaced
            self._retained.forget(topic)
        self._messages = messages
        for topic, payload in messages.items():
            self._retained.set(topic, payload)
        # Home Assistant ignores an earlier state of an entity that expires.
        self._retained.repeat_last(self._discovery.topics.health)
        if self._announcer.has_announced and self._waiting is not None:
            self.show(self._waiting, now)

    def _may_announce(self) -> bool:
        """
        True if the broker has settled all that a new announcement would replace.

        The end of an announcement must not be replaced before the broker has it. Before the first one, the
        broker must have the message that nothing is known.
        """
        for topic in self._messages:
            if not self._retained.is_settled(topic):
                return False
        if self._announcer.has_announced:
            return True
        states_topic = self._discovery.topics.homeassistant
        self._retained.set(states_topic, _NOTHING_KNOWN)
        return self._retained.is_settled(states_topic)

    def show(self, state: dict[str, Json], now: Moment) -> None:
        """
        Publish the states of the entities, read from the decoded `state` of the moment `now`.

        Before the announcement, publish that nothing is known, and keep the state until then.
        """
        topic = self._discovery.topics.homeassistant
        if not self._announcer.has_announced:
            self._waiting = state
            self._retained.set(topic, _NOTHING_KNOWN)
            return
        self._waiting = None
        shown = state
        if self._held is not None:
            shown = self._held.update(state, now=now.monotonic)
        # The first frames may lack a state. Later it does not come any more: another meter or other settings.
        missing = None
        if now.monotonic - self._began < STALE_AFTER:
            missing = ""
        self._retained.set(topic, encode(flat(shown) | {MISSING: missing}))

    def _note_delivered(self) -> None:
        """Note which messages the broker has: the others wait, or are refused. Log once that it has all."""
        delivered = {topic for topic in self._messages if self._retained.has(topic)}
        self._announcer.delivered(delivered)
        # An empty message clears its topic, and announces nothing.
        announcing = {topic for topic, payload in self._messages.items() if payload}
        if announcing and announcing <= delivered and not self._is_logged:
            self._is_logged = True
            # Log the model, not the topics: they contain the number of the meter.
            log.info("Home Assistant is told of the meter: %s", self._tracker.meter.identity.model)

    async def link_page(self, page: str, host: str, port: int) -> None:
        """Announce a link to the `page` once something accepts connections to `host` and `port`."""
        while True:
            if await _accepts(host, port):
                self._announcer.link(page)
                return
            await asyncio.sleep(LOOK_FOR_PAGE)

    @property
    def birth_topic(self) -> str:
        """The topic on which Home Assistant says that it has started."""
        return f"{self._discovery.prefix}/status"

    def on_birth(self, payload: bytes, *, is_retained: bool) -> None:
        """Repeat the retained messages a moment later if `payload` is the birth message of Home Assistant."""
        del is_retained  # Home Assistant may let the broker keep its birth message
        if payload == BIRTH:
            self.answer()

    def answer(self) -> None:
        """Repeat the retained messages a moment later; several calls within that moment are one."""
        loop = asyncio.get_running_loop()
        if self._answer is None or self._answer.when() < loop.time():
            self._answer = loop.call_later(self._rng.uniform(*ANSWER_DELAY), self._retained.repeat)


async def _accepts(host: str, port: int) -> bool:
    """Return True if something accepts connections to this address."""
    try:
        async with asyncio.timeout(PAGE_LIMIT):
            _reader, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    return True
