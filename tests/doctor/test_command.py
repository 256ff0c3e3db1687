"""`teleinfo doctor` as a whole: a real process between a pseudo-terminal and a real mosquitto."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from tests.docs.schemas import doctor_schema
from tests.doctor.damaged_line import hurt, sound_line
from tests.support.broker import MosquittoBroker
from tests.support.command import run_forked
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.figures import promise
from tests.support.frames import whole
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


pytestmark = pytest.mark.real

PROMISE = 60.0
"""Seconds that the whole may take."""

NUMBER = "041961123456"
CANARY = "c4nary-s3cret"
FRAME = with_parity(encode_frame(whole(ADCO=NUMBER)))
VALIDATOR = jsonschema.Draft202012Validator(doctor_schema())


def doctor(
    folder: Path, *options: str, settings: Mapping[str, object], language: str = "en", is_typed: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run it in `folder` with these settings and no others; if it `is_typed`, as a process of its own."""
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", "COLUMNS": "80"}
    environ["TELEINFO_LANGUAGE"] = language
    environ |= {f"TELEINFO_{name.upper()}": str(value) for name, value in settings.items()}
    if not is_typed:
        return run_forked(["doctor", *options], environ=environ, folder=folder)
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "teleinfo", "doctor", *options],
        capture_output=True, text=True, check=False, cwd=folder, env=environ, timeout=2 * PROMISE,
    )  # fmt: skip


def verdicts(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the verdicts of `--json`: area.check → verdict."""
    said = json.loads(done.stdout)
    VALIDATOR.validate(said)
    found: list[dict[str, Any]] = said["findings"]
    return {f"{one['area']}.{one['check']}": one["verdict"] for one in found}


def test_where_all_is_well_it_says_so_within_a_minute(tmp_path: Path) -> None:
    """
    1. A meter, a broker, no service. 2. Every area is looked at, and nothing is wrong.

    The exit status is 0, unless something cannot be judged without sudo.
    """
    with MosquittoBroker(tmp_path) as broker, Meter(FRAME) as meter:
        began = time.monotonic()
        options = ("--json", "--report", str(tmp_path / "report"))
        done = doctor(tmp_path, *options, settings=settings_for(broker, meter.line), is_typed=True)
        promise("doctor: all areas, all well", time.monotonic() - began, at_most=PROMISE)
    found = verdicts(done)

    assert "fault" not in found.values(), done.stdout
    unjudged = [name for name, verdict in found.items() if verdict == "skipped"]
    assert done.returncode == (1 if unjudged else 0)
    assert not unjudged or os.getuid() != 0, unjudged
    areas = [name.partition(".")[0] for name in found]
    assert list(dict.fromkeys(areas)) == ["settings", "port", "line", "broker", "service"]
    assert (found["settings.file"], found["line.wiring"], found["broker.topic"]) == ("ok", "ok", "ok")
    assert NUMBER[:6] + "…" in done.stdout
    assert NUMBER not in done.stdout + (tmp_path / "report").read_text(encoding="utf-8")
    assert (tmp_path / "report").stat().st_mode & 0o077 == 0


def test_quiet_asks_the_broker_alone_and_leaves_nothing_there(tmp_path: Path) -> None:
    with (
        MosquittoBroker(tmp_path) as broker,
        Subscriber(broker.host, broker.port) as subscriber,
        Meter(None) as meter,
    ):
        wanted = settings_for(broker, meter.line)
        before = doctor(tmp_path, "--quiet", settings=wanted)
        with Daemon(tmp_path, **wanted):
            subscriber.expect("teleinfo/status", b"offline")
            silent = doctor(tmp_path, "--quiet", settings=wanted, language="fr")
            meter.frame = FRAME
            subscriber.expect("teleinfo/status", b"online")
            online = doctor(tmp_path, "--quiet", settings=wanted)
        topics = {one.topic for one in subscriber.drain()}
    gone = doctor(tmp_path, "--quiet", settings=wanted)

    assert (before.returncode, before.stderr) == (1, "no teleinfo has published on teleinfo yet\n")
    assert (online.returncode, online.stdout, online.stderr) == (0, "", "")
    assert silent.returncode == 1
    assert silent.stderr.startswith("teleinfo dit offline")
    assert "teleinfo/doctor" not in topics
    assert (gone.returncode, gone.stdout) == (1, "")
    assert f"{broker.host}:{broker.port}" in gone.stderr


def test_a_report_that_cannot_be_written_is_reported_in_the_language_of_the_reader(tmp_path: Path) -> None:
    """The reason is not the English of the system. A file that is there stays, and nothing is checked."""
    (tmp_path / "report").write_text("mine")
    settings = {"serial_port": "/dev/ttyNOWHERE", "mqtt_host": "127.0.0.1", "mqtt_port": free_port()}
    elsewhere = doctor(tmp_path, "--report", "/nonexistent/report", settings=settings, language="fr")
    again = doctor(tmp_path, "--report", "report", settings=settings)

    assert elsewhere.returncode == 1
    assert elsewhere.stderr.startswith("Le rapport ne peut pas être écrit")
    assert "No such file" not in elsewhere.stderr
    assert (again.returncode, again.stdout, (tmp_path / "report").read_text()) == (1, "", "mine")
    assert "report is there already" in again.stderr


def test_the_line_is_shown_bit_by_bit_of_a_recording(tmp_path: Path) -> None:
    recording = tmp_path / "line.tic"
    recording.write_bytes(hurt(sound_line(frames=200), lambda bit: bit.level > bit.before, every=100))
    done = doctor(tmp_path, "--line", str(recording), settings={"serial_baudrate": "wrong"})
    read = json.loads(doctor(tmp_path, "--line", str(recording), "--json", settings={}).stdout)

    assert done.returncode == 0
    assert "the signal rises too slowly" in done.stdout
    assert "█" in done.stdout
    assert (read["cause"], read["wrong_zeros"]) == ("slow_rise", [0] * 8)
    assert sum(read["wrong_ones"]) > read["holes"] == 0


def test_what_is_no_line_is_refused(tmp_path: Path) -> None:
    """No file, no port and no group give one sentence each, and exit status 1."""
    (tmp_path / "empty").touch()
    for options, port, text in (
        (("missing",), "", "cannot be read"),
        (("empty",), "", "no sound group"),
        ((), "/dev/missing", "no serial port"),
    ):
        done = doctor(tmp_path, "--line", *options, settings={"serial_port": port or "/dev/null"})

        assert done.returncode == 1
        assert text in done.stderr
