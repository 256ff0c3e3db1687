"""Another program with the client id of the service: what the doctor makes of the service's own words."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.finding import Severity
from teleinfo.simulator.encode import encode_frame, with_parity
from tests.doctor.machine_tree import Tree, case_of, findings_of
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.notify import NotifySocket
from tests.support.parts import part_of
from tests.support.person import FRAME
from tests.support.scenario import until

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.doctor.finding import Finding

pytestmark = pytest.mark.real

PUSHED_OUT = {"fr": "ferme nos connexions", "en": "closes our connections"}
CONNECTED = {"fr": "connecté au broker", "en": "connected to the broker"}
SOON = "from teleinfo.mqtt import publisher\npublisher.STABLE_AFTER, publisher.PUSHED_OUT_SHOWN = 6.0, 3.0"
"""The service says after 3 s without a loss that all is well again, in place of 60."""


def last_status(notified: NotifySocket, words: str) -> str:
    """Return the last line of status of the service, once that has these words."""
    lines = [""]

    def has_words() -> bool:
        for text in notified.heard:
            if text.startswith("STATUS="):
                lines.append(text.removeprefix("STATUS="))
        return words in lines[-1]

    until(has_words, what=f"{words} in the last line of status")
    return lines[-1]


def examine(tree: Tree, broker: MosquittoBroker, status: str) -> dict[str, Finding]:
    """Return the findings on the broker, where systemctl shows this line of status of the service."""
    tree.program("systemctl", "LoadState=loaded", "ActiveState=active", f"StatusText={status}")
    case = case_of(tree.machine, mqtt_host=broker.host, mqtt_port=broker.port)
    return findings_of("broker", case)


@pytest.mark.parametrize(
    ("version", "language"),
    [
        ("3.1.1", "fr"),
        pytest.param("3.1.1", "en", marks=pytest.mark.long),
        pytest.param("5", "fr", marks=pytest.mark.long),
        ("5", "en"),
    ],
)
def test_a_twin_is_named_while_it_is_there_and_no_longer(tmp_path: Path, language: str, version: str) -> None:
    """
    The doctor names another program with the client id of the service.

    1. The service runs: all is well. 2. A twin connects: the login has a fault. 3. It is gone: all is well.

    In MQTT 3.1.1, as with mosquitto 2.0.11 in MQTT 5, the broker gives no reason for the loss.
    """
    tree = Tree(tmp_path / "machine")
    tree.file("/run/systemd/system/.here")
    tree.program("journalctl", "-- No entries --")
    twin_folder = tmp_path / "twin"
    twin_folder.mkdir()
    with MosquittoBroker(tmp_path) as broker, Meter(FRAME) as meter, NotifySocket(watchdog=60.0) as notified:
        common = {"language": language, "mqtt_version": version, "mqtt_client_id": "teleinfo-pi"}
        daemon = Daemon(tmp_path, SOON, **settings_for(broker, meter.line), **common)
        daemon.environ |= notified.environ
        of_twin = {"serial_port": "/dev/null/none", "mqtt_host": broker.host, "mqtt_port": broker.port}
        with daemon:
            before_twin = examine(tree, broker, last_status(notified, CONNECTED[language]))
            with Daemon(twin_folder, **of_twin, **common, mqtt_topic="other"):
                with_twin = examine(tree, broker, last_status(notified, PUSHED_OUT[language]))
            # The lines alternate: a twin that waits for its next attempt lets the service stay connected.
            after_twin = examine(tree, broker, last_status(notified, CONNECTED[language]))
            log = daemon.log

    assert before_twin["login"].severity is Severity.OK
    assert with_twin["login"].severity is Severity.FAULT
    assert "TELEINFO_MQTT_CLIENT_ID" in with_twin["login"].commands[0]
    assert after_twin["login"].severity is Severity.OK
    assert "teleinfo-pi" in log
    assert len(log.splitlines()) < 10, log


@pytest.mark.parametrize("version", part_of(("5", "3.1.1"), played=("5",)))
def test_two_meters_with_one_client_id_need_two_topics(tmp_path: Path, version: str) -> None:
    """Another client id alone would leave both meters on one topic."""
    tree = Tree(tmp_path / "machine")
    tree.file("/run/systemd/system/.here")
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(FRAME) as own,
        Meter(with_parity(encode_frame(whole(ADCO="041961987654")))) as other,
        NotifySocket(watchdog=60.0) as notified,
    ):
        common = {"language": "fr", "mqtt_version": version, "mqtt_client_id": "teleinfo-pi"}
        daemon = Daemon(tmp_path, **settings_for(broker, own.line), **common)
        daemon.environ |= notified.environ
        with daemon, Daemon(other_folder, **settings_for(broker, other.line), **common):
            daemon.expect_log("un autre compteur")
            found = examine(tree, broker, last_status(notified, PUSHED_OUT["fr"]))

    assert found["topic"].severity is Severity.FAULT
    assert {digits in found["topic"].message for digits in ("3456", "7654")} == {True}
    assert "041961" not in found["topic"].message
    assert [line.partition("=")[0] for line in found["topic"].commands] == [
        "TELEINFO_MQTT_TOPIC",
        "TELEINFO_MQTT_CLIENT_ID",
    ]
    assert "login" not in found


def test_two_meters_with_two_client_ids_are_seen_on_the_topic(tmp_path: Path) -> None:
    """One is published by a program that says nothing in `health`, such as the flow of Node-RED."""
    with MosquittoBroker(tmp_path) as broker, Meter(FRAME) as meter:
        with Daemon(tmp_path, **settings_for(broker, meter.line)) as daemon:
            daemon.expect_log("reading a meter")
            alone = examine_alone(broker)
            reading = '{"ADCO":"041961987654","PAPP":"00750"}'
            command = ["mosquitto_pub", "-h", broker.host, "-p", str(broker.port), "-t", "teleinfo"]
            repeated = [*command, "-m", reading, "--repeat", "40", "--repeat-delay", "0.5"]
            with subprocess.Popen(repeated) as flow:
                found = examine_alone(broker)
                flow.kill()

    assert alone["topic"].severity is Severity.OK
    assert found["topic"].severity is Severity.FAULT
    assert found["topic"].commands == ("TELEINFO_MQTT_TOPIC=teleinfo-2",)
    assert found["login"].severity is Severity.OK


def examine_alone(broker: MosquittoBroker) -> dict[str, Finding]:
    """Return the findings on the broker without a service of systemd."""
    return findings_of("broker", case_of(mqtt_host=broker.host, mqtt_port=broker.port))
