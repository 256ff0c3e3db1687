"""The wall clock may jump, as on a Pi without a battery, and the SD card is left alone."""

from __future__ import annotations

import json
import os
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pytest

from teleinfo.state.import_total import ImportTotal
from teleinfo.state.memory import Memory, encode
from tests.lab.scenarios import LONG, Scenario
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.figures import promise
from tests.support.procfs import number
from tests.support.scenario import IDENTIFIER, historique
from tests.support.subscriber import Subscriber

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
def test_a_wall_clock_that_jumps_changes_nothing(tmp_path: Path) -> None:
    """
    1. The memory was written by a clock that was a century ahead. Readings flow, each with its stamp.

    2. The clock jumps from year to year, back and forth. The stamps follow, and each jump back is a line;
    no reading is late, the watchdog is fed, the meter stays online, the total is the same.
    3. The meter falls silent: it is offline after the same 10 s as ever.
    4. The power is cut: the total is the same in the next run. The memory was written less than 20 times.
    """
    clock = tmp_path / "clock"
    with (
        MosquittoBroker(tmp_path) as broker,
        Subscriber(broker.host, broker.port) as subscriber,
        Meter(historique(1), link=tmp_path / "meter") as meter,
    ):
        scenario = Scenario(
            tmp_path,
            broker,
            tmp_path / "meter",
            watchdog=3,
            serial_mode="historique",
            payload_timestamp=True,
            state=True,
            state_interval=0,
        )
        scenario.environ |= faked(clock)
        memory = scenario.state / "teleinfo.json"
        memory.parent.mkdir()
        heard = datetime.fromisoformat("2126-01-14T12:02:28+01:00")
        memory.write_bytes(encode(Memory(IDENTIFIER, heard, ImportTotal("BASE", 1, 5_000_000, heard))))
        versions = {memory.stat().st_mtime_ns}

        def total_after(years: int, *, within: float = 5) -> int:
            # Whole at any moment: libfaketime ends a program that reads an empty file.
            new = clock.with_suffix(".new")
            new.write_text(f"{years * YEAR:+}\n")
            new.replace(clock)
            jumped = time.monotonic()
            now = time.time() + years * YEAR
            reading = subscriber.expect(
                "teleinfo",
                predicate=lambda message: abs(json.loads(message.payload)["timestamp"] / 1000 - now) < 3600,
            )
            assert reading.at - jumped < within
            versions.add(memory.stat().st_mtime_ns)
            state = json.loads(subscriber.expect("teleinfo/state").payload)
            return int(state["energy"]["import_total"])

        clock.write_text("+0\n")
        with scenario:
            subscriber.expect("teleinfo/status", b"online")
            scenario.expect_log("reading a meter")
            lines_before = len(scenario.lines())
            began = time.monotonic()
            totals = set()
            for _jump in range(20):
                totals.add(total_after(14))
                totals.add(total_after(4))
            scenario.notify.expect("WATCHDOG=1", after=began + 2)
            assert [each for each in subscriber.drain() if each.topic == "teleinfo/status"] == []
            new_lines = scenario.lines()[lines_before:]
            assert [line for line in new_lines if "was set back" not in line] == []
            assert len(new_lines) <= 20
            meter.frame = None
            silenced = time.monotonic()
            offline = subscriber.expect("teleinfo/status", b"offline", limit=30)
            assert offline.at - silenced > 9
            promise("meter: silence is told (10 s and a tick)", offline.at - silenced, at_most=12)
            meter.frame = historique(1)
            subscriber.expect("teleinfo/status", b"online")
            scenario.kill()  # the power is cut
            versions.add(memory.stat().st_mtime_ns)
            scenario.start()
            totals.add(total_after(0, within=LONG))
            assert scenario.stop()[0] == 0

    assert totals == {5_000_001}
    promise("memory: writes while the clock jumps 40 times", len(versions) - 1, at_most=20, unit="writes")


@pytest.mark.real
def test_nothing_is_written_to_disk(tmp_path: Path) -> None:
    """
    1. Without a state, the daemon starts, publishes, loses its port and its broker, finds both, and stops.

    2. It has written no byte to a disk, and has no regular file open for writing, its log in memory apart.
    """
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm") as memory,
        MosquittoBroker(tmp_path) as broker,
        Subscriber(broker.host, broker.port, "teleinfo") as subscriber,
        Meter(historique(1), link=Path(memory, "meter")) as meter,
    ):
        # The system notes when a file was read, once a day or after it was changed, as bytes written by the
        # process that read it. After a first run of the same work it has nothing to note; the link to the
        # meter, which is made anew, is in memory.
        _work(broker, subscriber, meter, Path(memory, "first"))
        written = _work(broker, subscriber, meter, Path(memory, "second"))

    promise("disk: written by start, work, two outages", written, at_most=0, unit="bytes")


def _work(broker: MosquittoBroker, subscriber: Subscriber, meter: Meter, folder: Path) -> int:
    """Run a daemon in `folder` through two outages; return the bytes that it has written to a disk."""
    folder.mkdir()
    daemon = Daemon(folder, **settings_for(broker, meter.line), state=False)
    # Tests beside this one change what Python reads: its cache of compiled modules, and the working folder.
    daemon.environ |= {"PYTHONPYCACHEPREFIX": str(folder.with_name("compiled")), "PYTHONSAFEPATH": "1"}
    with daemon:
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
    assert (status, files) == (0, [f"{folder}/teleinfo.log"] * 2)
    return written


def _files_written(pid: int) -> list[str]:
    """Return the regular files that a process has open for writing."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        rows = (row.split() for row in Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text().splitlines())
        flags = next(int(row[1], 8) for row in rows if row[0] == "flags:")
        if flags & os.O_ACCMODE != os.O_RDONLY and descriptor.is_file():
            found.append(str(descriptor.readlink()))
    return found
