"""
A broker and a meter that attack the terminal: no control character of theirs reaches it.

Each command that shows what comes from the broker or from the line is run against both, in a pipe and on a
terminal. It prints no control character but those of its own screen, and ends without a traceback.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.machine import Machine, port_users
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.tic.labels import Group, Mode
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter
from tests.support.process import Process
from tests.support.scenario import until
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.real

LIMIT = 60.0
"""Seconds for a command to end."""

TITLE = "\x1b]0;owned\a"
EVIL = f"{TITLE}\x1b[2J\x9b31m\x85\u202e\u2066\u200b\x7f\r\n✓ all is well"
"""A new title of the terminal, a cleared screen, C1 controls, bidirectional marks, a forged line."""

NONE: dict[str, object] = {}
DEEP = b"[" * 200_000
STATUS = [b"online" + EVIL.encode(), b"online", b"\xff\xfe\x9b31m", b"online " * 20_000]
SOUND_HEALTH = {
    "version": "1", "mode": "historique", "baudrate": 1200, "parity_checked": True, "frames": 1, "groups": 1,
    "rejected": {"parity": 0, "checksum": 0, "malformed": 0}, "interrupted": 0, "bad_groups_percent": 0.0,
    "line_quality": "good", "last_frame": None, "uptime": 1,
}  # fmt: skip
HEALTH: list[dict[str, object]] = [
    SOUND_HEALTH | {"line_quality": EVIL, "version": EVIL, "last_frame": EVIL, "uptime": EVIL, "mode": EVIL},
    SOUND_HEALTH | {"frames": "x", "line_quality": 5},
    SOUND_HEALTH | {"line_quality": {}, "bad_groups_percent": 1e999, "baudrate": EVIL},
    SOUND_HEALTH | {"bad_groups_percent": 10**400, "rejected": EVIL},
]
READINGS = [
    {f"A{EVIL}": f"B{EVIL}", "PAPP": EVIL, "PTEC": EVIL, "ADCO": EVIL, "MSG1": EVIL, "STGE": EVIL},
    {"PAPP": 10**120, "HCHC": {}, "PTEC": None, "HCHP": True, "PJOURF+1": "٣" * 8, "DATE": "E٣٣٣٣٣٣٣٣٣٣٣٣"},
    {f"L{number}": "x" * 200 for number in range(2000)},
]


@contextmanager
def hostile_broker(folder: Path, number: int) -> Iterator[MosquittoBroker]:
    """Yield a broker that retains hostile messages on all topics of ours, and goes on publishing them."""
    messages = {
        "teleinfo/status": STATUS[number],
        "teleinfo/health": DEEP if number == 0 else json.dumps(HEALTH[number]).encode(),
        "teleinfo": json.dumps(READINGS[number % len(READINGS)]).encode(),
    }
    with MosquittoBroker(folder, more=["max_packet_size 300000"]) as broker, ExitStack() as stack:
        for count, (topic, payload) in enumerate(messages.items()):
            path = folder / f"message-{count}"
            path.write_bytes(payload)
            command = ["mosquitto_pub", "-h", broker.host, "-p", str(broker.port), "-r", "-t", topic]
            again = ["-f", str(path), "--repeat", "1000", "--repeat-delay", "0.5"]
            stack.enter_context(Process([*command, *again], folder / f"publisher-{count}.log"))
        yield broker


def shown(
    *command: str, settings: Mapping[str, object] = NONE, seconds: float | None = None, terminal: bool = False
) -> str:
    """Return what a command writes to a pipe or a terminal; it is ended `seconds` after its first word."""
    names = {f"TELEINFO_{name.upper()}": str(value) for name, value in settings.items()}
    environ = {
        "PATH": os.environ["PATH"],
        "TERM": "xterm",
        "TELEINFO_LANGUAGE": "en",
        "PYTHONUTF8": "1",
    } | names
    ours, theirs = pty.openpty() if terminal else os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "teleinfo", *command],
        stdin=theirs if terminal else subprocess.DEVNULL,
        stdout=theirs, stderr=theirs, env=environ, cwd="/",
    ) as process:  # fmt: skip
        os.close(theirs)
        written = bytearray()
        limit = time.monotonic() + LIMIT
        end = None
        while time.monotonic() < limit:
            if end is not None and time.monotonic() >= end:
                process.terminate()
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    part = os.read(ours, 1 << 16)
                except OSError:  # the terminal has no other side any more
                    break
                if not part:
                    break
                written += part
                if seconds is not None and end is None:
                    end = time.monotonic() + seconds
        process.kill()
    os.close(ours)
    return written.decode(errors="replace" if terminal else "strict")


def assert_harmless(text: str, *, screen: bool = False) -> None:
    """Require that the output has no control or formatting character, except those of a `screen`."""
    if screen:
        text = re.sub(r"\x1b\[\??[0-9;]*[a-zA-Z]", "", text)
        assert "\x1b[2J\x9b" not in text
    wrong = {char for char in text if not char.isprintable()} - set("\n\r\u00a0\u202f")
    assert wrong == set(), repr(text[:2000])
    assert "Traceback" not in text
    # A reader would believe a whole line that the attacker wrote.
    assert not re.search(r"^\W*all is well", text, re.MULTILINE)


@pytest.mark.parametrize("number", range(4))
def test_no_command_prints_what_a_broker_wants_a_terminal_to_obey(number: int, tmp_path: Path) -> None:
    """The doctor, as text, as JSON and in a report, and `watch`; a teleinfo reads the port meanwhile."""
    with (
        hostile_broker(tmp_path, number) as broker,
        SerialLine() as line,
        Daemon(tmp_path, serial_port=line.port, mqtt_host=broker.host, mqtt_port=free_port()),
    ):
        until(lambda: port_users(Machine(), line.path)[0], what="an open port")
        settings = {"mqtt_host": broker.host, "mqtt_port": broker.port, "serial_port": line.port}
        report = tmp_path / "report"
        for text in (
            shown("doctor", "--report", str(report), settings=settings),
            shown("doctor", "--json", settings=settings),
            report.read_text(),
        ):
            assert_harmless(text)
            assert "teleinfo reads" in text
        assert_harmless(shown("doctor", settings=settings, terminal=True), screen=True)
        plain = shown("watch", "--mqtt", seconds=3, settings=settings)
        assert_harmless(plain)
        assert "PAPP" in plain or number == 2
        screen = shown("watch", "--mqtt", seconds=3, settings=settings, terminal=True)
        assert_harmless(screen, screen=True)


def test_a_meter_writes_nothing_to_the_terminal(tmp_path: Path) -> None:
    """Escape sequences within groups whose checksum is right: `watch`, `record` and `decode` show none."""
    groups = [
        Group("PAPP", "01940", None, Mode.HISTORIQUE),
        Group("MSG", "\x1b]0;own\a\x1b[2J", None, Mode.HISTORIQUE),
        Group("\x1b[2J", "00001", None, Mode.HISTORIQUE),
        Group("OPTARIF", "HC\x7f", None, Mode.HISTORIQUE),
    ]
    recording = str(tmp_path / "recording.tic")
    with Meter(with_parity(encode_frame(groups))) as meter:
        settings: dict[str, object] = {"serial_port": meter.line.port, "serial_mode": "historique"}
        texts = [
            shown("watch", seconds=3, settings=settings),
            shown("record", recording, "--seconds", "3", settings=settings),
            shown("decode", recording),
        ]
        screen = shown("watch", seconds=3, settings=settings, terminal=True)

    for text in texts:
        assert_harmless(text)
    assert_harmless(screen, screen=True)
    assert "PAPP" in texts[0]
    assert "PAPP" in texts[2]
