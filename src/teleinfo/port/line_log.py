"""
What the log says of the line while the port is open.

A meter that is not heard: where nothing comes at all, wires and power are at fault; where bytes come and make
no sense, it is the speed or a bad line. A meter that is heard now and then is one outage, not many. And
values that are withheld. A port that is away is logged by the reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.common.durations import duration
from teleinfo.common.outage_log import OutageLog, OutageTexts
from teleinfo.port.baud_detector import SPEEDS
from teleinfo.port.link_status import SILENT_AFTER
from teleinfo.vocabulary.line import LinkProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.port.link_status import LinkStatus

HELD_AFTER: Final = 60.0
"""A meter that was heard for so long without a silence, seconds, is back for good."""

_NO_DATA_TEXTS: Final = OutageTexts(
    begins="{reason}",
    lost_again="the meter comes and goes: {reason}",
    another_cause="{reason}",
    reminder=None,
    ends="the meter is heard again, after {lasted}",
    holds="the meter is heard again, after {lasted}",
)


class NoDataLog:
    """The log of what `status` says. Times are monotonic, in seconds."""

    def __init__(self, status: LinkStatus) -> None:
        self._status = status
        self._outage = OutageLog(status.url, _NO_DATA_TEXTS)
        self._silent = False
        self._back_since: float | None = None  # the first frame after a silence; None once it has held

    def check(self, now: float) -> None:
        """Log what there is to log; to be called every second while the port is open."""
        problem = self._status.problem(now)
        if problem is LinkProblem.NO_DATA:
            self._log(problem, self._no_data(), now)
        elif problem is LinkProblem.NONSENSE:
            self._log(problem, self._nonsense(), now)

    def note_frame(self, now: float) -> None:
        """Note that a sound frame came."""
        if self._silent:
            self._silent, self._back_since = False, now
            self._outage.recovered(now)
        elif self._back_since is not None and now - self._back_since >= HELD_AFTER:
            self._outage.held(self._back_since)
            self._back_since = None

    def _log(self, problem: LinkProblem, reason: str, now: float) -> None:
        self._silent = True
        status = self._status
        since = status.listening_since if status.last_frame is None else status.last_frame
        self._outage.failed(problem, reason, now, since=since)

    def _no_data(self) -> str:
        advice = (
            "check its wires (terminals I1 and I2) and the adapter"
            if self._status.last_frame is None
            else "it may be interrupted, without power, or its wires loose"
        )
        return f"no sound frame from the meter for {duration(SILENT_AFTER)}, and no byte at all: {advice}"

    def _nonsense(self) -> str:
        url, baudrate = self._status.url, self._status.baudrate
        if baudrate is None:
            return (
                f"bytes come from {url}, but none makes sense: the bridge probably has another speed than "
                "the meter. Set it to 1200 baud (mode historique) or 9600 (mode standard), 7E1 or 8N1; if "
                "that does not help, check the wiring"
            )
        if self._status.searching:
            return (
                f"bytes come from {url}, but none makes sense, at 1200 baud or at 9600: check the wiring "
                "(terminals I1 and I2, a long or bad cable, the adapter)"
            )
        current, other = "historique", "standard at 9600 baud"
        if baudrate not in SPEEDS["historique"]:
            current, other = "standard", "historique at 1200 baud"
        return (
            f"bytes come from {url} at {baudrate} baud, but none makes sense: the speed is probably "
            f"wrong. It is that of mode {current}; the meter may be in mode {other}. Set "
            "TELEINFO_SERIAL_MODE=auto, without TELEINFO_SERIAL_BAUDRATE; if that does not help, check the "
            "wiring"
        )


WITHHELD_QUIET: Final = 7200.0
"""Seconds without a withheld value after which the log says so: at worst 24 lines a day."""

_WITHHELD_TEXTS: Final = OutageTexts(
    begins=(
        "values that cannot follow those before are withheld, of {reason}: bytes get lost on the line, or "
        "the meter was replaced"
    ),
    lost_again="",
    another_cause="",
    reminder=None,
    ends="no value has been withheld for 2 h; before, some were for {lasted}",
    holds="",
)


class WithheldLog:
    """The log of the values that the decoder withheld as implausible. Times are monotonic, in seconds."""

    def __init__(self) -> None:
        self._outage = OutageLog("values", _WITHHELD_TEXTS)
        self._counts: dict[str, int] = {}
        self._last = 0.0

    def check(self, counts: Mapping[str, int], now: float) -> None:
        """Log what is new in `counts`, of withheld values by étiquette; to be called every second."""
        labels = [label for label, count in counts.items() if count > self._counts.get(label, 0)]
        if labels:
            self._counts, self._last = dict(counts), now
            self._outage.failed(None, ", ".join(labels), now)
        elif not self._outage.working and now - self._last >= WITHHELD_QUIET:
            self._outage.held(self._last)
