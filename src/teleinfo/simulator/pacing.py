"""
The time of a serial line: when the next bytes have gone over it.

Pure: the caller tells the monotonic time and waits. Errors of the waits do not add up: each is told against
the beginning.
"""

from __future__ import annotations

_BITS = 10  # of each character: start, eight, stop
# A sender that is later than this does not catch up: the line was idle meanwhile.
_PATIENCE = 1.0


class Pacer:
    """
    A line at `baudrate` baud, `speed` times faster; at speed 0 nothing ever waits.

    `elapsed` is the time on the line in seconds since it began, as a meter that sends over it lives it.
    """

    def __init__(self, *, baudrate: int, speed: float = 1.0) -> None:
        self.elapsed = 0.0
        self._baudrate = baudrate
        self._speed = speed
        self._start: float | None = None

    @property
    def chunk(self) -> int:
        """So many bytes at once: a UART's FIFO, but not less than 5 ms, which is what waits are worth."""
        return max(8, int(self._baudrate / _BITS * self._speed * 0.005)) if self._speed else 256

    def send(self, count: int, now: float) -> float:
        """Take `count` bytes at `now` and return after how many seconds they have gone, at least 0."""
        return self.idle(count * _BITS / self._baudrate, now)

    def idle(self, seconds: float, now: float) -> float:
        """Let `seconds` of the line's time pass from `now` and return how many to wait, at least 0."""
        self.elapsed += seconds
        if not self._speed:
            return 0.0
        if self._start is None:
            self._start = now - (self.elapsed - seconds) / self._speed
        wait = self._start + self.elapsed / self._speed - now
        if wait < -_PATIENCE:
            self.elapsed -= wait * self._speed
        return max(0.0, wait)
