"""
Let the kernel wake the process only at the end of a frame.

A UART delivers eight bytes at a time, up to 120 times a second, and would wake the process each time. These
wake-ups, not the decoding, are the cost of a TIC reader. In canonical mode a terminal wakes its reader only
at the end of a line. One more character can be set to end a line (termios(3): ICANON, VEOL); here it is ETX.

LF ends a line, too. So the kernel exchanges LF and CR (INLCR and ICRNL together), and `restore` exchanges
them back: no information is lost. With parity, CR is sent as 0x8D; the byte 0x0D, which now ends a line, is
then a damaged character. Without parity, the process wakes up at the end of each group.
"""

from __future__ import annotations

import contextlib
import termios
from typing import Final

from teleinfo.tic.framing import ETX

_IFLAG, _LFLAG, _CHARACTERS = 0, 3, 6  # positions in the attributes of termios
_DISABLED: Final = b"\0"  # _POSIX_VDISABLE of Linux
_EXCHANGED: Final = bytes.maketrans(b"\n\r", b"\r\n")

STABLE_ROW: Final = 3
"""Sound frames in a row after which the next frame is expected in time."""

LONGEST_FRAME: Final = 2048
"""The most bytes of a frame in canonical mode. The kernel keeps 4095 bytes of a line, and drops the rest."""

PATIENCE = 5.0
"""Seconds without a frame after which each byte wakes the process again. The longest frame takes 3.7 s."""

OVERDUE = 1.5
"""
A frame is missing after this multiple of the usual time from frame to frame.

Either its ETX was damaged: then the next frame is behind it in the kernel's buffer, which cannot hold a third
frame. Or a second program reads the port, and takes whole frames while canonical mode is on; in the other
mode it takes single bytes, which is noticed soon.
"""


class CanonicalMode:
    """
    Switch of the canonical mode of the terminal `descriptor`; the mode is off at first.

    From the construction on, the terminal exchanges LF and CR, in canonical mode or not, and changes no other
    byte; bytes that it received before are discarded. `active`: canonical mode is on. The constructor raises
    termios.error or OSError if the descriptor is no longer a terminal.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._raw = termios.tcgetattr(descriptor)
        # Clear all other input flags: a break must not flush the line (BRKINT), no byte may vanish (IGNPAR,
        # IXON, IGNCR) or change (ISTRIP, PARMRK).
        self._raw[_IFLAG] = termios.INLCR | termios.ICRNL
        characters = [_DISABLED] * len(self._raw[_CHARACTERS])
        characters[termios.VEOL] = ETX
        self._canonical = [*self._raw[:_CHARACTERS], characters]
        self._canonical[_LFLAG] |= termios.ICANON
        termios.tcsetattr(descriptor, termios.TCSANOW, self._raw)
        termios.tcflush(descriptor, termios.TCIFLUSH)
        self.active = False

    def set(self, *, enabled: bool) -> None:
        """
        Let ETX alone wake the process, or each byte again.

        No byte is lost, unless the last byte that waits to be read is NUL. A terminal that refuses the change
        stays as it is; if it is gone, its transport reports that.
        """
        if enabled is not self.active:
            with contextlib.suppress(OSError, termios.error):
                attributes = self._canonical if enabled else self._raw
                termios.tcsetattr(self._descriptor, termios.TCSANOW, attributes)
                self.active = enabled


def restore(data: bytes) -> bytes:
    """Return the bytes that the line sent: `data`, as read, with LF and CR exchanged back."""
    return data.translate(_EXCHANGED)


class StabilityDetector:
    """
    Judge if a line is regular enough for canonical mode; create a new object for each opened port.

    `now` is a time in seconds, `count` the number of bytes that have been received by then.
    """

    def __init__(self, now: float, count: int) -> None:
        self._last = now, count  # at the last sound frame, or at the opening
        # The times from frame to frame of the first frames in a row; 0 for the first frame.
        self._row: list[float] = []

    def note_frame(self, now: float, count: int) -> None:
        """Note a sound frame."""
        (before, received), self._last = self._last, (now, count)
        if count - received > LONGEST_FRAME:
            self._row = []
        elif not self._row or not self._in_time(now - before):
            self._row = [0.0]
        elif len(self._row) < STABLE_ROW:
            self._row.append(now - before)

    def is_stable(self, now: float) -> bool:
        """True if canonical mode is safe."""
        return len(self._row) == STABLE_ROW and self._in_time(now - self._last[0])

    def _in_time(self, seconds: float) -> bool:
        """Return True if `seconds` is within the expected time from frame to frame."""
        usual = max(self._row) if len(self._row) == STABLE_ROW else PATIENCE
        return seconds <= min(PATIENCE, OVERDUE * usual)
