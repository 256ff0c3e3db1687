"""
A pseudo-terminal that takes the place of a serial port, seen from its master side (pty(7)).

Nothing here waits. Only the reader opens the slave side, and may do so again and again: so its absence can be
noticed, and the bytes that it left unread are discarded, as a serial port does it.
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
_OUTPUT_SPEED = 5  # index in the answer of tcgetattr
_NO_FOLDER = N_("its folder does not exist")


class PseudoTerminal:
    """
    A raw pseudo-terminal set to `baudrate` baud, and a symbolic link to it if `link` says where.

    `path` is the present pseudo-terminal, `port` what a reader should open. `open` raises OSError if the
    system has no pseudo-terminal left or the link cannot be made, KeyError for a speed that no port has.
    """

    def __init__(self, *, baudrate: int, link: Path | str | None = None) -> None:
        self.baudrate = baudrate
        self.link = None if link is None else Path(link)
        self.path = ""
        self._master = -1
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
        """Whether the pseudo-terminal exists."""
        return self._master >= 0

    def fileno(self) -> int:
        """Return the descriptor of the master side; -1 where there is no port."""
        return self._master

    @property
    def attached(self) -> bool:
        """Whether somebody has the port open."""
        if not self.is_open:
            return False
        # The master side has a hang-up (POLLHUP) as long as nobody has the slave side open.
        poll = select.poll()
        poll.register(self._master, 0)
        return not poll.poll(0)

    @property
    def reader_baudrate(self) -> int | None:
        """The speed in baud that the reader set; None if there is no port or no port has that speed."""
        if not self.is_open:
            return None
        code = termios.tcgetattr(self._master)[_OUTPUT_SPEED]
        return next((baudrate for baudrate in BAUDRATES if _CODES[baudrate] == code), None)

    def open(self) -> None:
        """Make the pseudo-terminal and the link to it."""
        code = _CODES[self.baudrate]
        self._master, slave = os.openpty()
        try:
            self.path = os.ttyname(slave)
            os.set_blocking(self._master, False)
            tty.setraw(slave)
            attributes = termios.tcgetattr(slave)
            attributes[_OUTPUT_SPEED - 1] = attributes[_OUTPUT_SPEED] = code
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
        finally:
            # Kept open it would count as a reader.
            os.close(slave)
        if self.link is not None:
            try:
                _point(self.link, self.path)
            except OSError as error:
                self.hang_up()
                reason = _NO_FOLDER if error.errno == errno.ENOENT else error.strerror
                raise OSError(error.errno, reason, str(self.link)) from error

    def hang_up(self) -> None:
        """Remove the port: the reader gets an end of file, what it has not read is lost, the link dangles."""
        if self.is_open:
            os.close(self._master)
            self._master = -1

    def close(self) -> None:
        """Remove the port and its link, unless that points elsewhere by now."""
        self.hang_up()
        if self.link is not None:
            with contextlib.suppress(OSError):
                if str(self.link.readlink()) == self.path:
                    self.link.unlink()

    def reopen(self) -> None:
        """Make another port, with another number, behind the same link."""
        old = self._master
        try:
            self.open()
        finally:
            # Closed only now: the system gives a number again as soon as it is free.
            if old not in {-1, self._master}:
                os.close(old)

    def put(self, data: bytes) -> int:
        """Write what fits into the buffer and return how many bytes that was; none if there is no reader."""
        if not self.attached:
            self._discard_unread()
            return 0
        self._had_reader = True
        written = 0
        with contextlib.suppress(BlockingIOError):
            while written < len(data):
                written += os.write(self._master, data[written:])
        return written

    def unread(self) -> int:
        """Return how many bytes the reader has not taken yet."""
        with open(self.path, "rb", buffering=0, opener=_without_blocking) as slave:
            (count,) = struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, bytes(4)))
        return int(count)

    def _discard_unread(self) -> None:
        """Discard what the last reader left: the next one receives what is sent from then on."""
        if self._had_reader and self.is_open:
            self._had_reader = False
            with open(self.path, "rb", buffering=0, opener=_without_blocking) as slave:
                termios.tcflush(slave, termios.TCIFLUSH)


def _point(link: Path, path: str) -> None:
    """Make `link` a symbolic link to `path`; it may replace a symbolic link, but nothing else."""
    if os.path.lexists(link) and not link.is_symlink():
        raise FileExistsError(errno.EEXIST, N_("it is there already, and is no symbolic link"), str(link))
    # Renamed into place, so that the link exists at every moment.
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(path)
    new.replace(link)


def _without_blocking(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOCTTY | os.O_NONBLOCK)
