"""
A pseudo-terminal that stands for a serial port, seen from the far end.

Nothing here waits. The near end is opened only by the reader, who may come and go: so its absence is seen,
and what it left unread is thrown away, as a serial port does it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import struct
import termios
import tty
from pathlib import Path
from typing import Self

from teleinfo.common.i18n import N_

BAUDRATES = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
_CODES = {baudrate: getattr(termios, f"B{baudrate}") for baudrate in BAUDRATES}
_OUTPUT_SPEED = 5  # its place in the answer of tcgetattr
_NO_FOLDER = N_("its folder does not exist")


class PseudoTerminal:
    """
    A raw pseudo-terminal set to `baudrate` baud, and a symbolic link to it if `link` says where.

    `path` is that of the pseudo-terminal now, `port` what a reader should open. `open` raises OSError where
    the system has no pseudo-terminal left or the link cannot be made, KeyError for a speed that no port has.
    """

    def __init__(self, *, baudrate: int, link: Path | str | None = None) -> None:
        self.baudrate = baudrate
        self.link = None if link is None else Path(link)
        self.path = ""
        self._far = -1
        self._had_reader = False

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> str:
        """What a reader should open: the link, or the pseudo-terminal itself."""
        return self.path if self.link is None else str(self.link)

    @property
    def is_open(self) -> bool:
        """Whether the plug is in."""
        return self._far >= 0

    @property
    def attached(self) -> bool:
        """Whether somebody has the port open."""
        if not self.is_open:
            return False
        # The far end sees a hang-up from when the last reader has closed the port.
        poll = select.poll()
        poll.register(self._far, 0)
        return not poll.poll(0)

    @property
    def reader_baudrate(self) -> int | None:
        """The speed in baud that the reader set; None where the plug is out or no port has that speed."""
        if not self.is_open:
            return None
        code = termios.tcgetattr(self._far)[_OUTPUT_SPEED]
        return next((baudrate for baudrate in BAUDRATES if _CODES[baudrate] == code), None)

    def open(self) -> None:
        """Make the pseudo-terminal and point the link at it."""
        code = _CODES[self.baudrate]
        self._far, near = os.openpty()
        try:
            self.path = os.ttyname(near)
            os.set_blocking(self._far, False)
            tty.setraw(near)
            attributes = termios.tcgetattr(near)
            attributes[_OUTPUT_SPEED - 1] = attributes[_OUTPUT_SPEED] = code
            termios.tcsetattr(near, termios.TCSANOW, attributes)
        finally:
            # Kept open it would hide whether somebody reads.
            os.close(near)
        if self.link is not None:
            try:
                _point(self.link, self.path)
            except OSError as error:
                self.hang_up()
                reason = _NO_FOLDER if error.errno == errno.ENOENT else error.strerror
                raise OSError(error.errno, reason, str(self.link)) from error

    def hang_up(self) -> None:
        """Pull the plug: the reader gets an end of file, what it has not read is lost, the link dangles."""
        if self.is_open:
            os.close(self._far)
            self._far = -1

    def close(self) -> None:
        """Pull the plug and remove the link, unless that points elsewhere by now."""
        self.hang_up()
        if self.link is not None:
            with contextlib.suppress(OSError):
                if str(self.link.readlink()) == self.path:
                    self.link.unlink()

    def reopen(self) -> None:
        """Plug in again behind the same link, with another number."""
        old = self._far
        try:
            self.open()
        finally:
            # Closed only now, because a number that is free is given again.
            if old not in {-1, self._far}:
                os.close(old)

    def put(self, data: bytes) -> int:
        """Write what there is room for and return how many bytes that was; none where nobody reads."""
        if not self.attached:
            self._forget()
            return 0
        self._had_reader = True
        written = 0
        with contextlib.suppress(BlockingIOError):
            while written < len(data):
                written += os.write(self._far, data[written:])
        return written

    def unread(self) -> int:
        """Return how many bytes the reader has not taken yet."""
        with open(self.path, "rb", buffering=0, opener=_as_guest) as near:
            (count,) = struct.unpack("i", fcntl.ioctl(near, termios.FIONREAD, bytes(4)))
        return int(count)

    def _forget(self) -> None:
        """Throw away what the last reader left: the next one gets what is on the line from then on."""
        if self._had_reader and self.is_open:
            self._had_reader = False
            with open(self.path, "rb", buffering=0, opener=_as_guest) as near:
                termios.tcflush(near, termios.TCIFLUSH)


def _point(link: Path, path: str) -> None:
    """Make `link` a symbolic link to `path`, in place of one that may be there, but of nothing else."""
    if os.path.lexists(link) and not link.is_symlink():
        raise FileExistsError(errno.EEXIST, N_("it is there already, and is no symbolic link"), str(link))
    # Renamed into place: a reader finds the old port or the new one, never none.
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(path)
    new.replace(link)


def _as_guest(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOCTTY | os.O_NONBLOCK)
