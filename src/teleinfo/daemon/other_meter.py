"""
Notice that another teleinfo publishes another meter under our base topic.

Each daemon says in its `health` who publishes it: a random `source` of its process, and the last digits of
its meter. It listens to that topic, on which a message a minute comes. Another meter is there if

- another process with another meter publishes there while we are connected; or,
- where both have one client id and push each other out, such a message was retained a moment ago.

A message that was retained at any other time may be our own, of an earlier run with an earlier meter.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import logging
import math
import secrets
import time
from typing import TYPE_CHECKING, Final

from teleinfo.port import health
from teleinfo.vocabulary.line import LinkProblem
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


SEEN_FOR: Final = 1.25 * health.HEALTH_INTERVAL
"""Seconds from a message of the other daemon until it counts as gone."""


class OtherMeter:
    """
    The other meter under the base topic `topic`, if there is one.

    `source` is a random name of this process. `own` are the last digits of its meter, `fingerprint` is a hash
    of its number; None if the number is not known yet, or private. `is_pushed_out` tells whether another
    program takes our connection away. Times are monotonic, in seconds.
    """

    def __init__(self, topic: str, *, is_private: bool, is_pushed_out: Callable[[float], bool]) -> None:
        self.source = secrets.token_hex(4)
        self.own: str | None = None
        self.fingerprint: str | None = None
        self._topic = topic
        self._is_private = is_private
        self._is_pushed_out = is_pushed_out
        self._digits: str | None = None
        self._seen_source = ""
        self._seen_at = -math.inf
        self._is_logged = False

    def note_own(self, number: str | None) -> None:
        """Note the number of our meter; None: it sends none. A private number is not noted."""
        if self._is_private:
            return
        if number is None:
            self.own = None
            self.fingerprint = None
        else:
            self.own = number[-health.DIGITS :]
            self.fingerprint = _fingerprint(number)

    def digits(self, now: float) -> str | None:
        """Return the last digits of the other meter; None if none was seen lately."""
        if now - self._seen_at >= SEEN_FOR:
            return None
        return self._digits

    def on_health(self, payload: bytes, *, is_retained: bool) -> None:
        """Look at a message on our topic `health`, which may be our own."""
        other = health.parse(payload)
        # Our own message comes back to us; another program may write anything there.
        if other is None or other.source is None or other.source == self.source:
            return
        # Without both numbers nobody knows whether the meters differ.
        if other.meter is None or other.fingerprint is None or self.fingerprint is None:
            return
        if other.fingerprint == self.fingerprint:
            return
        if other.problem == LinkProblem.STOPPED:
            if other.source == self._seen_source:
                self._seen_at = -math.inf
            return
        now = asyncio.get_running_loop().time()
        if is_retained and not self._may_be_present(other, now):
            return
        self._seen_source = other.source
        self._seen_at = now
        self._digits = other.meter[-health.DIGITS :]
        if not self._is_logged:
            self._is_logged = True
            text = Message(health.OTHER_METER, other=self._digits, topic=self._topic, own=self.own)
            log.warning("%s", text)

    def _may_be_present(self, other: health.Health, now: float) -> bool:
        """True if a retained message may be that of a daemon which publishes now."""
        # Otherwise it is our own, of an earlier run with an earlier meter, or that of a daemon that is gone.
        if not self._is_pushed_out(now):
            return False
        # In MQTT 3.1.1, a broker retains the last message of a daemon that was killed long ago.
        return not health.is_stale(other, now=time.time())


# Asked with each frame, always for the same number.
@functools.lru_cache(maxsize=2)
def _fingerprint(number: str) -> str:
    """Return the first eight hexadecimal digits of the SHA-256 of a number."""
    return hashlib.sha256(number.encode()).hexdigest()[:8]
