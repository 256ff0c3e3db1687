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
from typing import TYPE_CHECKING

from teleinfo.port import health
from teleinfo.vocabulary.line import LinkProblem

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


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
        self._seen_at = -math.inf
        self._is_logged = False

    def note_own(self, number: str | None) -> None:
        """Note the number of our meter."""
        if not self._is_private:
            self.own = None if number is None else number[-health.DIGITS :]
            self.fingerprint = None if number is None else _fingerprint(number)

    def digits(self, now: float) -> str | None:
        """Return the last digits of the other meter; None if none was seen lately."""
        return self._digits if now - self._seen_at < health.STALE_AFTER else None

    def on_health(self, payload: bytes, *, is_retained: bool) -> None:
        """Look at a message on our topic `health`, which may be our own."""
        now = asyncio.get_running_loop().time()
        said = health.parse(payload)
        if said is None or said.source is None or said.source == self.source:
            return
        if said.meter is None or said.fingerprint is None:
            return
        if self.fingerprint is None or said.fingerprint == self.fingerprint:
            return
        if is_retained:
            is_gone = said.problem == LinkProblem.STOPPED or health.is_stale(said, now=time.time())
            if is_gone or not self._is_pushed_out(now):
                return
        self._digits, self._seen_at = said.meter[-health.DIGITS :], now
        if not self._is_logged:
            self._is_logged = True
            log.warning(
                "another meter, whose number ends in %s, is published on our topic %s, too; the number of "
                "ours ends in %s. Give one of the two another TELEINFO_MQTT_TOPIC",
                self._digits,
                self._topic,
                self.own,
            )


@functools.lru_cache(maxsize=2)
def _fingerprint(number: str) -> str:
    """Return the first eight hexadecimal digits of the SHA-256 of a number."""
    return hashlib.sha256(number.encode()).hexdigest()[:8]
