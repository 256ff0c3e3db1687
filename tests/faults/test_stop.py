"""A signal ends the daemon at any moment of its life, cleanly and in time; a second one ends it at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.port_faults import hang
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.process import LIMIT
from tests.support.scenario import Scenario, historique, run_together
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from tests.support.figures import Figures

pytestmark = [pytest.mark.real, pytest.mark.long]

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
MOMENTS = 17


def test_a_signal_during_the_start_is_no_accident(tmp_path: Path) -> None:
    """
    1. The daemon is started, and gets a signal at a random moment of its first second. Fifty-one times.

    2. It ends with 0, or by that signal where it was not yet there to say goodbye; never with a traceback.
    """
    chance = random.Random()

    def case(_: Path, number: signal.Signals) -> None:
        for moment in range(MOMENTS):
            # Most of the second it only waits: what is loaded and set up before is looked at more closely.
            delay = chance.uniform(0, 1.0 if moment % 3 == 0 else 0.3)
            status, said = start_and_signal(number, delay)
            when = f"{number.name} after {delay:.3f} s: {said}"
            assert status in (0, -number), when
            assert "Traceback" not in said, when
            assert "Exception" not in said, when

    run_together(tmp_path, *(_named(number.name, partial(case, number=number)) for number in SIGNALS))


def _named(name: str, case: partial[None]) -> partial[None]:
    case.__name__ = name  # type: ignore[attr-defined] # `together` names its folder so
    return case


def start_and_signal(number: signal.Signals, delay: float) -> tuple[int, str]:
    """Start a daemon without port and broker, send it a signal, return its exit status and what it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "teleinfo", "--env-file", os.devnull, "run"],
        env={"PATH": os.environ["PATH"], "TELEINFO_MQTT_PORT": "1", "TELEINFO_SERIAL_PORT": "/dev/null/no"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if number is signal.SIGINT:
            _until_python_has_started(process.pid)
        time.sleep(delay)
        process.send_signal(number)
        said = process.communicate(timeout=LIMIT)[1]
    finally:
        process.kill()
    return process.returncode, said


def _until_python_has_started(pid: int) -> None:
    """
    Return when the program has taken SIGINT from Python, or should have.

    For its first moments Python answers Ctrl-C with a traceback of its own, whatever the program. They last
    about as long again as those before: ten times that is long enough, on a slow machine as well.
    """
    process = Path(f"/proc/{pid}")
    caught_at = 0
    while not caught_at or _worked(process) < 10 * caught_at:
        status = dict(row.split(":", 1) for row in (process / "status").read_text().splitlines())
        is_caught = int(status["SigCgt"], 16) >> (signal.SIGINT - 1) & 1
        if caught_at and not is_caught:
            return
        if is_caught and not caught_at:
            caught_at = _worked(process)
        time.sleep(0.0005)


def _worked(process: Path) -> int:
    """Return for how many nanoseconds a process has had a processor."""
    return int((process / "schedstat").read_text().split()[0])


def test_every_signal_ends_a_daemon_whose_port_hangs(tmp_path: Path, figures: Figures) -> None:
    """
    1. The driver does not come back from open; the broker is there.

    2. SIGTERM, SIGINT, SIGHUP: `offline` is delivered, exit status 0, within 1 s.
    """
    with MosquittoBroker(tmp_path) as broker:

        def case(place: Path, number: signal.Signals) -> None:
            flag, _, patch = hang(place)
            flag.touch()
            with (
                Subscriber(broker.host, broker.port, f"{number.name}/status") as subscriber,
                Meter(historique(1), link=place / "meter"),
                Scenario(
                    place,
                    broker,
                    place / "meter",
                    patch=patch,
                    mqtt_topic=number.name,
                    mqtt_client_id=number.name,
                ) as scenario,
            ):
                scenario.notify.expect("; connected to the broker")
                subscriber.expect(f"{number.name}/status", b"offline")
                status, seconds = scenario.stop(number)
                subscriber.expect(f"{number.name}/status", b"offline")
                assert status == 0
                assert "STOPPING=1" in scenario.notify.heard
                figures.kept("stop: any signal while the port hangs in open", seconds, at_most=1)

        run_together(tmp_path, *(_named(number.name, partial(case, number=number)) for number in SIGNALS))


def test_a_second_signal_ends_it_at_once(tmp_path: Path, figures: Figures) -> None:
    """
    1. The broker is frozen: the goodbye to it takes two seconds.

    2. SIGTERM, and SIGTERM again: it is gone at once, by that signal.
    """
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(historique(1), link=tmp_path / "meter"),
        Scenario(tmp_path, broker, tmp_path / "meter") as scenario,
    ):
        scenario.notify.expect("; connected to the broker")
        scenario.expect_log("reading a meter")
        broker.freeze()
        scenario.process.send_signal(signal.SIGTERM)
        scenario.notify.expect("STOPPING=1")
        status, seconds = scenario.stop()
        broker.thaw()

    assert status == -signal.SIGTERM
    figures.kept("stop: a second signal", seconds, at_most=1)
