"""
A pseudo-terminal in place of a serial port, seen from its master side (pty(7)).

Nothing here waits. Only the reader keeps the slave side open, so that its absence can be noticed. It may open
the port again; the bytes that it left unread are then discarded, as by a serial port.
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
from typing import TYPE_CHECKING, Self

from teleinfo.common.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

SPEED_CODES = {
    baudrate: getattr(termios, f"B{baudrate}")
    for baudrate in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
}
"""The speeds of a port, baud, and their codes in termios."""

_OUTPUT_SPEED = 5  # position in the attributes of termios
_NO_FOLDER = N_("its folder does not exist")


class PseudoTerminal:
    """
    A raw pseudo-terminal set to `baudrate` baud, and a symbolic link to it at `link`, if that is given.

    `path` is the present pseudo-terminal. `open` raises OSError if the system has no pseudo-terminal left or
    the link cannot be made, KeyError for a speed that no port has.
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
        """The path for a reader: the link, or the pseudo-terminal itself."""
        return self.path if self.link is None else str(self.link)

    @property
    def is_open(self) -> bool:
        """True if the pseudo-terminal exists."""
        return self._master >= 0

    def fileno(self) -> int:
        """Return the descriptor of the master side; -1 where there is no port."""
        return self._master

    @property
    def attached(self) -> bool:
        """True if a reader has the port open."""
        if not self.is_open:
            return False
        # The master side reports a hang-up (POLLHUP) as long as nobody has the slave side open.
        poll = select.poll()
        poll.register(self._master, 0)
        return not poll.poll(0)

    @property
    def reader_baudrate(self) -> int | None:
        """The speed in baud that the reader set; None without a port, or if `SPEED_CODES` lacks the speed."""
        if not self.is_open:
            return None
        set_code = termios.tcgetattr(self._master)[_OUTPUT_SPEED]
        return next((baudrate for baudrate, code in SPEED_CODES.items() if code == set_code), None)

    def open(self) -> None:
        """Create a pseudo-terminal, whose number differs from that of the earlier one, and the link to it."""
        code = SPEED_CODES[self.baudrate]
        # Close the earlier pseudo-terminal afterwards: the system reuses its number as soon as it is free.
        master, slave = os.openpty()
        self.hang_up()
        self._master = master
        try:
            self.path = os.ttyname(slave)
            os.set_blocking(self._master, False)
            tty.setraw(slave)
            attributes = termios.tcgetattr(slave)
            attributes[_OUTPUT_SPEED - 1] = attributes[_OUTPUT_SPEED] = code
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
        finally:
            # If it stayed open, it would count as a reader.
            os.close(slave)
        if self.link is not None:
            try:
                _point(self.link, self.path)
            except OSError as error:
                self.hang_up()
                reason = _NO_FOLDER if error.errno == errno.ENOENT else error.strerror
                raise OSError(error.errno, reason, str(self.link)) from error

    def hang_up(self) -> None:
        """Remove the port: the reader gets an end of file, unread bytes are lost, and the link dangles."""
        if self.is_open:
            os.close(self._master)
            self._master = -1

    def close(self) -> None:
        """Remove the port, and its link unless the link points elsewhere by now."""
        self.hang_up()
        if self.link is not None:
            with contextlib.suppress(OSError):
                if str(self.link.readlink()) == self.path:
                    self.link.unlink()

    def put(self, data: bytes) -> int:
        """Write the bytes that fit into the buffer and return their number; 0 if there is no reader."""
        if not self.attached:
            if self._had_reader and self.is_open:
                # The next reader receives only the bytes that are sent from then on.
                self._had_reader = False
                with self._slave() as slave:
                    termios.tcflush(slave, termios.TCIFLUSH)
            return 0
        self._had_reader = True
        written = 0
        with contextlib.suppress(BlockingIOError):
            while written < len(data):
                written += os.write(self._master, data[written:])
        return written

    def unread(self) -> int:
        """Return the number of bytes that the reader has not read yet."""
        with self._slave() as slave:
            (count,) = struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, bytes(4)))
        return int(count)

    @contextlib.contextmanager
    def _slave(self) -> Iterator[int]:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _point(link: Path, path: str) -> None:
    """Make `link` a symbolic link to `path`; it may replace a symbolic link, but nothing else."""
    if os.path.lexists(link) and not link.is_symlink():
        raise FileExistsError(errno.EEXIST, N_("it is there already, and is no symbolic link"), str(link))
    # Rename a new link into place, so that there is a link at every moment.
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(path)
    new.replace(link)
