"""
A setting that got another name is known by both, and its former name is a warning.

No setting has been renamed yet: the tests put a name into the table.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from teleinfo.settings.renamed import RENAMED
from teleinfo.settings.sources import file_warnings
from teleinfo.simulator.encode import encode_frame, with_parity
from tests.settings.loading import faults, loaded, written
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.process import LIMIT
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

PATCH = "from teleinfo.settings.renamed import RENAMED\nRENAMED['topic'] = 'mqtt_topic'"
WARNING = "TELEINFO_TOPIC: is called TELEINFO_MQTT_TOPIC now; the former name works until 2.0"


@pytest.mark.real
@pytest.mark.parametrize("place", ["environment", "file", "flag"])
def test_the_daemon_takes_a_former_name_and_says_so_once(place: str, tmp_path: Path) -> None:
    """The readings come on the topic that is given by the former name."""
    path = written(tmp_path, "TELEINFO_TOPIC=cave\n")
    given = {"topic": "cave"} if place == "environment" else {}
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(with_parity(encode_frame(whole()))) as meter,
        Subscriber(broker.host, broker.port, "cave") as subscriber,
    ):
        daemon = Daemon(tmp_path, PATCH, **settings_for(broker, meter.line), **given)
        if place == "file":
            daemon.command[daemon.command.index(os.devnull)] = str(path)
        elif place == "flag":
            daemon.command += ["--topic", "cave"]
        with daemon:
            subscriber.expect("cave")
    said = {
        "environment": f"environment: {WARNING}",
        "file": f"settings: {path} line 1: {WARNING}",
        "flag": "settings: --topic: is called --mqtt-topic now; the former name works until 2.0",
    }

    assert daemon.log.count(said[place]) == 1
    assert daemon.log.count("is called") == 1


@pytest.mark.real
def test_the_doctor_lists_each_former_name(tmp_path: Path) -> None:
    """Those of the file and of the environment; the setting counts for it as for the daemon."""
    path = written(tmp_path, "TELEINFO_TOPIC=cave\nTELEINFO_LANGUAGE=en\nTELEINFO_MQTT_PORT=1\n")
    program = f"{PATCH}\nfrom teleinfo.__main__ import main\nraise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor", "--env-file", path],
        env={"PATH": os.environ["PATH"], "TELEINFO_TOPIC": "cave", "TELEINFO_SERIAL_PORT": "/dev/no-meter"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    said = " ".join(done.stdout.split())

    assert f"{path} line 1: {WARNING}" in said, done.stdout + done.stderr
    assert said.count(WARNING) == 2
    assert "TELEINFO_MQTT_TOPIC=cave" in said


def test_both_names_in_a_file_are_one_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As two lines of one name: a fault if the values differ, else a warning."""
    monkeypatch.setitem(RENAMED, "topic", "mqtt_topic")
    same = written(tmp_path, "TELEINFO_TOPIC=cave\nTELEINFO_MQTT_TOPIC=cave\n")
    assert loaded(same).mqtt_topic == "cave"
    former, repeated = file_warnings([same])
    assert former == f"{same} line 1: {WARNING}"
    assert repeated.startswith(f"{same} line 2: TELEINFO_MQTT_TOPIC: is given twice with the same value")
    different = written(tmp_path, "TELEINFO_MQTT_TOPIC=garage\nTELEINFO_TOPIC=cave\n")
    [fault] = faults(different)
    assert "TELEINFO_TOPIC: is given twice with different values, first on line 1" in fault
