"""
The port vanishes or hangs, and the daemon recovers by itself.

One that is taken or forbidden is a journey (rows 7 and 8 of tests/lab/journeys/table.toml).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.faults.port_faults import hang
from tests.lab.procfs import descriptors
from tests.lab.scenarios import Scenario, next_index, run_together
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.figures import promise
from tests.support.scenario import historique, until
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

FRAME = historique(12345)


def replug(meter: Meter) -> None:
    """Plug an adapter in again that was pulled out: behind the same link, with another number."""
    old = meter.line.path
    meter.line.open()

    assert meter.line.path != old


def plug_and_unplug(folder: Path, *, times: int) -> None:
    """Play the case of `test_an_adapter_that_is_pulled_out_…`."""
    with (
        MosquittoBroker(folder) as broker,
        Subscriber(broker.host, broker.port, "teleinfo") as subscriber,
        Meter(FRAME, period=0.1, link=folder / "meter") as meter,
        Scenario(folder, broker, folder / "meter", serial_mode="historique") as scenario,
    ):
        next_index(subscriber)
        counts = []
        for _ in range(times):
            pulled = time.monotonic()
            meter.line.hang_up()
            until(lambda: not scenario.holds(meter.line.path))
            promise("port: seen that it is gone", time.monotonic() - pulled, at_most=1)
            subscriber.drain()
            replug(meter)
            back = time.monotonic()
            until(lambda: meter.line.attached)
            promise("port: open after it is back", time.monotonic() - back, at_most=5)
            next_index(subscriber)
            promise("port: first reading after it is back", time.monotonic() - back, at_most=15)
            counts.append(len(descriptors(scenario.pid)))
        assert max(counts) <= counts[0], counts
        assert scenario.stop()[0] == 0


def test_an_adapter_that_is_pulled_out_is_read_again(tmp_path: Path) -> None:
    """
    1. Pulled out: the descriptor is closed within 1 s, so that the number becomes free.

    2. Plugged in behind the same link with a new number: open within 5 s, read within 15 s.
    3. Five times: no descriptor more than after the first.
    """
    plug_and_unplug(tmp_path, times=5)


@pytest.mark.soak
def test_two_hundred_pulls_leak_nothing(tmp_path: Path) -> None:
    """The case of an adapter that is pulled out, two hundred times."""
    plug_and_unplug(tmp_path, times=200)


def test_a_driver_that_hangs_is_said_and_does_not_hold_the_daemon(tmp_path: Path) -> None:
    """
    1. Opening hangs: logged, and the watchdog is fed. It comes back: the port is read.

    2. Closing hangs: logged. It comes back: the port is read.
    3. Either hangs again: SIGTERM ends the daemon.
    """

    def stop(scenario: Scenario, where: str) -> None:
        status, seconds = scenario.stop()
        assert status == 0
        promise(f"stop: while the port hangs in {where}", seconds, at_most=1)

    def opening(place: Path) -> None:
        flag, _, patch = hang(place)
        flag.touch()
        with Meter(FRAME, link=place / "meter") as meter:
            with Scenario(place, None, place / "meter", patch=patch, watchdog=6) as scenario:
                scenario.expect_log("its driver hangs", limit=30)
                scenario.notify.expect("STATUS=the driver of the serial port hangs")
                # In six seconds systemd wants three of them; the opening alone took ten.
                assert len(scenario.notify.times("WATCHDOG=1")) >= 3
                flag.unlink()
                scenario.expect_log("is open again after")
                assert len(scenario.lines("no meter")) == 1
                flag.touch()
                hung = time.monotonic()
                meter.line.open()
                scenario.notify.expect("STATUS=the driver of the serial port hangs", after=hung, limit=30)
                stop(scenario, "open")

    def closing(place: Path) -> None:
        _, flag, patch = hang(place)
        with Meter(FRAME, link=place / "meter") as meter:
            with Scenario(place, None, place / "meter", patch=patch, serial_mode="historique") as scenario:
                scenario.expect_log("reading a meter")
                flag.touch()
                meter.line.open()
                scenario.expect_log("has not finished opening or closing")
                flag.unlink()
                scenario.expect_log("is open again after")
                flag.touch()
                stop(scenario, "close")

    run_together(tmp_path, opening, closing)
