"""The power of the last hour, for the chart of the screen."""

from __future__ import annotations

from teleinfo.live.last_hour import BIN, REACH, RecentPower


def test_the_recent_power_is_the_mean_of_each_interval() -> None:
    """Powers of one interval are averaged; an interval without any has the power before it, for a while."""
    recent = RecentPower()
    for now, power in ((0.0, 100), (1.0, 200), (BIN, 400)):
        recent.add(power, now=now)

    assert recent.means(4, now=2 * BIN) == [None, 150, 400, 400]
    assert recent.means(1, now=2 * BIN + REACH) == [None]


def test_the_recent_power_is_that_of_an_hour() -> None:
    """The first interval is forgotten when another one follows an hour of them."""
    recent = RecentPower()
    for number in range(721):
        recent.add(number, now=number * BIN)

    assert recent.means(721, now=720 * BIN) == [None, *range(1, 721)]
