"""
Let the kernel wake the process at the end of a frame only.

A UART delivers eight bytes at a time, 120 times a second, and each time the process would wake up: that, and
not decoding, is the cost of a reader of TIC. A terminal in canonical mode wakes its reader at the end of a
line only, and one more character that ends a line can be chosen (termios(3): ICANON, VEOL): here it is ETX.

LF ends a line too. So the kernel exchanges LF and CR (INLCR and ICRNL together), and `restore` exchanges them
again. No two bytes become the same, so the bytes arrive as they were sent. With parity CR is 0x8D, and 0x0D,
which now ends a line, comes from a damaged character only; without parity the process wakes up at the end of
each group.
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
"""Sound frames in a row after which the next frame can be relied on."""

LONGEST_FRAME: Final = 2048
"""Bytes of a frame in canonical mode. The kernel keeps 4095 of a line, and drops the rest."""

PATIENCE = 5.0
"""Seconds without a frame until every byte is looked at again. The longest frame takes 3.7 s."""

OVERDUE = 1.5
"""
A frame is missing after this multiple of the usual time from frame to frame.

Its ETX was damaged: the next frame is behind it in the kernel's buffer, which has no room for a third frame.
Or a second program reads the port: from a reader in canonical mode it takes whole frames; otherwise it takes
single bytes, which is noticed soon.
"""


class CanonicalMode:
    """
    Canonical mode of the terminal `descriptor`, which is off at first.

    From the construction on the terminal exchanges LF and CR, in canonical mode or not, and does nothing else
    to any byte; bytes that it received before are discarded. `active`: canonical mode is on; `supported` is
    False once it was enabled in vain, since a driver may not have it. The constructor raises termios.error or
    OSError where the descriptor is no terminal any more.
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
        self.supported = True

    def set(self, *, enabled: bool) -> None:
        """
        Wake the process at ETX only, or at each byte again.

        No byte is lost, unless the last byte that waits to be read is NUL. A terminal that cannot do it stays
        as it is; the loss of the port is reported by its transport.
        """
        if enabled is self.active or not self.supported:
            return
        with contextlib.suppress(OSError, termios.error):
            self.active, self.supported = False, not enabled
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._canonical if enabled else self._raw)
            if not enabled:
                return
            # Where only a part of the change can be made, tcsetattr reports no error.
            self.active = self.supported = bool(termios.tcgetattr(self._descriptor)[_LFLAG] & termios.ICANON)
            if not self.supported:
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._raw)


def restore(data: bytes) -> bytes:
    """Return the bytes as the line sent them: LF and CR of the bytes `data` that were read, exchanged."""
    return data.translate(_EXCHANGED)


class StabilityDetector:
    """Judge if a line is so regular that canonical mode is safe; create a new object for an opened port."""

    def __init__(self) -> None:
        # The times from frame to frame of the first frames in a row; 0 for the first frame.
        self._row: list[float] = []

    def note_frame(self, *, interval: float, size: int) -> None:
        """Note a sound frame, `interval` seconds and `size` bytes after the last frame or the opening."""
        if size > LONGEST_FRAME:
            self._row = []
        elif not self._row or not self._in_time(interval):
            self._row = [0.0]
        elif len(self._row) < STABLE_ROW:
            self._row.append(interval)

    def is_stable(self, silent_for: float) -> bool:
        """Return True if canonical mode is safe now, so many seconds after the last sound frame."""
        return len(self._row) == STABLE_ROW and self._in_time(silent_for)

    def _in_time(self, seconds: float) -> bool:
        """Return True if `seconds` is within the expected time from frame to frame."""
        usual = max(self._row) if len(self._row) == STABLE_ROW else PATIENCE
        return seconds <= min(PATIENCE, OVERDUE * usual)
