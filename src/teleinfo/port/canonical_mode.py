"""
Let the kernel wake the process at the end of a frame only.

A UART hands over eight bytes at a time, 120 times a second, and each time the process would wake up: that,
and not decoding, is what a reader of TIC costs. A terminal in canonical mode wakes its reader at the end of a
line only, and one more character that ends a line can be chosen (termios(3): ICANON, VEOL): here it is ETX.

LF ends a line too. So the kernel exchanges LF and CR (INLCR and ICRNL together), and `restore` exchanges them
again. No two bytes become the same, so whatever the line sends arrives as it was sent. With parity CR is
0x8D, and 0x0D, which now ends a line, comes from a damaged character only; without parity the process wakes
up at the end of each group.

`StabilityDetector` judges when canonical mode is safe.
"""

from __future__ import annotations

import termios
from typing import Final

from teleinfo.tic.framing import ETX

_DISABLED: Final = b"\0"  # _POSIX_VDISABLE of Linux
_EXCHANGED: Final = bytes.maketrans(b"\n\r", b"\r\n")

STABLE_ROW: Final = 3
"""So many sound frames in a row show that the next one will come."""

LONGEST_FRAME: Final = 2048
"""Bytes of a frame in canonical mode. The kernel keeps 4095 of a line, and drops what comes then."""

PATIENCE = 5.0
"""Seconds without a frame until every byte is looked at again. The longest frame takes 3.7 s."""

OVERDUE = 1.5
"""
So many times the usual time after the one before, a frame is missing.

Its ETX was damaged: the next frame is behind it in the kernel's buffer, which cannot hold a third one. Or a
second program reads the port: it takes whole frames from a reader in canonical mode, and single bytes from
one that is not, which is noticed soon.
"""


class CanonicalMode:
    """
    Canonical mode of the terminal `descriptor`, which is off at first.

    From the construction on the terminal exchanges LF and CR, in canonical mode or not, and does nothing else
    to any byte; what it received before is thrown away. `active` tells whether canonical mode is on;
    `supported` is False once it was enabled in vain: a driver may not know it. Raises termios.error or
    OSError where the descriptor is no terminal any more.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._raw = termios.tcgetattr(descriptor)
        # All other input flags go: a break must not flush the line (BRKINT), no byte may vanish (IGNPAR,
        # IXON, IGNCR) or change (ISTRIP, PARMRK).
        self._raw[0] = termios.INLCR | termios.ICRNL
        termios.tcsetattr(descriptor, termios.TCSANOW, self._raw)
        termios.tcflush(descriptor, termios.TCIFLUSH)
        self.active = False
        self.supported = True

    def enable(self) -> None:
        """
        Wake the process at ETX only. No byte is lost, unless the last one that waits to be read is NUL.

        Raises as the constructor; a terminal that cannot do it stays as it is.
        """
        iflag, oflag, cflag, lflag, ispeed, ospeed, characters = self._raw
        characters = [_DISABLED] * len(characters)
        characters[termios.VEOL] = ETX
        canonical = [iflag, oflag, cflag, lflag | termios.ICANON, ispeed, ospeed, characters]
        self.supported = False
        termios.tcsetattr(self._descriptor, termios.TCSANOW, canonical)
        # Where only a part of it can be done tcsetattr says nothing.
        if not termios.tcgetattr(self._descriptor)[3] & termios.ICANON:
            self.disable()
            return
        self.active = self.supported = True

    def disable(self) -> None:
        """Wake the process at each byte again; what came of a frame is there at once. Raises as `enable`."""
        self.active = False
        termios.tcsetattr(self._descriptor, termios.TCSANOW, self._raw)


def restore(data: bytes) -> bytes:
    """Return the bytes that the line sent, of the bytes `data` that were read: LF and CR exchanged again."""
    return data.translate(_EXCHANGED)


class StabilityDetector:
    """
    Judge whether a line is so regular that canonical mode is safe; to be made anew when the port is opened.

    Pure: durations come in, in seconds.
    """

    def __init__(self) -> None:
        self._row = 0
        self._usual = 0.0  # the longest time from frame to frame in the row

    def note_frame(self, *, interval: float, size: int) -> None:
        """Note a sound frame, `interval` seconds and `size` bytes after the last one or the opening."""
        if size > LONGEST_FRAME:
            self._row = 0
        else:
            self._row = self._row + 1 if self._in_time(interval) else 1
        if self._row <= STABLE_ROW:
            self._usual = max(self._usual, interval) if self._row > 1 else 0.0

    def is_stable(self, silent_for: float) -> bool:
        """Return whether canonical mode is safe now, so many seconds after the last sound frame."""
        return self._row >= STABLE_ROW and self._in_time(silent_for)

    def _in_time(self, seconds: float) -> bool:
        """Whether it is not too late for another frame of the row, so long after the one before."""
        patience = min(PATIENCE, OVERDUE * self._usual) if self._row >= STABLE_ROW else PATIENCE
        return seconds <= patience
