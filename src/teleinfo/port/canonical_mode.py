"""
Sleep through a frame and be there at its ETX: the kernel is told to wake us at no other byte.

A UART hands over eight bytes at a time, 120 times a second, and each time the process would wake up: that,
and not decoding, is what a reader of TIC costs. A terminal in canonical mode wakes its reader at the end of a
line only, and which character ends a line can be chosen (termios(3): ICANON, VEOL). LF ends one too, so the
kernel is told to turn it into CR (INLCR), and `undo` turns it back.

On a line with parity that is exact: CR arrives as 0x8D there, and 0x0D can only have been LF, or a character
that was damaged. LF stands behind CR or STX, or behind one of those that was damaged itself; a damaged
character behind a sound one stays what it is. Without parity nothing would tell CR and LF apart.
"""

from __future__ import annotations

import re
import termios

from teleinfo.tic.framing import ETX, STX
from teleinfo.tic.groups import CR
from teleinfo.tic.parity import DAMAGED, check_parity

_DISABLED = b"\0"  # _POSIX_VDISABLE of Linux

# As they come with their parity.
_CR, _STX = b"\x8d", b"\x82"
_BEFORE_LF = bytes(
    byte for byte in range(0x100) if check_parity(bytes([byte]))[0] in {STX[0], CR[0], DAMAGED}
)
_LF = re.compile(rb"(?<=[%b])\r" % re.escape(_BEFORE_LF))


class CanonicalMode:
    """
    The terminal `descriptor`. It is awake at first; `deep` tells whether it wakes us at ETX only.

    `able` is False once that was tried in vain: some drivers may not know the way.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._awake = termios.tcgetattr(descriptor)
        self._used = False
        self._last = b""
        self.deep = False
        self.able = True

    def begin(self) -> None:
        """Wake us at ETX only. No byte is lost. Raises termios.error, or OSError, where it cannot be done."""
        iflag, oflag, cflag, lflag, ispeed, ospeed, characters = self._awake
        characters = [_DISABLED] * len(characters)
        characters[termios.VEOL] = ETX
        asleep = [iflag | termios.INLCR, oflag, cflag, lflag | termios.ICANON, ispeed, ospeed, characters]
        self._used, self.able = True, False
        termios.tcsetattr(self._descriptor, termios.TCSANOW, asleep)
        # Where only a part of it can be done tcsetattr says nothing.
        if not termios.tcgetattr(self._descriptor)[3] & termios.ICANON:
            self.end()
            return
        self.deep = self.able = True

    def end(self) -> None:
        """Wake us at each byte again; what came of a frame is there at once. Raises as `begin`."""
        self.deep = False
        termios.tcsetattr(self._descriptor, termios.TCSANOW, self._awake)

    def undo(self, data: bytes) -> bytes:
        """Return what was sent, of the bytes `data` that were read from a line with parity."""
        if not self._used:
            return data
        before, text = len(self._last), self._last + data
        self._last = text[-1:]
        sound = text.replace(_CR + b"\r", _CR + b"\n").replace(_STX + b"\r", _STX + b"\n")
        # What is left was damaged, or stands behind what was: which of the two takes a closer, slower look.
        return (_LF.sub(b"\n", text) if b"\r" in sound else sound)[before:]
