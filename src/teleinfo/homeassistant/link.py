"""
Join the announcer to the rest of the house: what it has to say goes into the outbox as retained states.

Every state is sent again after each connection, as the publisher does it; here it is also done when Home
Assistant is born, a moment later: many bridges hear the same message, and it is busy then.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.announcer import EMPTY, Announcer
from teleinfo.homeassistant.discovery import Sources
from teleinfo.mqtt.publisher import Subscription

if TYPE_CHECKING:
    from random import Random

    from teleinfo.mqtt.config import Topics
    from teleinfo.mqtt.outbox import Outbox
    from teleinfo.tic.reading import Reading

log = logging.getLogger(__name__)

BIRTH: Final = b"online"
JITTER: Final = (1.0, 5.0)
"""Seconds from its birth to our answer, at least and at most."""

NEWS: Final = 3600.0
"""The least time between two lines of the log about another meter, seconds."""


class HomeAssistant:
    """Home Assistant, which has `prefix` as its discovery prefix. To be made inside the event loop."""

    def __init__(
        self, *, prefix: str, topics: Topics, exclude: frozenset[str], outbox: Outbox, rng: Random
    ) -> None:
        self._topics = topics
        self._outbox = outbox
        self._rng = rng
        self._announcer = Announcer(
            prefix=prefix,
            base=topics.readings,
            sources=Sources(
                states=topics.homeassistant, status=topics.status, health=topics.health, url=_home()
            ),
            exclude=exclude,
        )
        self._announced: tuple[str, bytes] | None = None
        self._quiet_until = -math.inf
        self._answer: asyncio.TimerHandle | None = None
        # First in the outbox, before `status`: no entity becomes available with the state of an earlier run.
        outbox.put_state(topics.homeassistant, EMPTY)
        self.subscription = Subscription(f"{prefix}/status", self._heard)

    def take(self, reading: Reading, *, now: float, due: bool) -> None:
        """Note a reading of the monotonic time `now`; its states are sent if `due`, or if an alarm ends."""
        self._announcer.take(reading, now=now)
        if due or self._announcer.ended:
            self._outbox.put_state(self._topics.homeassistant, self._announcer.states)
        announcement = self._announcer.announcement
        if announcement is None or announcement == self._announced:
            return
        if self._announced is None or self._announced[0] != announcement[0]:
            if self._announced is not None:
                self._outbox.forget_state(self._announced[0])
            # A line that says another number again and again is a line of the log an hour.
            if now >= self._quiet_until:
                self._quiet_until = now + NEWS
                # Without the topic: the number of the meter is in it.
                log.info("Home Assistant is told of the meter: %s", self._announcer.name)
        self._announced = announcement
        self._outbox.put_state(*announcement)

    def _heard(self, payload: bytes) -> None:
        if payload == BIRTH and (self._answer is None or self._answer.when() < self._now()):
            self._answer = asyncio.get_running_loop().call_later(
                self._rng.uniform(*JITTER), self._outbox.repeat_states
            )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _home() -> str | None:
    """
    Return the address that the package gives for itself, None where it gives none, or is no package.

    Of pyproject's project.urls that is Homepage, else the first (core metadata, Project-URL: "label, URL").
    """
    from importlib import metadata  # noqa: PLC0415 - slow to import: only where it is asked for

    try:
        written = metadata.metadata("teleinfo-mqtt").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:  # run from its sources
        return None
    addresses = [(label.lower(), url.strip()) for label, _, url in (one.partition(",") for one in written)]
    return dict(addresses).get("homepage") or next((url for _, url in addresses), None)
