"""The mean active power: right within 5 %, or not said."""

from __future__ import annotations

from random import Random

import pytest

from teleinfo.state.mean_power import ACCURACY, MIN_INTERVAL, RESTART_AFTER, MeanPower


def measured(watts: float, *, period: float, seconds: float, rng: Random) -> list[tuple[float, int | None]]:
    """Return the figures of a steady power and their times, read every `period` seconds with jitter."""
    power = MeanPower()
    now = 0.0
    figures = []
    begun_wh = rng.random()  # a part of a Wh was counted before the first frame
    while now < seconds:
        index = int(1000 + begun_wh + watts * now / 3600)
        power.add(index, now=now)
        figures.append((now, power.watts))
        now += period * rng.uniform(0.8, 1.2)
    return figures


@pytest.mark.parametrize("period", [1.0, 1.7, 2.5, 17.0])
@pytest.mark.parametrize("watts", [20, 400, 36000])
def test_a_steady_power_is_said_within_the_promised_share(watts: float, period: float) -> None:
    """Each figure is within 5 % (and the rounding to 1 W) of the power that was drawn."""
    for seed in range(4):
        read = measured(watts, period=period, seconds=1800, rng=Random(seed))
        figures = [figure for _, figure in read if figure is not None]

        assert figures, "nothing was said in half an hour"
        # 1.06: an interval that was measured 5 % too short gives 1 / 0.95 of the power.
        error = ACCURACY * watts * 1.06 + 1
        assert watts - error <= min(figures)
        assert max(figures) <= watts + error


@pytest.mark.parametrize("rows", [[range(1000, 1200), [5]], [[1000] * 1000]], ids=["falls", "never steps"])
def test_an_index_without_a_measured_step_says_nothing(rows: list[list[int]]) -> None:
    power = MeanPower()
    for second, index in enumerate(index for row in rows for index in row):
        power.add(index, now=float(second))

    assert power.watts is None


LAST_INDEX = 1072
LAST_STEP = 71.0


def drawing() -> MeanPower:
    """Return a power after 71 s: a Wh a second, which is 3600 W, then one step of two Wh."""
    power = MeanPower()
    for second in range(71):
        power.add(1000 + second, now=float(second))
    power.add(LAST_INDEX, now=LAST_STEP)
    return power


def test_a_power_that_falls_is_what_the_smallest_step_would_make_of_it() -> None:
    """A minute after the last step the figure begins to fall; the next step is measured from that one."""
    power = drawing()
    assert (MeanPower().is_bound, power.is_bound) == (True, False)
    said = []
    for second in range(72, 172):
        power.add(LAST_INDEX, now=float(second))
        said.append(power.watts)
    assert power.is_bound
    power.add(LAST_INDEX + 10, now=172.0)

    # A Wh a second is 3600 W. A Wh in the 60 s since the last step is 60 W, and in 100 s 36 W.
    assert said[int(MIN_INTERVAL) - 2 : int(MIN_INTERVAL)] == [3600, 60]
    assert said[-1] == 36
    # 10 Wh in the 101 s from step to step.
    assert power.watts == round(10 * 3600 / 101)


def test_frames_that_are_missing_for_just_so_long_are_no_gap() -> None:
    """The last power stays; a second longer, and nobody knows what was drawn."""
    near = drawing()
    far = drawing()
    near.add(LAST_INDEX + 1, now=LAST_STEP + RESTART_AFTER)
    far.add(LAST_INDEX + 1, now=LAST_STEP + RESTART_AFTER + 1)

    assert near.watts == 3600
    assert far.watts is None


def test_a_power_that_the_meter_denies_is_zero() -> None:
    """It is so from the start, and again a minute after the last frame in which power flowed."""
    power = MeanPower()
    reported = []
    index = 1000
    begin = 100
    end = 300
    for second in range(400):
        flows = begin <= second < end
        if flows and second > begin:
            index += 1
        power.add(index, now=second, idle=not flows)
        reported.append((power.reported, power.is_bound))
    last_flowing = end - 1
    zero_again = last_flowing + int(MIN_INTERVAL)

    assert set(reported[:begin]) == {(0, False)}
    assert reported[last_flowing] == (3600, False)  # a Wh a second
    assert (0, False) not in reported[begin:zero_again]
    assert set(reported[zero_again:]) == {(0, False)}


def test_before_the_first_frame_nothing_is_reported() -> None:
    assert MeanPower().reported is None
