"""What keeps the publisher out of a broker, or spoils the connection, has a name in the log."""

from __future__ import annotations

import socket
import subprocess
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

from teleinfo.mqtt.config import Tls
from teleinfo.mqtt.subscription import Subscription
from tests.mqtt.running import (
    PASSWORD,
    READING,
    Log,
    RunningPublisher,
    broker_at,
    wait_until,
)
from tests.support.broker import MosquittoBroker, limit
from tests.support.certificates import make_authority, make_certificate
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.certificates import Certificate

pytestmark = pytest.mark.real


def test_the_right_password_lets_in(tmp_path: Path) -> None:
    """A broker with users takes who has the password."""
    with (
        MosquittoBroker(tmp_path, users={"meter": PASSWORD}) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port, login=PASSWORD)) as running,
    ):
        running.wait_connected()


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("wrong-" + PASSWORD, "refused the user name or the password"),
        (None, "wants a user name and a password"),
    ],
)
def test_a_broker_that_refuses_the_password_is_named_once(
    tmp_path: Path,
    log: Log,
    login: str | None,
    words: str,
) -> None:
    """However often it refuses, one line says so, names the settings, and keeps the password to itself."""
    with (
        MosquittoBroker(tmp_path, users={"meter": PASSWORD}) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port, login=login)) as running,
    ):
        log.expect(words)
        wait_until(lambda: mosquitto.log.count("not authorised") >= 2)
        running.stop()

        assert len(log.containing(words)) == 1
        assert "TELEINFO_MQTT_PASSWORD" in log.containing(words)[0]
        assert log.containing(PASSWORD) == []
        assert running.connections.empty()
    assert PASSWORD not in repr(broker_at(1, login=PASSWORD))


def test_a_verified_tls_connection_carries_readings(tmp_path: Path, authority: Certificate) -> None:
    """With the right authority the connection is encrypted and works like any other."""
    ca_file = str(authority.cert)
    with (
        MosquittoBroker(tmp_path, certificate=make_certificate(tmp_path, authority)) as mosquitto,
        Subscriber(mosquitto.host, mosquitto.port, ca_file=ca_file) as subscriber,
        RunningPublisher(broker_at(mosquitto.port, tls=Tls(ca_file=ca_file))) as running,
    ):
        running.read(READING)
        subscriber.expect("teleinfo", READING)

        assert running.stop() < 1


def test_a_broker_that_wants_a_certificate_of_ours_gets_it(tmp_path: Path, authority: Certificate) -> None:
    """A client certificate signed by the broker's authority lets in."""
    certificate = make_certificate(tmp_path, authority)
    ours = make_certificate(tmp_path, authority, name="ours")
    tls = Tls(ca_file=str(authority.cert), cert_file=str(ours.cert), key_file=str(ours.key))
    with (
        MosquittoBroker(tmp_path, certificate=certificate, clients=authority) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port, tls=tls)) as running,
    ):
        running.wait_connected()


def test_a_missing_certificate_of_ours_is_explained(tmp_path: Path, authority: Certificate, log: Log) -> None:
    """A broker that hangs up because it wants a client certificate gets a hint in the log."""
    certificate = make_certificate(tmp_path, authority)
    with (
        MosquittoBroker(tmp_path, certificate=certificate, clients=authority) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port, tls=Tls(ca_file=str(authority.cert)))) as running,
    ):
        log.expect("does it want a client certificate?")

        assert running.connections.empty()


def test_an_unknown_authority_is_not_trusted(tmp_path: Path, authority: Certificate, log: Log) -> None:
    """A certificate that nobody we know vouches for ends the attempt, and the log says what to set."""
    with MosquittoBroker(tmp_path, certificate=make_certificate(tmp_path, authority)) as mosquitto:
        other = make_authority(tmp_path, name="other")
        with RunningPublisher(broker_at(mosquitto.port, tls=Tls(ca_file=str(other.cert)))) as running:
            line = log.expect("certificate is not trusted")

            assert "TELEINFO_MQTT_TLS_CA_FILE" in line
            assert running.connections.empty()


def test_a_certificate_for_another_host_is_not_trusted(
    tmp_path: Path, authority: Certificate, log: Log
) -> None:
    """The name in the certificate must be the one that we dialled."""
    certificate = make_certificate(tmp_path, authority, san="DNS:elsewhere.example")
    with (
        MosquittoBroker(tmp_path, certificate=certificate) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port, tls=Tls(ca_file=str(authority.cert)))) as running,
    ):
        log.expect("it is not made out to 127.0.0.1")

        assert running.connections.empty()


def test_insecure_tls_trusts_anybody_and_says_so(tmp_path: Path, authority: Certificate, log: Log) -> None:
    """Verification can be switched off, at the price of a warning at each start."""
    certificate = make_certificate(tmp_path, authority, san="DNS:elsewhere.example")
    with (
        MosquittoBroker(tmp_path, certificate=certificate) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port, tls=Tls(insecure=True))) as running,
    ):
        running.wait_connected()

        assert len(log.containing("TELEINFO_MQTT_TLS_INSECURE")) == 1


def test_a_missing_authority_file_is_named(log: Log) -> None:
    """A TLS file that cannot be read is an outage like others: it may appear later."""
    with RunningPublisher(broker_at(free_port(), tls=Tls(ca_file="absent.pem"))):
        line = log.expect("absent.pem")

        assert "TELEINFO_MQTT_TLS_CA_FILE" in line


def test_plain_mqtt_on_a_tls_port_is_explained(tmp_path: Path, authority: Certificate, log: Log) -> None:
    """A broker that closes the connection without an answer gets a hint in the log."""
    with (
        MosquittoBroker(tmp_path, certificate=make_certificate(tmp_path, authority)) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port)),
    ):
        log.expect("does it expect TLS on this port?")


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 70])
def test_a_host_without_an_address_is_explained(log: Log, host: str) -> None:
    """A name that does not resolve, or is no name, never ends the publisher."""
    with RunningPublisher(broker_at(1883, host=host)) as running:
        line = log.expect("TELEINFO_MQTT_HOST")

        assert host in line
        assert running.stop() < 1


def test_two_clients_with_one_id_are_named_once(mosquitto: MosquittoBroker, log: Log) -> None:
    """
    Three connections in a row that last less than 5 s mean that somebody shares our id.

    1. Each time the publisher connects, another client takes its id over, until the warning is there.
    2. Two more rounds add nothing.
    """
    with RunningPublisher(broker_at(mosquitto.port)) as running:
        for _ in range(5):
            # The back-off is tested elsewhere.
            running.publisher._delays = repeat(0.05)
            running.wait_connected()
            # CONNECT of MQTT 3.1.1 with the id of the publisher, clean session, keepalive 60 s.
            client_id = b"teleinfo-test"
            variable = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(client_id).to_bytes(2, "big") + client_id
            with socket.create_connection((mosquitto.host, mosquitto.port)) as other:
                other.sendall(b"\x10" + bytes([len(variable)]) + variable)
                running.wait_connected(connected=False)

        assert len(log.containing("same client id, teleinfo-test")) == 1
        # Outage of the first loss, and one for the unsteady rest: not one for each.
        assert len(log.containing("no connection")) <= 2


@pytest.mark.parametrize(
    ("more", "dropped"),
    [
        ([], None),
        (["message_size_limit 100"], "published on teleinfo, but"),
        (["acl_file {folder}/acl"], "published on teleinfo and teleinfo/status, but"),
    ],
    ids=["all is well", "long messages", "no right to write"],
)
def test_a_broker_that_drops_what_it_acknowledges_is_named(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch, more: list[str], dropped: str | None
) -> None:
    """The first message on the topics of status and readings has to come back."""
    monkeypatch.setattr("teleinfo.mqtt.publisher.STABLE_AFTER", 1.0)
    (tmp_path / "acl").write_text("topic read #\n")
    more = [line.format(folder=tmp_path) for line in more]
    with (
        MosquittoBroker(tmp_path, more=more) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port)) as running,
    ):
        running.wait_connected()
        running.read(b"x" * 200)
        if dropped is None:
            # After STABLE_AFTER the states are repeated: what there was to say has been said.
            wait_until(lambda: mosquitto.log.count("'teleinfo/status'") >= 4)
            assert log.containing("deliver") == []
            wait_until(lambda: "Received UNSUBSCRIBE" in mosquitto.log)
        else:
            assert dropped in log.expect("did not deliver it to us")


def test_a_broker_that_takes_no_long_packet_is_named(tmp_path: Path, log: Log) -> None:
    """It closes the connection at the message: nobody shares our client id."""
    with (
        MosquittoBroker(tmp_path, more=["max_packet_size 200"]) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port)) as running,
    ):
        running.publisher._delays = repeat(0.05)
        running.read(b"x" * 300)

        assert "a message of 300 bytes was published on teleinfo" in log.expect("max_packet_size")


def test_an_oversized_message_on_a_topic_that_we_read_is_named(tmp_path: Path, log: Log) -> None:
    """Such as a birth message of Home Assistant of 300 KB: it is not the client id."""
    (tmp_path / "long").write_bytes(bytes(300_000))
    with MosquittoBroker(tmp_path) as mosquitto:
        publish = ["mosquitto_pub", "-p", str(mosquitto.port), "-h", mosquitto.host, "-r", "-t", "birth"]
        subprocess.run([*publish, "-f", str(tmp_path / "long")], check=True, timeout=30)
        with RunningPublisher(broker_at(mosquitto.port), subscription=Subscription("birth", lambda _: None)):
            log.expect("of more than 256 KiB")


@pytest.mark.parametrize(
    "more", ["max_keepalive 10", "retain_available false", "max_qos 0", "protocol websockets"]
)
def test_a_broker_that_refuses_what_we_need_is_named(tmp_path: Path, log: Log, more: str) -> None:
    """MQTT 3.1.1 has no code for it: the log says what it may be."""
    words = {
        "max_keepalive 10": "or allow the keepalive (max_keepalive)",
        "retain_available false": "it refuses our last will, a retained message",
        "max_qos 0": "it refuses our last will",
        "protocol websockets": "Or websockets",
    }
    with (
        MosquittoBroker(tmp_path, more=limit(more, tmp_path)) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port)),
    ):
        log.expect(words[more])


def test_tls_on_a_plain_port_is_explained(mosquitto: MosquittoBroker, log: Log) -> None:
    """A broker without TLS closes the connection in the handshake: it wants no certificate of ours."""
    with RunningPublisher(broker_at(mosquitto.port, tls=Tls(insecure=True))):
        log.expect("during the TLS handshake: does it speak TLS on this port?")
