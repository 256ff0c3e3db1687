"""
What the log says of the connection to the broker, and no more.

An outage is two lines: a WARNING when it begins, with the cause, and an INFO when it ends, with how long
it lasted. Between them at most one reminder an hour, and one line for each new cause that somebody has to
mend, up to a limit: a day without a broker stays below 30 lines. A connection that does not hold is one
outage, not many.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from teleinfo.common.durations import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.mqtt.errors import BrokerError

log = logging.getLogger(__name__)

REMINDER = 3600.0
"""Seconds between two lines about the same outage."""

MAX_NEW_CAUSES = 4
"""Lines for new causes in one outage; 1 + 4 + 23 reminders + 1 are a day's worst."""


class Outage:
    """The story of one broker; `clock` gives monotonic seconds."""

    def __init__(self, address: str, *, clock: Callable[[], float]) -> None:
        self._address = address
        self._clock = clock
        self._began: float | None = None
        self._last_line = 0.0
        self._causes: set[str] = set()
        self._settling = False
        self._unsteady = False

    def connected(self) -> None:
        """Say that the connection stands, unless it already came and went a moment ago."""
        if self._unsteady:
            return
        if self._began is None:
            log.info("connected to the broker at %s", self._address)
        else:
            log.info("connected to the broker at %s again after %s", self._address, self._lasted())
        self._settling = self._began is not None
        self._began = None

    def steady(self) -> None:
        """Note that the connection has held for a while: the next loss is a new outage."""
        self._settling = False
        if self._unsteady:
            log.info(
                "the connection to the broker at %s is steady again after %s", self._address, self._lasted()
            )
            self._unsteady = False
            self._began = None

    def failed(self, fault: BrokerError) -> None:
        """Note a failed attempt or a lost connection."""
        if self._began is None:
            self._begin(fault)
        elif fault.user_must_act and fault.kind not in self._causes and len(self._causes) <= MAX_NEW_CAUSES:
            self._causes.add(fault.kind)
            self._say("still no connection to the broker at %s, for another reason: %s", fault)
        elif self._clock() - self._last_line >= REMINDER:
            self._say(f"still no connection to the broker at %s after {self._lasted()}: %s", fault)

    def _begin(self, fault: BrokerError) -> None:
        # Back, and lost again before it was steady: what follows is told as one outage, until it is steady.
        self._unsteady = self._settling
        self._settling = False
        self._began = self._clock()
        self._causes = {fault.kind}
        self._say("no connection to the broker at %s: %s; teleinfo keeps trying", fault)

    def _say(self, text: str, fault: BrokerError) -> None:
        self._last_line = self._clock()
        log.warning(text, self._address, fault.words)

    def _lasted(self) -> str:
        now = self._clock()
        return duration(now - (now if self._began is None else self._began))
