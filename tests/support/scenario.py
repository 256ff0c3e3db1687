"""Frames with an index of one's choice, a meter that counts, and the waiting for what they lead to."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.tic.labels import Mode
from tests.support.daemon import Meter
from tests.support.frames import whole
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

IDENTIFIER = "041961123456"
"""ADCO, ADSC, and the end of PRM."""

FIRST_INDEX = 10_000


def historique(index: int) -> bytes:
    """Return a frame of a single tariff whose BASE is `index`."""
    return with_parity(encode_frame(whole(ADCO=IDENTIFIER, BASE=f"{index:09}")))


def standard(index: int) -> bytes:
    """Return a frame whose EAST is `index`."""
    groups = whole(Mode.STANDARD, ADSC=IDENTIFIER, EAST=f"{index:09}", PRM=f"00{IDENTIFIER}")
    return with_parity(encode_frame(groups))


class CountingMeter(Meter):
    """A meter whose index rises by one with each frame, while it is `sending`; `last` is the latest."""

    def __init__(self, *, period: float, frame: Callable[[int], bytes]) -> None:
        super().__init__(None, period=period)
        self.last = FIRST_INDEX
        self.sending = True
        self._frame = frame
        self._lock = threading.Lock()

    def pause(self) -> int:
        """Send no more, and return the last index that was sent."""
        with self._lock:
            self.sending = False
            return self.last

    def _send(self) -> None:
        while not self._ended.wait(self._period):
            with self._lock:
                if self.sending:
                    self.last += 1
                    self.line.write(self._frame(self.last))


def until(true: Callable[[], object], *, limit: float = LIMIT, what: str = "it") -> None:
    """Return once `true()` holds; fail after `limit` seconds."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {limit} s"
        time.sleep(0.03)
