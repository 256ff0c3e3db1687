"""
Let the kernel wake the process at the end of a frame only.

A UART hands over eight bytes at a time, 120 times a second, and each time the process would wake up: that,
and not decoding, is what a reader of TIC costs. A terminal in canonical mode wakes its reader at the end of a
line only, and which character ends a line can be chosen (termios(3): ICANON, VEOL): here it is ETX. LF ends
one too, so the kernel is told to turn it into CR (INLCR), and `CanonicalMode.restore` turns it back.

On a line with parity that is exact: CR arrives as 0x8D there, and 0x0D can only have been LF, or a character
that was damaged. LF stands behind CR or STX, or behind one of those that was damaged itself; a damaged
character behind a sound one stays what it is. Without parity nothing would tell CR and LF apart.

`StabilityDetector` judges when canonical mode is safe.
"""

from __future__ import annotations

import re
import termios
from typing import Final

from teleinfo.tic.framing import ETX, STX
from teleinfo.tic.groups import CR
from teleinfo.tic.parity import DAMAGED, check_parity

_DISABLED: Final = b"\0"  # _POSIX_VDISABLE of Linux

# As they come with their parity.
_CR, _STX = b"\x8d", b"\x82"
_BEFORE_LF: Final = bytes(
    byte for byte in range(0x100) if check_parity(bytes([byte]))[0] in {STX[0], CR[0], DAMAGED}
)
_LF: Final = re.compile(rb"([%b])\r" % re.escape(_BEFORE_LF))

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

    `active` tells whether it is on; `supported` is False once it was enabled in vain: a driver may not know
    it. Raises termios.error or OSError where the descriptor is no terminal any more.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._raw = termios.tcgetattr(descriptor)
        self._used = False
        self._last = b""
        self.active = False
        self.supported = True

    def enable(self) -> None:
        """
        Wake the process at ETX only. No byte is lost.

        Raises as the constructor; a terminal that cannot do it stays as it is.
        """
        iflag, oflag, cflag, lflag, ispeed, ospeed, characters = self._raw
        characters = [_DISABLED] * len(characters)
        characters[termios.VEOL] = ETX
        canonical = [
            iflag | termios.INLCR,
            oflag,
            cflag,
            lflag | termios.ICANON,
            ispeed,
            ospeed,
            characters,
        ]
        self._used, self.supported = True, False
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

    def restore(self, data: bytes) -> bytes:
        """Return what was sent, of the bytes `data` that were read from a line with parity: LF for CR."""
        if not self._used:
            return data
        before, text = len(self._last), self._last + data
        restored = text.replace(_CR + b"\r", _CR + b"\n").replace(_STX + b"\r", _STX + b"\n")
        if b"\r" in restored:
            # It was damaged, or stands behind what was: which of the two takes a closer, slower look.
            restored = _LF.sub(rb"\1\n", text)
        self._last = restored[-1:]
        return restored[before:]


class StabilityDetector:
    """
    Judge whether a line is so regular that canonical mode is safe; to be made anew when the port is opened.

    Pure: durations come in, in seconds.
    """

    def __init__(self) -> None:
        self._row = 0
        self._usual = 0.0  # the longest time from frame to frame in the row

    def frame(self, *, interval: float, size: int, parity: bool | None) -> None:
        """
        Note a sound frame, with its parity or not.

        It came `interval` seconds and `size` bytes after the one before, or after the opening.
        """
        if parity is not True or size > LONGEST_FRAME:
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
