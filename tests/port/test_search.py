"""The choice of the speed, with a clock that the test turns."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teleinfo.port.errors import device_lost
from teleinfo.port.search import DWELL, ENOUGH_GROUPS, SpeedSearch, candidates, speeds_at
from teleinfo.port.serial_port import LineProtocol
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from tests.support import virtual
from tests.support.frames import whole
from tests.support.ports import IGNORE

OWN_SPEED = {1200: Mode.HISTORIQUE, 9600: Mode.STANDARD}
LOOK = 1.0  # seconds between two looks at the frame in progress, as the reader does it
REOPEN = 0.1  # seconds, generous


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
        ("standard", 19200, (19200,)),
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
    search.open(IGNORE)
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
    search.open(IGNORE)
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
        assert await search.is_heard(LineProtocol(IGNORE, partial(device_lost, "port"))) is heard
        return loop.time() - began

    assert virtual.run(scenario()) == pytest.approx(seconds)


@given(
    meter=st.sampled_from([1200, 9600]),
    first=st.sampled_from([1200, 9600]),
    phase=st.floats(0, 1),
    frame=st.floats(0.65, 3.7),
    look=st.floats(0, LOOK),
)
@example(meter=1200, first=9600, phase=0.0, frame=3.7, look=0.0)
def test_the_meter_is_found_in_time_and_again_when_it_changes(
    meter: int, first: int, phase: float, frame: float, look: float
) -> None:
    """Whatever speed worked before, and wherever in its frame the meter is, it is heard within 15 s."""
    search = Search(1200, 9600)
    if first == 9600:
        search.next_speed()
    frame = frame if meter == 1200 else min(frame, 1.8)

    found = _find(search, meter=meter, phase=phase * frame, frame=frame, look=look)

    assert found <= 15.0
    assert search.baudrate == meter


def _find(search: Search, *, meter: int, phase: float, frame: float, look: float) -> float:
    """Turn the clock until the search hears a meter that sends a group each twelfth of `frame` seconds."""
    opened = 0.0
    now = look
    while now < 60.0:
        if search.should_switch(now - opened):
            search.next_speed()
            search.open(IGNORE)
            now = opened = now + REOPEN
        now += LOOK
        if search.baudrate != meter:
            search.has_heard(None, 0)
            continue
        # The frame in progress begins with the last STX, if the port was open by then.
        begun = (now - phase) // frame * frame + phase
        complete = begun - frame >= opened
        groups = int((now - begun) / frame * 12) if begun >= opened else 0
        if complete or search.has_heard(OWN_SPEED[meter], groups):
            return now
    return now
