"""
What the log says of a port that is away, and no more.

An outage is two lines: a WARNING when it begins, with the cause, and an INFO when it ends, with how long it
lasted. Between them one line for each new cause, and at most one reminder an hour. A port that does not hold
is one outage, not many.
"""

from __future__ import annotations

import logging

from teleinfo.common.durations import duration
from teleinfo.port.errors import PortError, PortErrorKind

log = logging.getLogger(__name__)

REMINDER = 3600.0
"""Seconds between two lines about the same outage."""

# An unplugged adapter is first gone, then missing: one cause.
_ABSENT = {PortErrorKind.GONE, PortErrorKind.MISSING}


class Outage:
    """The story of the port `url`. Times are monotonic, in seconds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._began: float | None = None
        self._last_line = 0.0
        self._said: set[PortErrorKind] = set()
        self._settling = False  # it is back, for how long must be seen
        self._unsteady = False  # it came and went: nothing is said until it holds

    def failed(self, error: PortError, now: float) -> None:
        """Note that the port could not be opened, or was lost."""
        if self._began is None:
            self._unsteady, self._settling = self._settling, False
            self._began = now
            self._said = set()
            self._say("no meter: %s; teleinfo keeps trying", error, now)
        elif error.kind not in self._said:
            self._say("still no meter, for another reason: %s", error, now)
        elif now - self._last_line >= REMINDER:
            self._say(f"still no meter after {duration(now - self._began)}: %s", error, now)

    def ended(self, opened: float) -> bool:
        """Note that the port is open since `opened`, and return whether it was away before."""
        if self._began is None or self._unsteady:
            return False
        log.info("%s is open again after %s", self._url, duration(opened - self._began))
        self._began = None
        self._settling = True
        return True

    def settled(self, opened: float) -> None:
        """Note that the port, open since `opened`, has held for a while: the next loss is a new outage."""
        self._settling = False
        if self._unsteady and self._began is not None:
            log.info("%s holds again after %s", self._url, duration(opened - self._began))
            self._unsteady = False
            self._began = None

    def _say(self, text: str, error: PortError, now: float) -> None:
        log.warning(text, error)
        self._last_line = now
        self._said |= _ABSENT if error.kind in _ABSENT else {error.kind}
