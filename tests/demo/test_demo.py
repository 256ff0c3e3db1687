"""`teleinfo demo`: the whole chain, as whoever types it sees it."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from typing import TYPE_CHECKING, Any, Self

import pytest

from teleinfo.demo import command as demo
from teleinfo.demo.past import SEED, after_a_year
from teleinfo.simulator.catalogue import build
from tests.demo.expected import START, expected_readings
from tests.support.process import LIMIT
from tests.support.scenario import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Generous: a slow machine with other work takes seconds to start each Python.
PATIENCE_SECONDS = 60.0

pytestmark = pytest.mark.usefixtures("logging_as_it_was")


class Demo:
    """A running `teleinfo demo`."""

    def __init__(self, *options: str, folder: Path) -> None:
        # A household's own settings must not matter: these would keep the daemon from starting.
        environment = {**os.environ, "TELEINFO_MQTT_PORT": "none", "TELEINFO_NONSENSE": "1"}
        (folder / ".env").write_text("TELEINFO_MQTT_QOS=7\n", encoding="utf-8")
        self.stderr = (folder / "stderr").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "teleinfo", "demo", *options],
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
            cwd=folder,
            env=environment,
        )
        # Whatever goes wrong, the test ends.
        self.timer = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        self.timer.start()

    def lines(self) -> Iterator[str]:
        """Yield each line of standard output as it comes, until the demo ends."""
        for line in self.process.stdout or ():
            yield line.rstrip("\n")

    def messages(self) -> Iterator[tuple[str, str]]:
        """Yield topic and payload of each message that the demo shows."""
        for line in self.lines():
            if line.startswith("teleinfo"):
                topic, _, payload = line.partition(" ")
                yield topic, payload.strip()

    def end(self, number: signal.Signals | None = None) -> tuple[int, list[str], str]:
        """
        Send `number`, wait for the end; return exit status, the lines since, and standard error.

        No traceback may have been printed.
        """
        if number is not None:
            self.process.send_signal(number)
        rest = list(self.lines())
        status = self.process.wait(PATIENCE_SECONDS)
        self.stderr.seek(0)
        stderr = self.stderr.read()
        assert "Traceback" not in stderr
        return status, rest, stderr

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.timer.cancel()
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.stderr.close()


@pytest.mark.real
def test_it_shows_the_messages_until_ctrl_c(tmp_path: Path) -> None:
    """
    First come the page, what runs, the time-lapse and how to subscribe, and no log.

    Then `online`, and the readings of its seed. At Ctrl-C the last word is `offline`, and the status is 0.
    """
    expected = expected_readings(20)
    with Demo("--speed", "10", folder=tmp_path) as shown:
        head = list(itertools.islice(shown.lines(), 6))
        seen = list(itertools.islice(shown.messages(), 20))
        status, rest, stderr = shown.end(signal.SIGINT)

    readings = [payload for topic, payload in seen if topic == "teleinfo"]
    count = len(readings)
    assert head[0].startswith("Look at the page, with the year before:  http://127.0.0.1:")
    assert head[1].startswith("A simulated meter (hc) -> teleinfo -> an embedded MQTT broker at 127.0.0.1:")
    assert head[2] == "Time-lapse: the meter's clock starts at 21:45 and runs 1200 times faster than yours."
    assert "mosquitto_sub -h 127.0.0.1 -p " in head[3]
    assert head[5] == ""
    assert ("teleinfo/status", "online") in seen
    # The first frames may be over before the daemon listens.
    assert count > 5
    assert readings in [expected[missed : missed + count] for missed in range(6)]
    assert rest[-1].split() == ["teleinfo/status", "offline"]
    assert (status, stderr) == (0, "")


@pytest.mark.real
def test_over_ssh_the_page_is_shown_by_the_name_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser on another machine of the house reaches the page of a Raspberry Pi without a screen."""
    monkeypatch.setenv("SSH_CONNECTION", "127.0.0.1 50022 127.0.0.2 22")
    with Demo("--seconds", "0.5", folder=tmp_path) as shown:
        status, lines, stderr = shown.end()

    assert lines[0].startswith(f"Look at the page, with the year before:  http://{socket.gethostname()}:")
    assert (status, stderr) == (0, "")


@pytest.mark.real
def test_the_page_has_the_year_before_and_the_evening(tmp_path: Path) -> None:
    """Its first line is the URL. Thirteen months are what the meter counted; today goes on as it runs."""
    with Demo("--speed", "10", folder=tmp_path) as shown:
        url = next(shown.lines()).split()[-1]

        def read(name: str) -> Any:  # noqa: ANN401 - a tree of JSON
            with urllib.request.urlopen(f"{url}history/041961123456/{name}.json", timeout=LIMIT) as answer:
                return json.load(answer)

        months = read("months13")
        [*_, before] = months["rows"]
        until(lambda: read("months13")["rows"][-1] != before, what="a reading of the evening")
        status, _, stderr = shown.end(signal.SIGINT)

    meter, _past = after_a_year("hc", start=START)
    begun = build("hc", start=START, rng=random.Random(SEED))
    drawn = sum(meter.metrology.supplier) - sum(begun.metrology.supplier)
    assert sum(row[1] + row[2] for row in months["rows"]) == pytest.approx(drawn, rel=0.02)
    assert [row[-1] for row in months["rows"]] == [False, *[True] * 12]
    assert all(row[-2] > 100 for row in months["rows"][1:-1])
    assert status == 0, stderr
    assert stderr == ""


def test_without_the_extra_it_tells_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "amqtt", None)
    assert demo.main(argparse.Namespace()) == 1
    message = capsys.readouterr().err

    assert "pip install 'amqtt" in message
    assert "make demo" in message
