"""
The announcer joined to the outbox: discovery message and states are retained messages.

The publisher repeats them after each connection. They are repeated here when Home Assistant says that it has
started, a few seconds later: it is busy then, and every bridge answers the same message.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant import discovery
from teleinfo.homeassistant.announcer import EMPTY, Announcer
from teleinfo.homeassistant.discovery import Sources

if TYPE_CHECKING:
    from random import Random

    from teleinfo.mqtt.config import Topics
    from teleinfo.mqtt.outbox import RetainedStates
    from teleinfo.state.words import Language
    from teleinfo.tic.reading import Reading

log = logging.getLogger(__name__)

BIRTH: Final = b"online"
ANSWER_DELAY: Final = (1.0, 5.0)
"""Seconds from the birth message to our answer, at least and at most."""

LOG_INTERVAL: Final = 3600.0
"""The least time between two lines of the log about another meter, seconds."""


class HomeAssistant:
    """Home Assistant with the discovery prefix `prefix`. To be made inside the event loop."""

    def __init__(
        self,
        *,
        prefix: str,
        topics: Topics,
        exclude: frozenset[str],
        language: Language,
        states: RetainedStates,
        rng: Random,
    ) -> None:
        self._prefix = prefix
        self._topics = topics
        self._states = states
        self._rng = rng
        self._announcer = Announcer(
            prefix=prefix,
            base=topics.readings,
            sources=Sources(
                states=topics.homeassistant, status=topics.status, health=topics.health, url=_project_url()
            ),
            exclude=exclude,
            language=language,
        )
        self._announced: tuple[str, bytes] | None = None
        self._next_log = -math.inf
        self._answer: asyncio.TimerHandle | None = None
        # Before `status`: no entity becomes available with the states of an earlier run.
        states.set_state(topics.homeassistant, EMPTY)

    def take(self, reading: Reading, *, now: float, due: bool) -> None:
        """Take a reading of the monotonic time `now`; send its states if `due`, or if an alarm ended."""
        self._announcer.take(reading, now=now)
        if due or self._announcer.ended:
            self._states.set_state(self._topics.homeassistant, self._announcer.states)
        announcement = self._announcer.announcement
        if announcement is None or announcement == self._announced:
            return
        if self._announced is None or self._announced[0] != announcement[0]:
            if self._announced is not None:
                self._states.forget_state(self._announced[0])
            # A line on which the number changes again and again.
            if now >= self._next_log:
                self._next_log = now + LOG_INTERVAL
                # Without the topic: the number of the meter is in it.
                log.info("Home Assistant is told of the meter: %s", self._announcer.name)
        self._announced = announcement
        self._states.set_state(*announcement)

    def birth_message(self, payload: bytes) -> None:
        """Take a message on `<prefix>/status`; at its birth repeat the states, a moment later."""
        if payload == BIRTH and (self._answer is None or self._answer.when() < self._now()):
            self._answer = asyncio.get_running_loop().call_later(
                self._rng.uniform(*ANSWER_DELAY), self._states.repeat_states
            )

    def forget(self, scope: str) -> None:
        """Remove the device of the meter of this scope, in whose place there is another one."""
        self._states.set_state(discovery.topic(self._prefix, scope), b"")

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _project_url() -> str | None:
    """
    Return the home page in the metadata of the package, None if there is none, or if it is not installed.

    That is Homepage of pyproject's project.urls, else the first (core metadata, Project-URL: "label, URL").
    """
    from importlib import metadata  # noqa: PLC0415 - slow to import: only where it is asked for

    try:
        written = metadata.metadata("teleinfo-mqtt").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:  # run from its sources
        return None
    addresses = [(label.lower(), url.strip()) for label, _, url in (one.partition(",") for one in written)]
    return dict(addresses).get("homepage") or next((url for _, url in addresses), None)
