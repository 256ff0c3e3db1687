"""The choice of the speed, with a clock that the test turns."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from teleinfo.port.errors import device_lost
from teleinfo.port.search import DWELL, ENOUGH_GROUPS, SpeedSearch, candidates, speeds_at
from teleinfo.port.serial_port import LineProtocol
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from tests.support import virtual
from tests.support.frames import whole
from tests.support.ports import ignore


class Pending(Decoder):
    """A decoder whose frame in progress is `frame`: its mode, and the number of its sound groups."""

    def __init__(self) -> None:
        super().__init__()
        self.frame: tuple[Mode | None, int] = (None, 0)

    def pending(self) -> tuple[Mode | None, int]:
        """Return `frame`."""
        return self.frame


class Search(SpeedSearch):
    """A search whose frame in progress is given by the test."""

    def __init__(self, *baudrates: int) -> None:
        self._pending_decoder = Pending()
        super().__init__("/dev/ttyUSB0", baudrates, self._pending_decoder)

    def has_heard(self, mode: Mode | None, groups: int) -> bool:
        """True if such a frame in progress is new evidence of the meter."""
        self._pending_decoder.frame = (mode, groups)
        return self.check_pending()


@pytest.mark.parametrize(
    ("mode", "baudrate", "expected"),
    [
        ("auto", None, (1200, 9600)),
        ("historique", None, (1200,)),
    ],
)
def test_the_settings_say_which_speeds_are_tried(
    mode: str, baudrate: int | None, expected: tuple[int, ...]
) -> None:
    """An explicit speed is the only one; otherwise the mode decides. Behind a bridge nothing is searched."""
    assert candidates(mode, baudrate) == expected
    assert speeds_at("socket://bridge:8888", expected) == expected[:1]


def test_a_single_speed_is_never_left() -> None:
    assert not Search(300).should_switch(1e9)
    assert Search(1200, 9600).should_switch(DWELL)


def test_the_mode_is_that_of_the_meter_that_is_heard() -> None:
    """A reopening of the port keeps the mode; at another speed the mode is unknown."""
    search = Search(1200, 9600)
    assert search.has_heard(Mode.HISTORIQUE, 3)
    search.open(ignore)
    assert search.mode is Mode.HISTORIQUE

    search.next_speed()
    assert search.mode is None


def test_enough_groups_of_a_partial_frame_are_evidence_once() -> None:
    search = Search(1200, 9600)

    assert not search.has_heard(Mode.HISTORIQUE, ENOUGH_GROUPS - 1)
    assert search.mode is None
    assert search.has_heard(Mode.HISTORIQUE, 3)
    assert not search.has_heard(Mode.HISTORIQUE, 3)
    assert search.has_heard(Mode.HISTORIQUE, 4)
    search.open(ignore)
    assert search.has_heard(Mode.HISTORIQUE, 4)


@pytest.mark.parametrize(
    ("data", "heard", "seconds"), [(encode_frame(whole()), True, 2), (b"noise", False, DWELL)]
)
def test_a_search_listens_until_the_meter_is_heard(data: bytes, heard: bool, seconds: float) -> None:  # noqa: FBT001 - a parameter
    """After a bounded time the caller may try the next speed."""
    search = SpeedSearch("/dev/ttyUSB0", [1200, 9600], Decoder())

    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        loop.call_later(1.9, search.feed, data)
        assert await search.is_heard(LineProtocol(ignore, partial(device_lost, "port"))) is heard
        return loop.time() - began

    assert virtual.run(scenario()) == pytest.approx(seconds)
