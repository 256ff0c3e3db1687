"""The active power: the true power is within the bar, and there is no bar where nothing proves it."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.state import injection
from teleinfo.state.active_power import ACCURACY, DOUBT, UNKNOWN_AFTER, Active, ActivePower, Flow
from teleinfo.tic.labels import Mode
from tests.support.household import frames

if TYPE_CHECKING:
    from collections.abc import Iterator


class Line:
    """A meter behind which the power is set by hand; a frame comes each second."""

    def __init__(self, *, rounding: int = 1, has_exported: bool = False) -> None:
        self.power = ActivePower()
        self.now = 0.0
        self.drawn = self.injected = 1000.5
        self._rounding = rounding
        self._has_exported = has_exported

    def run(self, seconds: int, active: float, apparent: float, *, heard: bool = True) -> Active | None:
        """Draw, or inject, an `active` power; return the power after the last frame."""
        for _ in range(seconds):
            self.now += 1
            if active >= 0:
                self.drawn += active / 3600
            else:
                self.injected -= active / 3600
            if heard:
                shown = round(apparent / self._rounding) * self._rounding
                energy = int(self.drawn if shown >= 0 else self.injected)
                self.add(Flow(shown, self._rounding, energy))
        return self.power.at(self.now)

    def add(self, flow: Flow) -> None:
        """Add a frame."""
        self.power.add(flow, now=self.now, has_exported=self._has_exported)


def known(active: Active | None) -> Active:
    """Return a power that must be known."""
    assert active is not None
    return active


def test_a_frame_at_the_time_of_the_last_one_changes_nothing() -> None:
    line = Line()
    before = line.run(60, 900, 1000)
    line.add(Flow(5000, 1, int(line.drawn) + 9))

    assert line.power.at(line.now) == before


def test_a_gap_makes_the_power_unknown() -> None:
    """The last power is given for 20 s; a frame after a longer gap begins anew."""
    line = Line()
    line.run(60, 900, 1000)

    assert line.power.at(line.now + UNKNOWN_AFTER) is not None
    assert line.power.at(line.now + UNKNOWN_AFTER + 1) is None
    line.run(21, 900, 1000, heard=False)
    assert line.run(1, 900, 1000) is None


def test_an_index_that_falls_begins_anew() -> None:
    line = Line()
    line.run(60, 900, 1000)
    line.drawn = 5.0

    assert line.run(1, 900, 1000) is None
    assert line.run(60, 900, 1000) is not None


def test_without_an_index_of_the_direction_the_current_bounds_the_power() -> None:
    """A meter without a contract to sell; afterwards S bounds it. It is unknown where no estimate is made."""
    line = Line()
    line.run(60, 900, 1000)
    line.now += 1
    line.add(Flow(-460, 10, None, 2.5 * 253))
    injected = known(line.power.at(line.now))
    afterwards = known(line.run(1, 900, 1000))
    line.now += 1
    line.add(Flow(0, 10, None))

    assert (injected.lower, injected.upper) == (-633, 0)
    assert -460 <= injected.value < -300
    assert (afterwards.lower, afterwards.upper) == (0, 1005)
    assert line.power.at(line.now) is None


def test_no_apparent_power_is_no_active_power() -> None:
    assert Line().run(1, 0, 0) == Active(0, 0, 1)
    assert Line(rounding=10).run(1, 2, 0) == Active(0, 0, 3)


def test_an_index_that_steps_without_apparent_power_proves_nothing() -> None:
    """The meter is faulty: its power stays 0."""
    line = Line()
    for _ in range(10):
        found = line.run(1, 3600, 0)

    assert found == Active(0, 0, 1)


def test_a_household_with_a_low_power_factor_gets_wider_bars() -> None:
    """
    It is 0.4, below `LEAST_FACTOR`, while 25 W are drawn: later bars reach down to 0.

    1. 25 W for 20 minutes. 2. In turn 105 W and 25 W, for 5 minutes each: the bars hold the true power.
    """
    line = Line()
    line.run(1200, active=25, apparent=63)
    is_right = []
    for _ in range(3):
        for active, apparent in [(105, 125), (25, 63)]:
            for _ in range(300):
                shown = known(line.run(1, active, apparent))
                is_right.append(shown.lower <= active <= shown.upper)

    assert statistics.mean(is_right) >= 0.985


def test_an_index_that_contradicts_the_bars_is_doubted_where_power_was_injected() -> None:
    """A PV router dims a heater while S stays: any power up to S is possible, and 0 W for two minutes."""
    line = Line(has_exported=True)
    line.run(60, -900, -1000)
    assert known(line.run(400, 900, 1000)).lower > 850
    line.run(8, 100, 1000)
    doubtful = [known(line.run(1, 100, 1000)) for _ in range(round(DOUBT) - 8)]
    afterwards = known(line.run(60, 100, 1000))

    assert (doubtful[0].lower, doubtful[0].upper) == (0, 1005)
    assert {each.lower for each in doubtful} == {0}
    assert 0 < afterwards.lower <= 100 <= min(each.upper for each in doubtful)


@pytest.mark.parametrize(
    ("house", "mode"),
    [("convectors", Mode.HISTORIQUE), ("kitchen", Mode.STANDARD), ("panels", Mode.STANDARD)],
)
def test_the_power_of_a_household_is_within_the_bar(house: str, mode: Mode) -> None:
    """Half an hour at noon, with lost frames; the bench has more of it."""
    power = ActivePower()
    right = []
    for frame in frames(house, 3, mode=mode, seconds=1800, lost=0.02):
        power.add(frame.flow, now=frame.time, has_exported=house == "panels")
        if (found := power.at(frame.time)) is not None:
            right.append(found.lower <= frame.watts <= found.upper)

    assert len(right) > 1200
    assert statistics.mean(right) >= 0.97


FLOWS = st.builds(
    Flow,
    st.integers(-99_999, 99_999) | st.integers(-50, 50) | st.just(0),
    st.sampled_from([1, 10]),
    st.none() | st.integers(0, 999_999_999),
    st.none(),
)


@st.composite
def lines(draw: st.DrawFn) -> list[tuple[float, Flow]]:
    """Draw frames with their times: any, or those of an index that rises."""
    steps = draw(st.lists(st.tuples(st.floats(0, 30), FLOWS, st.integers(0, 40)), max_size=60))
    rises = draw(st.booleans())
    now = 0.0
    energy = 0
    drawn = []
    for elapsed, flow, step in steps:
        now += elapsed
        energy += step
        frame = flow
        if rises:
            frame = flow._replace(energy=energy)
        drawn.append((now, frame))
    return drawn


def powers(line: list[tuple[float, Flow]], *, has_exported: bool) -> Iterator[tuple[Flow, Active]]:
    """Yield each frame with a power, and its power."""
    power = ActivePower()
    last = -1.0
    for now, flow in line:
        if now == last:
            continue
        last = now
        power.add(flow, now=now, has_exported=has_exported)
        if (found := power.at(now)) is not None:
            yield flow, found


@given(lines(), st.booleans())
def test_any_frames_give_an_ordered_bar_or_none(line: list[tuple[float, Flow]], exported: bool) -> None:  # noqa: FBT001
    largest = max((abs(flow.apparent) for _, flow in line), default=0)
    for flow, found in powers(line, has_exported=exported):
        assert found.lower <= found.value <= found.upper
        assert abs(found.value) <= abs(flow.apparent)
        if flow.apparent < 0:
            assert found.upper <= 0
        else:
            assert found.lower >= 0
        assert max(-found.lower, found.upper) <= 4 * largest * (1 + ACCURACY) + 6


STANDARD = {"SINSTS": "01000", "EAST": "000012345"}
PRODUCER = STANDARD | {"SINSTS": "00000", "SINSTI": "00700", "EAIT": "000000042"}
CACSI = STANDARD | {"SINSTS": "00000", "STGE": "00000200", "IRMS1": "004", "URMS1": "240"}
THREE_OUT = CACSI | {"PREF": "18", "SINSTS1": "00000", "SINSTS2": "02300", "SINSTS3": "00000"}
THREE_OUT |= {f"IRMS{n}": f"{amperes:03}" for n, amperes in enumerate((20, 10, 0), start=1)}
THREE_OUT |= dict.fromkeys(("URMS1", "URMS2", "URMS3"), "230")
IDLE = {"PAPP": "00000", "BASE": "000012345", "IINST": "000"}
THREE = {"PAPP": "00000", "BASE": "000012345", "IINST1": "001", "IINST2": "002", "IINST3": "000"}


@pytest.mark.parametrize(
    ("values", "flows_out", "flow"),
    [
        ({"PAPP": "01000", "OPTARIF": "HC..", "HCHC": "1", "HCHP": "2"}, False, Flow(1000, 10, 3)),
        (STANDARD | {"SINSTI": "00000", "EAIT": "000000042"}, True, Flow(1000, 1, 12345)),
        (PRODUCER, True, Flow(-700, 1, 42)),
        ({key: value for key, value in PRODUCER.items() if key != "EAIT"}, True, None),
        (CACSI, True, Flow(-960, 1, None, 4.5 * 253)),
        (THREE_OUT, True, Flow(2300 - 20 * 230, 1, None, 21.5 * 253)),
        (THREE_OUT | {"SINSTS2": "99999"}, True, Flow(0, 1, None)),
        (STANDARD | {"SINSTS": "00000"}, False, Flow(0, 1, 12345)),
        (IDLE, False, Flow(0, 10, 12345)),
        (IDLE, True, Flow(0, 10, None, 0.5 * 253)),
        (IDLE | {"IINST": "003"}, True, Flow(-690, 10, None, 3.5 * 253)),
        (THREE, True, Flow(0, 10, None)),
        ({"SINSTS": "01000"}, False, None),
        ({"EAST": "000012345"}, False, None),
    ],
)
def test_the_flow_of_a_frame(values: dict[str, str], flow: Flow | None, *, flows_out: bool) -> None:
    """PAPP is rounded to 10 VA; an injection without a contract has no index; a damaged frame is left out."""
    assert injection.flow(values, injection.outflow(values) if flows_out else None) == flow
