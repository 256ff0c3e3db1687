"""The power of the last hour, for the chart of the screen."""

from __future__ import annotations

from teleinfo.watch.last_hour import BIN, RecentPower


def test_the_recent_power_is_the_mean_of_each_interval_of_an_hour() -> None:
    """An interval without a power is unknown; the first one is forgotten after an hour."""
    recent = RecentPower()
    for number in range(721):
        recent.add(number, now=number * BIN)
        recent.add(number + 2, now=number * BIN + 1)

    assert recent.means(722, now=720 * BIN) == [None, None, *range(2, 722)]
