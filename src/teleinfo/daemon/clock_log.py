"""The lines of the log about the clocks of the meter and of this machine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from teleinfo.common.clock import is_synchronized
from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_
from teleinfo.state.meter_clock import TOLERANCE

if TYPE_CHECKING:
    from datetime import timedelta

log = logging.getLogger(__name__)

_AHEAD = N_("the clock of the meter is %s ahead of the clock of this machine: see which of them is wrong")
_BEHIND = N_("the clock of the meter is %s behind the clock of this machine: see which of them is wrong")

_WAS_AHEAD = N_(
    "the clock of this machine was %s ahead and was set back: the days and months go on as before"
)


class ClockLog:
    """Logs what is wrong with the clock of one meter, or of this machine, once."""

    def __init__(self) -> None:
        self._is_logged = False

    def note_set_back(self, ahead: timedelta) -> None:
        """Log that the clock of this machine was ahead by so much, and was set back."""
        log.warning(_WAS_AHEAD, duration(ahead.total_seconds()))

    def note_offset(self, offset: int | None) -> None:
        """
        Log when the offset, in seconds, becomes too large, and when it is small again; None: it is unknown.

        Nothing is logged as long as the clock of the machine is known not to be set. An offset is small at
        half of the tolerance, so that one near the tolerance is not logged again and again.
        """
        if offset is None:
            return
        if not self._is_logged and abs(offset) > TOLERANCE and is_synchronized() is not False:
            self._is_logged = True
            text = _AHEAD if offset > 0 else _BEHIND
            log.warning(text, duration(abs(offset)))
        elif self._is_logged and abs(offset) <= TOLERANCE // 2:
            self._is_logged = False
            log.info("the clock of the meter agrees with the clock of this machine again")
