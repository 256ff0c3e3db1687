"""The wall clock may jump, as on a Pi without a battery, and the SD card is left alone."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import teleinfo
from teleinfo.state.energy import ImportTotal
from teleinfo.state.memory import Memory, encode
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter, PipedDaemon, settings_for
from tests.support.procfs import number
from tests.support.scenario import IDENTIFIER, Scenario, historique
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from tests.support.figures import Figures

SOURCES = Path(teleinfo.__file__).parent
WALL_CLOCK = re.compile(r"\btime\.time\(|\btime_ns\(|datetime\.now\(|utcnow\(|\.today\(|localtime\(|gmtime\(")
YEAR = 365 * 24 * 3600


def faketime() -> Path:
    """Return the library that changes the wall clock of a process, or skip the test."""
    found = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if found is None:
        pytest.skip("libfaketime is not installed (package faketime)")
    return found


def faked(clock: Path) -> dict[str, str]:
    """Return the environment of a process whose wall clock is off by what the file `clock` says."""
    return {
        "LD_PRELOAD": str(faketime()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.mark.real
def test_a_wall_clock_that_jumps_a_year_changes_nothing(tmp_path: Path) -> None:
    """
    1. Readings flow, each with its stamp; systemd's watchdog is fed.

    2. The clock jumps a year ahead, then two years back: the stamps follow, and nothing else happens; no
    reading is late, no line is written, the watchdog is fed, the meter stays online.
    3. The meter falls silent: it is offline after the same 10 s as ever.
    """
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    with (
        MosquittoBroker(tmp_path) as broker,
        Subscriber(broker.host, broker.port) as subscriber,
        Meter(historique(1), link=tmp_path / "meter") as meter,
    ):
        scenario = Scenario(tmp_path, broker, tmp_path / "meter", watchdog=3, payload_timestamp=True)
        scenario.environ |= faked(clock)
        with scenario:
            subscriber.expect("teleinfo/status", b"online")
            subscriber.expect("teleinfo")
            scenario.expect_log("reading a meter")
            said = len(scenario.lines())
            for step in (YEAR, -YEAR):
                clock.write_text(f"{step:+}\n")
                jumped = time.monotonic()
                _expect_stamps(subscriber, time.time() + step)
                scenario.notify.expect("WATCHDOG=1", after=jumped + 2)
                assert [message for message in subscriber.drain() if message.topic == "teleinfo/status"] == []
            assert len(scenario.lines()) == said, scenario.lines()
            meter.frame, began = None, time.monotonic()
            silent = subscriber.expect("teleinfo/status", b"offline", limit=30)
            assert 9 < silent.at - began < 20
            assert scenario.stop()[0] == 0


def _expect_stamps(subscriber: Subscriber, now: float) -> None:
    """Require readings whose stamp is `now`, and each soon after the one before."""

    def is_of_now(payload: bytes) -> bool:
        return bool(abs(json.loads(payload)["timestamp"] / 1000 - now) < 3600)

    before = subscriber.expect("teleinfo", predicate=lambda message: is_of_now(message.payload))
    for _ in range(5):
        reading = subscriber.expect("teleinfo")
        assert is_of_now(reading.payload)
        assert reading.at - before.at < 5
        before = reading


@pytest.mark.real
def test_a_wall_clock_that_jumps_costs_the_memory_nothing(tmp_path: Path, figures: Figures) -> None:
    """
    1. The memory was written by a clock that was a century ahead.

    2. The clock jumps from year to year, back and forth: the total is the same all the time, and the file is
    written less often than 20 times. 3. The power is cut, and the total is the same in the next run.
    """
    clock = tmp_path / "clock"
    future = "2126-01-14T12:02:28+01:00"
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(historique(1), link=tmp_path / "meter"),
        Subscriber(broker.host, broker.port, "teleinfo/state") as subscriber,
    ):
        scenario = Scenario(tmp_path, broker, tmp_path / "meter", state=True, state_interval=0)
        scenario.environ |= faked(clock)
        memory = scenario.state / "teleinfo.json"
        memory.parent.mkdir()
        heard = datetime.fromisoformat(future)
        memory.write_bytes(encode(Memory(IDENTIFIER, heard, ImportTotal("BASE", 1, 5_000_000, heard))))
        versions = {memory.stat().st_mtime_ns}

        def total_of_year(year: int) -> int:
            # Whole at any moment: libfaketime ends a program that reads an empty file.
            new = clock.with_suffix(".new")
            new.write_text(f"{(year - 2026) * YEAR:+}\n")
            new.replace(clock)
            state = subscriber.expect(
                "teleinfo/state", predicate=lambda message: abs(_year(message.payload) - year) <= 1
            )
            versions.add(memory.stat().st_mtime_ns)
            return int(json.loads(state.payload)["energy"]["import_total"])

        with scenario:
            found = {total_of_year(2030 if step % 2 else 2040) for step in range(40)}
            scenario.kill()
            versions.add(memory.stat().st_mtime_ns)
            scenario.start()
            found.add(total_of_year(2026))
            assert scenario.stop()[0] == 0

    assert found == {5_000_001}
    figures.kept(
        "memory: writes while the clock jumps 40 times", len(versions) - 1, at_most=20, unit="writes"
    )


def _year(state: bytes) -> int:
    return datetime.fromisoformat(json.loads(state)["time"]).year


NOT_THE_DAEMON = {"cli", "demo", "doctor", "record", "simulator", "watch"}
"""Packages beside it: they show or note the time of day, start a meter's clock, or check a certificate."""


def test_the_wall_clock_is_asked_for_stamps_only() -> None:
    """The daemon reads the time of day for the stamps of payload, state and health only."""
    asked = {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if path.relative_to(SOURCES).parts[0] not in NOT_THE_DAEMON
        for line in path.read_text(encoding="utf-8").splitlines()
        if WALL_CLOCK.search(line)
    }

    assert asked == {"daemon/meter.py", "daemon/monitor.py"}


@pytest.mark.real
def test_nothing_is_written_to_disk(tmp_path: Path, figures: Figures) -> None:
    """
    1. The daemon starts, publishes, loses its port and its broker, finds them again, and stops.

    2. It has written no byte to a disk, and has no regular file open for writing.
    """
    with (
        MosquittoBroker(tmp_path) as broker,
        Subscriber(broker.host, broker.port, "teleinfo") as subscriber,
        Meter(historique(1), link=tmp_path / "meter") as meter,
    ):
        with PipedDaemon(tmp_path, **settings_for(broker, meter.line)) as daemon:
            subscriber.expect("teleinfo")
            meter.line.hang_up()
            broker.stop()
            broker.start()
            meter.line.open()
            subscriber.wait_subscribed()
            subscriber.drain()
            subscriber.expect("teleinfo")
            written = number(daemon.pid, "write_bytes", "io")
            files = _files_written(daemon.pid)
            daemon.expect_log("went away")
            status, _ = daemon.stop()

    assert (status, files) == (0, [])
    figures.kept("disk: written by start, work, two outages", written, at_most=0, unit="bytes")


def _files_written(pid: int) -> list[str]:
    """Return the regular files that a process has open for writing."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        rows = (row.split() for row in Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text().splitlines())
        flags = next(int(row[1], 8) for row in rows if row[0] == "flags:")
        if flags & os.O_ACCMODE != os.O_RDONLY and descriptor.is_file():
            found.append(str(descriptor.readlink()))
    return found
