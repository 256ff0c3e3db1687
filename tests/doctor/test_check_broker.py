"""The broker: each step fails for real, against a real mosquitto, and is reported apart from the others."""

from __future__ import annotations

import ssl
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor import broker_address
from teleinfo.doctor.finding import Severity
from teleinfo.mqtt.config import Broker
from teleinfo.port.health import Health
from teleinfo.vocabulary.line import LineGrade
from tests.doctor.machine_tree import case_of, findings_of
from tests.support.broker import MosquittoBroker, limit
from tests.support.certificates import make_authority, make_certificate
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.doctor.case import Case
    from teleinfo.doctor.finding import Finding

pytestmark = pytest.mark.real

CANARY = "c4nary-s3cret"


def examine(running: MosquittoBroker, **settings: object) -> tuple[dict[str, Finding], Case]:
    """Return the findings on a broker, by these settings, and the case with what it retains."""
    where = {"mqtt_host": running.host, "mqtt_port": running.port}
    case = case_of(mqtt_topic="home/meter", **where, **settings)
    found = findings_of("broker", case)

    assert CANARY not in repr(found)
    return found, case


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
        found, before = examine(running)
        with Subscriber(running.host, running.port) as later:
            left = later.drain()
        retain(running, "status", b"online")
        retain(running, "health", b'{"line_quality":"good"}')
        _found, after = examine(running)

    assert {one.severity for one in found.values()} == {Severity.OK}
    assert list(found) == ["name", "port", "login", "topic"]
    assert (before.status, before.health, left) == (None, None, [])
    assert (after.status, after.health) == ("online", Health(line_quality=LineGrade.GOOD))


@pytest.mark.parametrize(
    ("version", "rule", "verdicts", "status"),
    [
        ("auto", "topic readwrite #", ["ok", "ok"], "online"),
        ("3.1.1", "topic readwrite home/meter/#", ["ok"], "online"),
        ("3.1.1", "topic read home/meter/#", ["fault"], "online"),
        ("3.1.1", "topic write home/meter/#", ["fault"], None),
    ],
)
def test_a_topic_that_is_refused_is_named_for_this_account(
    tmp_path: Path, version: str, rule: str, verdicts: list[str], status: str | None
) -> None:
    """In 3.1.1 a message does not come back; what MQTT 5 refuses, tests/lab/journeys show."""
    rights = tmp_path / "rights"
    rights.write_text(f"user house\n{rule}\nuser other\ntopic readwrite #\n")
    rights.chmod(0o600)
    login = {"mqtt_version": version, "mqtt_username": "house", "mqtt_password": CANARY}
    users = {"house": CANARY, "other": CANARY}
    more = [f"acl_file {rights}"]
    with MosquittoBroker(tmp_path, users=users, more=more) as running:
        retain(running, "status", b"online", "-u", "other", "-P", CANARY)
        found, case = examine(running, homeassistant=True, **login)

    assert [one.severity for name, one in found.items() if name in {"topic", "discovery"}] == verdicts
    assert (case.may_read, case.status) == (status is not None, status)


def test_what_is_retained_is_read_whole_by_an_account_that_may_not_write(tmp_path: Path) -> None:
    """No message of ours comes back, after which the broker would have sent all that it retains."""
    rights = tmp_path / "rights"
    rights.write_text("topic read home/meter/#\nuser teleinfo\ntopic readwrite #\n")
    rights.chmod(0o600)
    login = ("-u", "teleinfo", "-P", CANARY)
    with MosquittoBroker(
        tmp_path, users={"teleinfo": CANARY}, more=["allow_anonymous true", f"acl_file {rights}"]
    ) as broker:
        retain(broker, "status", b"online", *login)
        retain(broker, "health", b'{"line_quality":"good"}', *login)
        _findings, case = examine(broker, mqtt_version="5")

    assert (case.status, case.health) == ("online", Health(line_quality=LineGrade.GOOD))


@pytest.mark.parametrize(("days", "severity"), [("2", Severity.WARNING), ("90", Severity.OK)])
def test_a_certificate_that_expires_soon_is_reported(tmp_path: Path, days: str, severity: Severity) -> None:
    """One that must not be trusted ends the check: see tests/lab/journeys."""
    authority = make_authority(tmp_path)
    certificate = make_certificate(tmp_path, authority, life=("-days", days))
    with MosquittoBroker(tmp_path, certificate=certificate) as running:
        found, _ = examine(running, mqtt_tls=True, mqtt_tls_ca_file=authority.cert)

    assert (found["tls"].severity, found["tls"].facts["days_left"]) == (severity, int(days) - 1)
    assert "login" in found


def test_tls_that_is_missing_or_not_verified_is_reported(tmp_path: Path) -> None:
    """The broker wants TLS and is spoken to without; TELEINFO_MQTT_TLS_INSECURE is not safe."""
    certificate = make_certificate(tmp_path, make_authority(tmp_path))
    with MosquittoBroker(tmp_path, certificate=certificate) as safe:
        without, _ = examine(safe)
        unverified, _ = examine(safe, mqtt_tls=True, mqtt_tls_insecure=True)

    assert faults(without) == {"tls": "wants_tls"}
    assert without["tls"].commands == ("TELEINFO_MQTT_TLS=true",)
    assert (unverified["tls"].severity, unverified["topic"].severity) == (Severity.WARNING, Severity.OK)


@pytest.mark.parametrize(
    ("version", "line", "fault", "words"),
    [
        ("auto", "protocol websockets", {"port": "web_server"}, "websockets"),
        ("auto", "max_packet_size 20", {"login": "closed_unanswered"}, "max_packet_size"),
        ("3.1.1", "max_qos 0", {"topic": "refuses_message"}, "max_qos"),
        ("3.1.1", "retain_available false", {"status": "refuses_retained"}, "retain_available"),
    ],
)
def test_a_limit_of_the_broker_is_named(
    version: str, line: str, fault: dict[str, object], words: str, tmp_path: Path
) -> None:
    with MosquittoBroker(tmp_path, more=limit(line, tmp_path)) as running:
        found, _ = examine(running, mqtt_version=version)
        [name] = fault

    assert faults(found) == fault
    assert words in found[name].message + found[name].advice
    assert "TELEINFO_MQTT_TLS" not in " ".join(found[name].commands)


async def test_a_broker_that_speaks_websockets_answers_the_request_of_the_doctor(tmp_path: Path) -> None:
    """Its answer to CONNECT may be lost with the connection that it closes."""
    with MosquittoBroker(tmp_path, more=limit("protocol websockets", tmp_path)) as running:
        line = await broker_address._first_line(Broker(running.host, running.port, "doctor"), tls=False)

    assert line is not None
    assert line.startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_web_server_in_place_of_the_broker_is_named(tmp_path: Path, scheme: str) -> None:
    """Port 8123 of Home Assistant: it waits for the end of a request, and looks like a broker that hangs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    settings = {}
    if scheme == "https":
        authority = make_authority(tmp_path)
        certificate = make_certificate(tmp_path, authority)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.cert, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        settings = {"mqtt_tls": True, "mqtt_tls_ca_file": authority.cert}
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = {"mqtt_host": "127.0.0.1", "mqtt_port": server.server_address[1], "mqtt_version": "5"}
        found = findings_of("broker", case_of(**where, **settings))
        server.shutdown()

    assert faults(found)["port"] == "web_server"
    assert found["port"].commands == ("TELEINFO_MQTT_PORT=1883",)


def test_a_foreign_message_on_our_topic_is_reported(tmp_path: Path) -> None:
    """Its text is shown harmless and short; a message that is too long is not blamed on the broker."""
    with MosquittoBroker(tmp_path) as running:
        for status in (b"online\x1b]0;owned\x07\x1b[2J", b"\xff", b"x" * 1000):
            retain(running, "status", status)
            _found, case = examine(running)
            found = findings_of("service", case)["status"]

            assert found.severity is Severity.FAULT
            assert len(found.message) < 200
        retain(running, "status", b"x" * 400_000)
        long, _ = examine(running, mqtt_version="3.1.1")

        assert faults(long) == {"topic": "unacceptable"}
