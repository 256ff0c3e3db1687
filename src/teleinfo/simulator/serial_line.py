"""
The line of a simulated meter: a pseudo-terminal (pty(7)) with the pace and the faults of a serial line.

Only the reader keeps the slave side open, so that its absence can be noticed. It may open the port again; the
bytes that it left unread are then discarded, as by a serial port.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import random
import select
import struct
import termios
import tty
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from teleinfo.common.i18n import N_
from teleinfo.simulator.encode import BITS, flip_bits, lose_bytes, misread, with_parity

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

_SPEEDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
SPEED_CODES = {baudrate: getattr(termios, f"B{baudrate}") for baudrate in _SPEEDS}
"""The speeds of a port, baud, and their codes in termios."""

_OUTPUT_SPEED = 5  # position in the attributes of termios
_POLL = 0.005  # seconds between two polls of the reader
# Polls in a row that must find nothing unread: a full buffer takes further bytes only after some were read.
_EMPTY_POLLS = 20
# Seconds: a sender that lags by more does not catch up; the line counts as idle meanwhile.
_MAX_LAG = 1.0


@dataclass(kw_only=True, eq=False)
class SerialLine:
    """
    A raw pseudo-terminal at `baudrate` baud; in a block, it is open.

    - `link`: the path of a symbolic link to the pseudo-terminal, which has another `path` after each `open`.
    - `speed`: the line is so many times faster than a real one; at speed 0 it is as fast as its reader.
    - `parity`: bit 7 has even parity.
    - `noise`: the probability, 0 to 1, with which each bit flips, by `rng`.
    - `lost`: the share of the bytes that are lost, eight at a time.
    - `strict_speed`: a reader set to another speed receives the bytes that a UART would receive.
    - `elapsed`: seconds since the line began, in its own time: `speed` times that of the clock.
    """

    baudrate: int = 1200
    link: Path | None = None
    speed: float = 1.0
    parity: bool = True
    noise: float = 0.0
    lost: float = 0.0
    rng: random.Random = field(default_factory=random.Random)
    strict_speed: bool = False

    def __post_init__(self) -> None:
        self.path = ""
        self.elapsed = 0.0
        self._master = -1
        self._start: float | None = None  # on the clock of the event loop

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> str:
        """The path for a reader: the link, or the pseudo-terminal itself."""
        return self.path if self.link is None else str(self.link)

    def fileno(self) -> int:
        """Return the descriptor of the master side; -1 where there is no port."""
        return self._master

    @property
    def attached(self) -> bool:
        """True if a reader has the port open."""
        if self._master < 0:
            return False
        # The master side reports a hang-up (POLLHUP) as long as nobody has the slave side open.
        poll = select.poll()
        poll.register(self._master, 0)
        return not poll.poll(0)

    @property
    def reader_baudrate(self) -> int | None:
        """The speed in baud that the reader set; None without a port, or if `SPEED_CODES` lacks the speed."""
        if self._master < 0:
            return None
        set_code = termios.tcgetattr(self._master)[_OUTPUT_SPEED]
        for baudrate, code in SPEED_CODES.items():
            if code == set_code:
                return baudrate
        return None

    def open(self) -> None:
        """
        Create a pseudo-terminal with a new number, and the link to it.

        Raises OSError if the system has no pseudo-terminal left or the link cannot be made, KeyError for a
        speed that no port has.
        """
        code = SPEED_CODES[self.baudrate]
        # Close the earlier pseudo-terminal afterwards: the system reuses its number as soon as it is free.
        master, slave = os.openpty()
        self.hang_up()
        self._master = master
        self.path = os.ttyname(slave)
        os.set_blocking(master, False)
        tty.setraw(slave)
        attributes = termios.tcgetattr(slave)
        attributes[_OUTPUT_SPEED - 1] = attributes[_OUTPUT_SPEED] = code
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        os.close(slave)  # if it stayed open, it would count as a reader
        if self.link is not None:
            try:
                _point(self.link, self.path)
            except OSError as error:
                self.hang_up()
                reason = N_("its folder does not exist") if error.errno == errno.ENOENT else error.strerror
                raise OSError(error.errno, reason, str(self.link)) from error

    def hang_up(self) -> None:
        """Remove the port: the reader gets an end of file, unread bytes are lost, and the link dangles."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def close(self) -> None:
        """Remove the port, and its link unless the link points elsewhere by now."""
        self.hang_up()
        with contextlib.suppress(OSError):
            if self.link is not None and str(self.link.readlink()) == self.path:
                self.link.unlink()

    def write(self, data: bytes) -> int:
        """Send the bytes that fit into the buffer of the reader, at once; return their number."""
        if not self.attached:
            if self._master >= 0:  # the next reader receives only the bytes that are sent from then on
                with self._slave() as slave:
                    termios.tcflush(slave, termios.TCIFLUSH)
            return 0
        written = 0
        with contextlib.suppress(BlockingIOError):
            while written < len(data):
                written += os.write(self._master, data[written:])
        return written

    async def send(self, data: bytes, *, encoded: bool = False) -> None:
        """
        Send seven-bit characters at the speed of the line, with its parity and noise.

        `encoded` bytes already have their parity, or lost it before: no parity is added.
        """
        if self.parity and not encoded:
            data = with_parity(data)
        has_parity = self.parity or encoded
        data = flip_bits(data, self.noise, self.rng, width=8 if has_parity else 7)
        data = lose_bytes(data, self.lost, self.rng)
        # Bytes to send at once: the FIFO of a UART, or the bytes of 5 ms on a faster line.
        size = max(8, int(self.baudrate / BITS * self.speed * 0.005)) if self.speed else 256
        for start in range(0, len(data), size):
            chunk = data[start : start + size]
            await self.idle(len(chunk) * BITS / self.baudrate)
            received = self.reader_baudrate if self.strict_speed else None
            if received is not None and received != self.baudrate:
                chunk = misread(chunk, sent=self.baudrate, received=received)
            if self.speed:
                self.write(chunk)
                continue
            while chunk := chunk[self.write(chunk) :]:  # noqa: ASYNC110 -- no event reports it
                await asyncio.sleep(_POLL)
            await asyncio.sleep(0)

    async def idle(self, seconds: float) -> None:
        """
        Leave the line silent for `seconds` of simulated time.

        A late wake-up shortens the next wait. A lag of more than `_MAX_LAG` is skipped whole.
        """
        now = asyncio.get_running_loop().time()
        wait = 0.0
        if self.speed:
            if self._start is None:
                self._start = now - self.elapsed / self.speed
            wait = self._start + (self.elapsed + seconds) / self.speed - now
            late = -wait
            if late > _MAX_LAG:
                self.elapsed += late * self.speed  # the line counts as idle meanwhile
        self.elapsed += seconds
        await asyncio.sleep(max(0.0, wait))

    async def until_attached(self) -> None:
        """Wait until somebody opens the port."""
        while not self.attached:  # noqa: ASYNC110 -- no event reports it
            await asyncio.sleep(_POLL)

    async def until_read(self) -> None:
        """Wait until the reader has read all or is gone."""
        empty = 0
        while self.attached and empty < _EMPTY_POLLS:
            await asyncio.sleep(_POLL)
            empty = 0 if self.unread() else empty + 1

    def unread(self) -> int:
        """Return the number of bytes that the reader has not read yet."""
        with self._slave() as slave:
            # The system passes on what was written in its own time; unlike FIONREAD, select waits for it.
            select.select([slave], [], [], 0)
            (count,) = struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, bytes(4)))
        return int(count)

    def _slave(self) -> FileIO:
        return os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK), "rb", buffering=0)


def _point(link: Path, path: str) -> None:
    """Make `link` a symbolic link to `path`; it may replace a symbolic link, but nothing else."""
    if os.path.lexists(link) and not link.is_symlink():
        raise FileExistsError(errno.EEXIST, N_("it is there already, and is no symbolic link"), str(link))
    # Rename a new link into place, so that there is a link at every moment.
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(path)
    new.replace(link)
