"""`teleinfo demo`: the whole chain, as whoever types it sees it."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import signal
import socket
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.demo import command as demo
from teleinfo.demo.past import DAYS, SEED, after_a_year
from teleinfo.simulator.catalogue import build
from tests.demo.expected import START, expected_readings
from tests.support.process import LIMIT, Process
from tests.support.scenario import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("logging_as_it_was")


class Demo(Process):
    """A running `teleinfo demo`; what it shows is its log."""

    def __init__(self, *options: str, folder: Path) -> None:
        # A household's own settings must not matter: these would keep the daemon from starting.
        environment = {**os.environ, "TELEINFO_MQTT_PORT": "none", "TELEINFO_NONSENSE": "1"}
        (folder / ".env").write_text("TELEINFO_MQTT_QOS=7\n", encoding="utf-8")
        super().__init__([sys.executable, "-m", "teleinfo", "demo", *options], folder / "log", environment)

    @property
    def lines(self) -> list[str]:
        """The lines that it has shown."""
        return self.log.splitlines()


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run the demo in the folder of the test."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.long
@pytest.mark.real
def test_it_shows_the_messages_until_ctrl_c(tmp_path: Path) -> None:
    """
    First come the page, what runs, the time-lapse and how to subscribe, and no log.

    Then come `online` and the readings, the first one included. At Ctrl-C the status is 0.
    """
    with Demo("--speed", "10", folder=tmp_path) as shown:
        until(lambda: shown.log.count("\nteleinfo ") > 10, what="readings")
        status, _seconds = shown.stop(signal.SIGINT)

    head = shown.lines[:6]
    messages = [line.split(maxsplit=1) for line in shown.lines[6:]]
    readings = [payload for topic, payload in messages if topic == "teleinfo"]
    assert head[0].startswith("Look at the page, with the year before:  http://127.0.0.1:")
    assert head[1].startswith("A simulated meter (hc) -> teleinfo -> an embedded MQTT broker at 127.0.0.1:")
    assert head[2] == "Time-lapse: the meter's clock starts at 21:45 and runs 1200 times faster than yours."
    assert "mosquitto_sub -h 127.0.0.1 -p " in head[3]
    assert head[5] == ""
    assert ["teleinfo/status", "online"] in messages
    # The first frames may be over before the daemon listens. Which are next depends on the machine: a busy
    # one loses time of the line, and a newer reading replaces one that still waits.
    assert readings[0] in expected_readings(6)
    drawn = [int(reading["HCHC"]) + int(reading["HCHP"]) for reading in map(json.loads, readings)]
    assert drawn == sorted(set(drawn))
    assert {topic.partition("/")[0] for topic, _payload in messages} == {"teleinfo"}
    assert status == 0


@pytest.mark.long
@pytest.mark.real
def test_the_page_has_the_year_before_and_the_evening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Thirteen months are what the meter counted; today goes on. Over ssh the machine is in the URL.

    The month of the first day is not complete. On the last day of a month it is left out after midnight of
    the simulated evening, once a reading has begun the new month.
    """
    first_month = f"{dt.date.today() - dt.timedelta(days=DAYS):%Y-%m}"  # noqa: DTZ011 - as the demo
    monkeypatch.setenv("SSH_CONNECTION", "127.0.0.1 50022 127.0.0.2 22")
    with Demo(folder=tmp_path) as shown:
        shown.expect_log("\n")
        url, port = shown.lines[0].rsplit(":", 1)
        assert url == f"Look at the page, with the year before:  http://{socket.gethostname()}"

        def read(name: str) -> Any:  # noqa: ANN401 - a tree of JSON
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}history/041961123456/{name}.json", timeout=LIMIT
            ) as answer:
                return json.load(answer)

        months = read("months13")
        [*_, before] = months["rows"]

        def has_gone_on() -> bool:
            months.update(read("months13"))
            return len(months["rows"]) == 13 and months["rows"][-1] != before

        until(has_gone_on, what="a reading of the evening")

    meter, _past = after_a_year("hc", start=START)
    begun = build("hc", start=START, rng=random.Random(SEED))
    drawn = sum(meter.metrology.supplier) - sum(begun.metrology.supplier)
    assert sum(row[1] + row[2] for row in months["rows"]) == pytest.approx(drawn, rel=0.02)
    assert [row[0] for row in months["rows"] if row[0] == first_month] == [
        row[0] for row in months["rows"] if not row[-2]
    ]
    assert all(row[-3] > 100 for row in months["rows"][1:-1])


def test_without_the_extra_it_tells_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "amqtt", None)
    assert demo.main(argparse.Namespace()) == 1
    message = capsys.readouterr().err

    assert "pip install 'amqtt" in message
    assert "make demo" in message
