"""The broker: each step fails for real, against a real mosquitto, and is reported apart from the others."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.report import Severity
from teleinfo.mqtt.errors import FAULTS, BrokerErrorKind
from teleinfo.port.health import Health
from teleinfo.vocabulary.line import LineGrade
from tests.doctor.machine_tree import case_of, findings_of
from tests.support.broker import MosquittoBroker, limit
from tests.support.certificates import make_authority, make_certificate
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.doctor.report import Finding
    from tests.doctor.machine_tree import Tree

pytestmark = pytest.mark.real

CANARY = "c4nary-s3cret"


def examine(
    running: MosquittoBroker | None = None, **settings: object
) -> tuple[dict[str, Finding], tuple[str | None, Health | None]]:
    """Return the findings on a broker, by these settings, and what it retains."""
    if running is not None:
        settings |= {"mqtt_host": running.host, "mqtt_port": running.port}
    case = case_of(mqtt_topic="home/meter", **settings)
    found = findings_of("broker", case)

    assert CANARY not in repr(found)
    return found, (case.status, case.health)


def retain(running: MosquittoBroker, topic: str, payload: bytes, *login: str) -> None:
    """Have a broker retain a message below the topic of the readings."""
    command = ["mosquitto_pub", "-h", running.host, "-p", str(running.port), "-r", "-s", *login]
    subprocess.run([*command, "-t", f"home/meter/{topic}"], input=payload, check=True, timeout=30)


def faults(found: dict[str, Finding]) -> dict[str, object]:
    """Return the check that failed, with its cause."""
    return {name: one.facts.get("cause") for name, one in found.items() if one.severity is Severity.FAULT}


def test_a_good_broker_has_no_fault_and_keeps_nothing_of_us(tmp_path: Path) -> None:
    """A message of ours comes back, and nothing of it is left. What a teleinfo retains is read."""
    with MosquittoBroker(tmp_path) as running:
        found, retained = examine(running)
        with Subscriber(running.host, running.port) as later:
            left = later.drain()
        retain(running, "status", b"online")
        retain(running, "health", b'{"line":"good"}')
        case = case_of(mqtt_topic="home/meter", mqtt_host=running.host, mqtt_port=running.port)
        findings_of("broker", case)

    assert {one.severity for one in found.values()} == {Severity.OK}
    assert list(found) == ["name", "port", "login", "topic"]
    assert found["name"].message == f"{running.host} is an address"
    assert (retained, left) == ((None, None), [])
    assert (case.status, case.health) == ("online", Health(line=LineGrade.GOOD))


def test_another_program_under_our_client_id_is_named_from_the_log(tmp_path: Path, tree: Tree) -> None:
    """1. The login of the doctor is accepted. 2. The service has just logged who pushes it out: a fault."""
    line = "no connection to the broker at x, teleinfo keeps trying: "
    tree.program("journalctl", line + str(FAULTS[BrokerErrorKind.TAKEN_OVER].message))
    with MosquittoBroker(tmp_path) as running:
        case = case_of(tree.machine, mqtt_host=running.host, mqtt_port=running.port)
        found = findings_of("broker", case)["login"]

    assert found.severity is Severity.FAULT
    assert found.commands[0].startswith("TELEINFO_MQTT_CLIENT_ID=")


def test_a_port_that_refuses_on_both_addresses_of_a_name_is_reported() -> None:
    """Asyncio joins the two refusals into one error."""
    refused, retained = examine(mqtt_host="localhost", mqtt_port=free_port())

    assert (faults(refused), retained) == ({"port": "refused"}, (None, None))
    assert refused["port"].commands == ("systemctl status mosquitto",)


def test_a_broker_that_takes_the_connection_and_is_silent_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """1. Something listens and never answers. 2. The login is given up, within its time."""
    monkeypatch.setattr("teleinfo.mqtt.client.CONNACK_TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found, _ = examine(mqtt_host="127.0.0.1", mqtt_port=silent.getsockname()[1])

    assert faults(found) == {"login": "unanswered"}
    assert found["port"].severity is Severity.OK
    assert "accepts connections, and does not answer" in found["login"].message


@pytest.mark.parametrize(
    ("version", "rule", "verdicts", "may_read"),
    [
        ("auto", "topic readwrite home/meter/#", "topic=ok discovery=fault", True),
        ("auto", "topic readwrite #", "topic=ok discovery=ok", True),
        ("auto", "topic read home/meter/#", "topic=fault discovery=fault", True),
        ("auto", "topic readwrite other/#", "topic=fault discovery=fault", False),
        ("auto", "topic write #", "topic=warning discovery=ok", False),
        ("3.1.1", "topic readwrite home/meter/#", "topic=ok", True),
        ("3.1.1", "topic read home/meter/#", "topic=fault", True),
        ("3.1.1", "topic write home/meter/#", "topic=fault", False),
    ],
)
def test_a_topic_that_is_refused_is_named_for_this_account(
    tmp_path: Path,
    version: str,
    rule: str,
    verdicts: str,
    may_read: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """In MQTT 5 the broker refuses; in 3.1.1 a message does not come back. What is not read is not judged."""
    rights = tmp_path / "rights"
    rights.write_text(f"user house\n{rule}\nuser other\ntopic readwrite #\n")
    rights.chmod(0o600)
    more = [f"acl_file {rights}"]
    with MosquittoBroker(tmp_path, users={"house": CANARY, "other": CANARY}, more=more) as running:
        retain(running, "status", b"online", "-u", "other", "-P", CANARY)
        case = case_of(
            mqtt_topic="home/meter", mqtt_host=running.host, mqtt_port=running.port, mqtt_version=version,
            mqtt_username="house", mqtt_password=CANARY, homeassistant=True,
        )  # fmt: skip
        found = findings_of("broker", case)
    tried = {name: one for name, one in found.items() if name in {"topic", "discovery"}}

    assert " ".join(f"{name}={one.severity}" for name, one in tried.items()) == verdicts
    assert (case.may_read, case.status) == (may_read, "online" if may_read else None)
    for name, topic, right in (
        ("topic", "home/meter/doctor", "topic readwrite home/meter/#"),
        ("discovery", "homeassistant/device/teleinfo-doctor/config", "topic write homeassistant/#"),
    ):
        if name in tried and tried[name].severity is not Severity.OK:
            assert topic in tried[name].message
            assert "(house)" in tried[name].message
            assert tried[name].commands[:2] == ("user house", right)


@pytest.mark.parametrize(("days", "severity"), [("2", Severity.WARNING), ("90", Severity.OK)])
def test_a_certificate_that_expires_soon_is_reported(tmp_path: Path, days: str, severity: Severity) -> None:
    """One that must not be trusted ends the check: see tests/lab/journeys."""
    authority = make_authority(tmp_path)
    certificate = make_certificate(tmp_path, authority, life=("-days", days))
    with MosquittoBroker(tmp_path, certificate=certificate) as running:
        found, _ = examine(running, mqtt_tls=True, mqtt_tls_ca_file=authority.cert)

    assert (found["tls"].severity, found["tls"].facts["days_left"]) == (severity, int(days) - 1)
    assert "login" in found


def test_tls_on_one_side_only_is_reported_and_an_unverified_certificate_warned_of(tmp_path: Path) -> None:
    """A broker with TLS, spoken to without, and the reverse; TELEINFO_MQTT_TLS_INSECURE is not safe."""
    certificate = make_certificate(tmp_path, make_authority(tmp_path))
    insecure = {"mqtt_tls": True, "mqtt_tls_insecure": True}
    with MosquittoBroker(tmp_path, certificate=certificate) as safe, MosquittoBroker(tmp_path) as plain:
        without, _ = examine(safe)
        unverified, _ = examine(safe, **insecure)
        with_it, _ = examine(plain, **insecure)

    assert faults(without) == {"tls": "wants tls"}
    assert without["tls"].commands == ("TELEINFO_MQTT_TLS=true",)
    assert (unverified["tls"].severity, unverified["topic"].severity) == (Severity.WARNING, Severity.OK)
    assert faults(with_it) == {"tls": "tls"}
    assert "does not speak TLS" in with_it["tls"].message


@pytest.mark.parametrize(
    ("version", "line", "fault", "words"),
    [
        ("auto", "protocol websockets", {"login": "wants http"}, "websockets"),
        ("auto", "max_packet_size 20", {"login": "refuses mqtt"}, "max_packet_size"),
        ("3.1.1", "max_qos 0", {"topic": "refuses message"}, "max_qos"),
        ("auto", "retain_available false", {"status": "refuses retained"}, "retain_available"),
        ("3.1.1", "retain_available false", {"status": "refuses retained"}, "retain_available"),
    ],
)
def test_a_limit_of_the_broker_is_named(
    version: str, line: str, fault: dict[str, object], words: str, tmp_path: Path
) -> None:
    """The message names the line of mosquitto.conf, and blames neither the client id alone nor TLS."""
    with MosquittoBroker(tmp_path, more=limit(line, tmp_path)) as running:
        found, _ = examine(running, mqtt_version=version)
        [name] = fault

    assert faults(found) == fault
    assert words in found[name].message + found[name].advice
    assert "TELEINFO_MQTT_TLS" not in " ".join(found[name].commands)


def test_a_foreign_message_on_our_topic_is_reported(tmp_path: Path) -> None:
    """Its text is shown harmless and short; a message that is too long is not blamed on the broker."""
    with MosquittoBroker(tmp_path) as running:
        for status in (b"online\x1b]0;owned\x07\x1b[2J", b"\xff", b"x" * 1000):
            retain(running, "status", status)
            case = case_of(mqtt_topic="home/meter", mqtt_host=running.host, mqtt_port=running.port)
            findings_of("broker", case)
            found = findings_of("service", case)["status"]

            assert found.severity is Severity.FAULT
            assert found.message.isprintable()
            assert len(found.message) < 200
        retain(running, "status", b"x" * 400_000)
        long, _ = examine(running, mqtt_version="3.1.1")

        assert faults(long) == {"topic": "unacceptable"}
