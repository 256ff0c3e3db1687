"""The port vanishes, is taken, forbidden or hangs, and the daemon recovers by itself."""

from __future__ import annotations

import itertools
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.faults.port_faults import hang
from tests.lab.scenarios import next_index, run_together
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.procfs import descriptors
from tests.support.scenario import LONG, Scenario, historique, until
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from tests.support.figures import Figures

pytestmark = pytest.mark.real

FRAME = historique(12345)
RIGHTS = "no right to read the serial port"


def replug(meter: Meter) -> None:
    """Plug an adapter in again that was pulled out: behind the same link, with another number."""
    old = meter.line.path
    spares: list[tuple[int, int]] = []
    while not Path(old).exists():  # until the number that became free is taken, by whomever
        spares.append(os.openpty())
    meter.line.open()
    for descriptor in itertools.chain(*spares):
        os.close(descriptor)

    assert meter.line.path != old


def plug_and_unplug(folder: Path, figures: Figures, *, times: int) -> None:
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
            figures.kept("port: seen that it is gone", time.monotonic() - pulled, at_most=1)
            subscriber.drain()
            replug(meter)
            back = time.monotonic()
            until(lambda: meter.line.attached)
            figures.kept("port: open after it is back", time.monotonic() - back, at_most=5)
            next_index(subscriber)
            figures.kept("port: first reading after it is back", time.monotonic() - back, at_most=15)
            counts.append(len(descriptors(scenario.pid)))
        assert max(counts) <= counts[0], counts
        assert scenario.stop()[0] == 0


def test_an_adapter_that_is_pulled_out_is_read_again(tmp_path: Path, figures: Figures) -> None:
    """
    1. Pulled out: the descriptor is closed within 1 s, so that the number becomes free.

    2. Plugged in behind the same link with a new number: open within 5 s, read within 15 s.
    3. Five times: no descriptor more than after the first.
    """
    plug_and_unplug(tmp_path, figures, times=5)


@pytest.mark.soak
def test_two_hundred_pulls_leak_nothing(tmp_path: Path, figures: Figures) -> None:
    """The case of an adapter that is pulled out, two hundred times."""
    plug_and_unplug(tmp_path, figures, times=200)


def test_a_port_that_cannot_be_had_is_said_once_and_read_when_it_can(tmp_path: Path) -> None:
    """
    1. Locked by another process: logged, and open once the lock is gone.

    2. Disturbed by a program that reads too: logged as one outage, which ends with that program.
    3. Without rights: logged with advice, and open once they are given.
    """

    def locked(place: Path) -> None:
        with Meter(FRAME, link=place / "meter") as meter:
            holder = _lock(meter.line.path)
            with Scenario(place, None, place / "meter") as scenario:
                scenario.expect_log("another program reads the serial port")
                scenario.notify.expect("STATUS=another program reads the serial port")
                holder.kill()
                holder.wait()
                _expect_back(scenario)

    def disturbed(place: Path) -> None:
        with Meter(FRAME, period=0.05, link=place / "meter") as meter:
            with Scenario(place, None, place / "meter", serial_mode="historique") as scenario:
                scenario.expect_log("reading a meter")
                with _SecondReader(meter.line.path):
                    # By chance one of the two reads first; while the daemon does, no byte is lost.
                    scenario.expect_log("another program reads the serial port", limit=LONG)
                    time.sleep(3)  # the case: it goes on for a while, and is one outage, or one that returns
                _expect_back(scenario, most=2)

    def forbidden(place: Path) -> None:
        with Meter(FRAME, link=place / "meter") as meter:
            scenario = Scenario(place, None, place / "meter")
            _take_rights(meter.line.path, scenario)
            with scenario:
                scenario.expect_log(RIGHTS)
                scenario.expect_log("dialout")
                scenario.notify.expect(f"STATUS={RIGHTS}")
                _give_rights(meter.line.path)
                _expect_back(scenario)

    run_together(tmp_path, locked, disturbed, forbidden)


def _expect_back(scenario: Scenario, *, most: int = 1) -> None:
    """Require the two lines of an outage, or of `most`, and a clean stop."""
    scenario.expect_log("is open again after")

    assert 1 <= len(scenario.lines("no meter")) <= most
    assert scenario.stop()[0] == 0


def _lock(path: str) -> subprocess.Popen[str]:
    """Return a process that holds the port as a well-behaved program does."""
    code = "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, 2); print('held', flush=True)"
    holder = subprocess.Popen(
        [sys.executable, "-c", f"{code}; time.sleep(60)", path], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder.stdout as run:
        assert run.readline() == "held\n"
    return holder


class _SecondReader:
    """Reads the port too, without asking, while its block runs."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="second reader", daemon=True)

    def _read(self) -> None:
        poller = select.poll()
        poller.register(self._descriptor, select.POLLIN)
        while not self._ended.is_set():
            if poller.poll(100):
                try:
                    os.read(self._descriptor, 4096)
                except BlockingIOError:
                    continue

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(5)
        os.close(self._descriptor)


def _take_rights(path: str, scenario: Scenario) -> None:
    """Forbid the port to the daemon; root gives up the right to overrule this."""
    if os.geteuid() == 0:
        os.chown(path, 65534, -1)
        scenario.command[:0] = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    Path(path).chmod(0o600 if os.geteuid() == 0 else 0)


def _give_rights(path: str) -> None:
    if os.geteuid() == 0:
        os.chown(path, 0, -1)
    Path(path).chmod(0o600)


def test_a_driver_that_hangs_is_said_and_does_not_hold_the_daemon(tmp_path: Path, figures: Figures) -> None:
    """
    1. Opening hangs: logged, and the watchdog is fed. It comes back: the port is read.

    2. Closing hangs: logged. It comes back: the port is read. It hangs again: SIGTERM ends the daemon.
    """

    def opening(place: Path) -> None:
        flag, _, patch = hang(place)
        flag.touch()
        with Meter(FRAME, link=place / "meter"):
            with Scenario(place, None, place / "meter", patch=patch, watchdog=6) as scenario:
                scenario.expect_log("its driver hangs", limit=30)
                scenario.notify.expect("STATUS=the driver of the serial port hangs")
                # In six seconds systemd wants three of them; the opening alone took ten.
                assert len(scenario.notify.times("WATCHDOG=1")) >= 3
                flag.unlink()
                _expect_back(scenario)

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
                status, seconds = scenario.stop()
                assert status == 0
                figures.kept("stop: while the port hangs in close", seconds, at_most=1)

    run_together(tmp_path, opening, closing)
