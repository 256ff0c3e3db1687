"""
Log an outage in few lines.

An outage is two lines: a WARNING with the reason when it begins, and an INFO with its duration when it ends.
Between them come a line for each new cause, up to a limit, and at most one reminder an hour. If a connection
comes and goes until it holds at last, that is one outage. On a day with many losses it must hold for two
hours: so a day of steady losses has about 30 lines, and the first loss after a quiet time is logged at once.
Times are monotonic, in seconds.
"""

from __future__ import annotations

import enum
import logging
import math
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.common.durations import duration
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Hashable

log = logging.getLogger(__name__)

REMINDER_INTERVAL: Final = 3600.0
"""Seconds between two lines about the same outage."""

MAX_CAUSES: Final = 5
"""Causes that are logged in an outage. With 23 reminders and the end, one of a day has 29 lines at worst."""

HELD_AFTER: Final = 60.0
"""Seconds after which a connection counts as back for good."""

QUIET: Final = 7200.0
"""The same on a bad day."""

SINGLE_LOSSES: Final = 3
"""Losses in a day after which the day is bad. With the fourth and 23 reminders, it has 30 lines."""

LOSSES_WITHIN: Final = 24 * 3600.0
"""Seconds for which a loss counts: a day."""


class OutageTexts(NamedTuple):
    """
    Lines of a kind of outage, marked by `N_`: templates with `{name}`, `{reason}` and `{lasted}`.

    - `still` is logged for a new cause and as a reminder. By default it equals `begins`, without reminders.
    - `lost_again` is logged while a connection comes and goes; by default it equals `begins`.
    """

    begins: str
    ends: str
    still: str = ""
    lost_again: str = ""


class _State(enum.Enum):
    WORKING = enum.auto()
    AWAY = enum.auto()
    BACK = enum.auto()  # but has not yet held for a while
    UNSTEADY = enum.auto()  # lost while BACK; its return is logged once it holds


class OutageLog:
    """Log of the outages of the port, broker or meter `name`."""

    def __init__(self, name: str, texts: OutageTexts) -> None:
        self._name = name
        self._texts = texts
        self._state = _State.WORKING
        self._began = 0.0
        self._last_line = 0.0
        self._back: float | None = None  # since when the connection works
        self._causes: set[Hashable] = set()
        self._losses = deque([-math.inf] * SINGLE_LOSSES, maxlen=SINGLE_LOSSES)

    @property
    def working(self) -> bool:
        """True if there is no outage, and the connection has held since the last one."""
        return self._state is _State.WORKING

    def failed(self, cause: Hashable, reason: str, now: float, *, since: float | None = None) -> None:
        """
        Note a failed attempt or a loss; `reason` is for the user.

        During an outage, a new `cause` is logged, except None. `since` is the true beginning of the outage,
        if that was before `now`.
        """
        self._back = None
        lost_again = self._texts.lost_again or self._texts.begins
        if self._state is _State.WORKING:
            self._state = _State.AWAY
            self._began = now if since is None else since
            self._losses.append(now)
            self._causes = set()
            self._warn(self._texts.begins, cause, reason, now)
        elif self._state is _State.BACK:
            self._state = _State.UNSTEADY
            self._losses.append(now)
            self._causes = set()
            self._warn(lost_again, cause, reason, now)
        elif self._is_new(cause) or self._is_reminder_due(now):
            text = lost_again
            if self._state is _State.AWAY:
                text = self._texts.still or self._texts.begins
            self._warn(text, cause, reason, now)

    def works(self, now: float, *, since: float | None = None) -> None:
        """
        Note that the connection works at `now`.

        It has worked since `since`; without it, since the first call after a loss.
        """
        if self._back is None:
            self._back = now if since is None else since
        if self._state is _State.AWAY:
            self._state = _State.BACK
            self._log_end(self._back)
        # The oldest of the last losses: if it is less than a day ago, all of them are.
        is_bad_day = now - self._losses[0] < LOSSES_WITHIN
        must_hold = QUIET if is_bad_day else HELD_AFTER
        if now - self._back < must_hold:
            return
        if self._state is _State.UNSTEADY:
            self._log_end(self._back)
        self._state = _State.WORKING

    def _is_new(self, cause: Hashable) -> bool:
        """True if this cause gets a line of its own: not logged in this outage, nor beyond the limit."""
        return cause is not None and cause not in self._causes and len(self._causes) < MAX_CAUSES

    def _is_reminder_due(self, now: float) -> bool:
        """True if there are reminders, and the last line is old enough."""
        return self._texts.still != "" and now - self._last_line >= REMINDER_INTERVAL

    def _warn(self, text: str, cause: Hashable, reason: str, now: float) -> None:
        self._causes.add(cause)
        self._last_line = now
        lasted = duration(now - self._began)
        log.warning("%s", Message(text, name=self._name, reason=reason, lasted=lasted))

    def _log_end(self, ended: float) -> None:
        lasted = duration(ended - self._began)
        log.info("%s", Message(self._texts.ends, name=self._name, lasted=lasted))
