"""
Log an outage in few lines.

An outage is two lines: a WARNING when it begins, with the reason, and an INFO when it ends, with how long it
lasted. Between them come one line for each new cause, up to a limit, and at most one reminder an hour. A
connection that comes back and is lost again before it has held for a while is in one outage, not in many: one
line says that it was lost again, and the next one that it holds.

The port, the broker and a meter that is not heard are logged in this way. Times are monotonic, in seconds.
"""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.common.durations import duration

if TYPE_CHECKING:
    from collections.abc import Hashable

log = logging.getLogger(__name__)

REMINDER_INTERVAL: Final = 3600.0
"""Seconds between two lines about the same outage."""

MAX_CAUSES: Final = 5
"""Causes that one outage names. With 23 reminders and the end that is 29 lines in a day at worst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageTexts:
    """
    The lines of one kind of outage, templates for `str.format`.

    `{name}` is what is away, `{reason}` why, `{lasted}` for how long; all of them may stand in any line.
    `lost_again` begins an outage that came back and did not hold, `holds` ends it. Without `reminder` there
    are no reminders.
    """

    begins: str
    lost_again: str
    another_cause: str
    reminder: str | None
    ends: str
    holds: str


class _State(enum.Enum):
    WORKING = enum.auto()
    AWAY = enum.auto()
    BACK = enum.auto()  # and has not yet held for a while
    UNSTEADY = (
        enum.auto()
    )  # lost while BACK: there or away by now, and its return is not logged before it holds


class OutageLog:
    """The log of the outages of `name`."""

    def __init__(self, name: str, texts: OutageTexts) -> None:
        self._name = name
        self._texts = texts
        self._state = _State.WORKING
        self._began = 0.0
        self._last_line = 0.0
        self._causes: set[Hashable] = set()

    @property
    def working(self) -> bool:
        """Whether there is no outage, nor one that ended a moment ago."""
        return self._state is _State.WORKING

    def failed(self, cause: Hashable, reason: str, now: float, *, since: float | None = None) -> None:
        """
        Note a failed attempt or a loss; `reason` is for people.

        A new `cause` is one more line, unless it is None: not worth a line beside the first. `since` is when
        the outage really began, if that was before `now`.
        """
        if self._state is _State.WORKING:
            self._state = _State.AWAY
            self._began = now if since is None else since
            self._causes = set()
            self._warn(self._texts.begins, cause, reason, now)
        elif self._state is _State.BACK:
            self._state = _State.UNSTEADY
            self._causes = set()
            self._warn(self._texts.lost_again, cause, reason, now)
        elif cause is not None and cause not in self._causes and len(self._causes) < MAX_CAUSES:
            self._warn(self._texts.another_cause, cause, reason, now)
        elif self._texts.reminder is not None and now - self._last_line >= REMINDER_INTERVAL:
            self._warn(self._texts.reminder, cause, reason, now)

    def recovered(self, now: float) -> bool:
        """Note that it is back since `now`. Return whether that ended an outage, and was logged."""
        if self._state is not _State.AWAY:
            return False
        self._state = _State.BACK
        self._inform(self._texts.ends, now)
        return True

    def held(self, since: float) -> None:
        """Note that it is back since `since` and has held for a while: the next loss is a new outage."""
        if self._state is _State.AWAY:
            self._inform(self._texts.ends, since)
        elif self._state is _State.UNSTEADY:
            self._inform(self._texts.holds, since)
        self._state = _State.WORKING

    def _warn(self, text: str, cause: Hashable, reason: str, now: float) -> None:
        self._causes.add(cause)
        self._last_line = now
        lasted = duration(now - self._began)
        log.warning("%s", text.format(name=self._name, reason=reason, lasted=lasted))

    def _inform(self, text: str, now: float) -> None:
        log.info("%s", text.format(name=self._name, lasted=duration(now - self._began)))
