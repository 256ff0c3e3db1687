"""The mean active power: right within 5 %, or not said."""

from __future__ import annotations

from random import Random

import pytest

from teleinfo.state.mean_power import ACCURACY, MIN_INTERVAL, RESTART_AFTER, MeanPower


def measured(watts: float, *, period: float, seconds: float, rng: Random) -> list[tuple[float, int | None]]:
    """Return the figures of a steady power and their times, read every `period` seconds with jitter."""
    power, now, figures = MeanPower(), 0.0, []
    offset = rng.random()
    while now < seconds:
        power.add(int(1000 + offset + watts * now / 3600), now=now)
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
        assert all(abs(figure - watts) <= ACCURACY * watts * 1.06 + 1 for figure in figures), set(figures)


@pytest.mark.parametrize("rows", [[range(1000, 1200), [5]], [[1000] * 1000]], ids=["falls", "never steps"])
def test_an_index_without_a_measured_step_says_nothing(rows: list[list[int]]) -> None:
    power = MeanPower()
    for second, index in enumerate(index for row in rows for index in row):
        power.add(index, now=float(second))

    assert power.watts is None


def drawing() -> MeanPower:
    """Return a power after 71 s: a Wh a second, then one step of two Wh."""
    power = MeanPower()
    for second in range(71):
        power.add(1000 + second, now=float(second))
    power.add(1072, now=71.0)
    return power


def test_a_power_that_falls_is_what_the_smallest_step_would_make_of_it() -> None:
    """A minute after the last step the figure begins to fall; the next step is measured from that one."""
    power = drawing()
    assert (MeanPower().is_bound, power.is_bound) == (True, False)
    said = []
    for second in range(72, 172):
        power.add(1072, now=float(second))
        said.append(power.watts)
    assert power.is_bound
    power.add(1082, now=172.0)

    assert said[int(MIN_INTERVAL) - 2 : int(MIN_INTERVAL)] == [3600, 60]
    assert said[-1] == 36
    assert power.watts == 356


def test_frames_that_are_missing_for_just_so_long_are_no_gap() -> None:
    """A second longer, and nobody knows what was drawn."""
    near, far = drawing(), drawing()
    near.add(1073, now=71.0 + RESTART_AFTER)
    far.add(1073, now=71.0 + RESTART_AFTER + 1)

    assert near.watts == 3600
    assert far.watts is None


def test_a_power_that_the_meter_denies_is_zero() -> None:
    power, reported = MeanPower(), []
    for second in range(400):
        flows = 100 <= second < 300
        power.add(1000 + max(0, second - 100) * flows + 199 * (second >= 300), now=second, idle=not flows)
        reported.append((power.reported, power.is_bound))

    assert set(reported[:100]) == {(0, False)}
    assert reported[299] == (3600, False)
    assert (0, False) not in reported[100 : 299 + int(MIN_INTERVAL)]
    assert set(reported[299 + int(MIN_INTERVAL) :]) == {(0, False)}
