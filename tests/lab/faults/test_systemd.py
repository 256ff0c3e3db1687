"""Messages to systemd: READY once, STATUS in plain words, WATCHDOG while all is well, STOPPING at the end."""

from __future__ import annotations

import itertools
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.scenarios import run_together
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.procfs import waited_for_processor
from tests.support.scenario import Scenario, historique
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.figures import Figures

pytestmark = pytest.mark.real

# SIGUSR1 blocks the event loop, as a mistake of the program would.
BLOCKS = """
import signal, time
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(60))
"""


def test_systemd_is_told_the_truth(tmp_path: Path, figures: Figures) -> None:
    """
    1. Neither broker nor port exist: READY within 5 s, once; WATCHDOG at least every 10 s all the same.

    2. Port, meter and broker come, and go: STATUS says so each time in plain words, and STOPPING ends it.
    3. The event loop is blocked: WATCHDOG is withheld from then on.
    """

    def nothing_there(place: Path) -> None:
        began = time.monotonic()
        with Scenario(place, None, place / "meter") as scenario:
            ready = scenario.notify.expect("READY=1")
            waited = waited_for_processor(scenario.pid)
            figures.kept("systemd: READY without broker and port", ready - began - waited, at_most=5)
            time.sleep(25)  # the case: nothing comes
            fed = scenario.notify.times("WATCHDOG=1")
            pauses = [later - earlier for earlier, later in itertools.pairwise([ready, *fed])]
            figures.kept("systemd: longest pause between two WATCHDOG", max(pauses), at_most=10)
            assert time.monotonic() - fed[-1] < 10.5
            assert len(scenario.lines("WARNING")) == 2  # one about each
            assert scenario.stop()[0] == 0
            assert len(scenario.notify.times("READY=1")) == 1

    def coming_and_going(place: Path) -> None:
        broker = MosquittoBroker(place, port=free_port())
        meter = Meter(historique(1), link=place / "meter")
        where = f"the broker at {broker.host}:{broker.port}"
        with Scenario(place, broker, place / "meter", serial_mode="historique") as scenario:
            notify = scenario.notify
            notify.expect(f"STATUS=no serial port; no frame yet; no connection to {where}")
            with broker:
                notify.expect(f"STATUS=no serial port; no frame yet; connected to {where}")
                meter.frame = None
                meter.__enter__()
                notify.expect("STATUS=listening for a meter at 1200 baud; no frame yet; connected")
                meter.frame = historique(1)
                online = notify.expect("STATUS=mode historique at 1200 baud; ")
                notify.expect("; 0.0% of the groups bad; connected", after=online, limit=30)
                meter.frame = None
                notify.expect("; the meter is silent, ", limit=30)
                gone = time.monotonic()
            notify.expect(f"; no connection to {where}", after=gone, limit=30)
            meter.line.hang_up()
            notify.expect("STATUS=the serial port went away; the meter is silent, ")
            assert scenario.stop()[0] == 0
        meter.__exit__()

        assert "STOPPING=1" in notify.heard
        assert len(notify.times("READY=1")) == 1

    def blocked(place: Path) -> None:
        with Scenario(place, None, place / "meter", watchdog=3, patch=BLOCKS) as scenario:
            scenario.notify.expect("READY=1")
            scenario.notify.expect("WATCHDOG=1", after=time.monotonic())
            os.kill(scenario.pid, signal.SIGUSR1)
            time.sleep(1)  # what was on its way has arrived
            before = len(scenario.notify.times("WATCHDOG=1"))
            time.sleep(5)  # the case: longer than systemd would wait
            assert len(scenario.notify.times("WATCHDOG=1")) == before

    run_together(tmp_path, nothing_there, coming_and_going, blocked)
