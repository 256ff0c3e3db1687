"""What can be wrong with a broker, in plain words."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from teleinfo.mqtt.config import Broker, Tls
from teleinfo.mqtt.errors import BrokerError, explain, refused
from teleinfo.mqtt.tls import tls_context

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = Broker("broker.example", 1883, "teleinfo-test")
SECURE = Broker("broker.example", 8883, "teleinfo-test", username="meter", password="canary-7c1f", tls=Tls())


def unverified(code: int, message: str) -> ssl.SSLCertVerificationError:
    """Return what OpenSSL raises for a certificate that it does not accept."""
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    error.verify_message = message
    return error


@pytest.mark.parametrize(
    ("error", "kind", "user_must_act", "advice"),
    [
        (socket.gaierror(-2, "Name or service not known"), "name", True, "broker.example does not resolve"),
        (UnicodeError("label too long"), "host", True, "TELEINFO_MQTT_HOST"),
        (ConnectionRefusedError(111, "refused"), "refused", False, "is the broker running"),
        (TimeoutError(), "silent", False, "does not answer"),
        (None, "silent", False, "does not answer"),
        (ConnectionResetError(104, "reset"), "tls", True, "does it speak TLS on this port?"),
        (ssl.SSLEOFError(8, "EOF"), "tls", True, "during the TLS handshake"),
        (OSError(101, "Network is unreachable"), "network", False, "Network is unreachable"),
        (ssl.SSLError(1, "wrong version number"), "tls", True, "does it speak TLS"),
        (
            unverified(19, "self-signed certificate in chain"),
            "certificate",
            True,
            "TELEINFO_MQTT_TLS_CA_FILE",
        ),
        (unverified(10, "certificate has expired"), "certificate expired", True, "set the clock"),
        (
            unverified(62, "Hostname mismatch"),
            "certificate of another host",
            True,
            "not made out to broker.example",
        ),
    ],
)
def test_each_cause_has_its_words(
    error: BaseException | None,
    kind: str,
    user_must_act: bool,  # noqa: FBT001 - a row of the table
    advice: str,
) -> None:
    """A household reads what happened and what to do, and never a secret."""
    fault = explain(error, SECURE)

    assert (kind, user_must_act) == (fault.kind, fault.user_must_act)
    assert advice in fault.words
    assert "canary" not in fault.words + repr(SECURE)


@pytest.mark.parametrize(
    ("broker", "code", "kind", "advice"),
    [
        (SECURE, 0x87, "login", "refused the user name or the password"),
        (PLAIN, 0x87, "login", "wants a user name and a password"),
        (SECURE, 0x86, "login", "TELEINFO_MQTT_PASSWORD"),
        (PLAIN, 0x85, "client id", "teleinfo-test"),
        (PLAIN, 0x85, "client id", "max_keepalive"),
        (PLAIN, 0x84, "version", "MQTT 3.1.1"),
        (PLAIN, 0x88, "unavailable", "not available"),
    ],
)
def test_each_refusal_has_its_words(broker: Broker, code: int, kind: str, advice: str) -> None:
    """The codes of CONNACK become advice."""
    fault = refused(broker, code)

    assert kind == fault.kind
    assert advice in fault.words


def test_tls_verifies_unless_told_otherwise() -> None:
    """The default checks the certificate and the name in it; `insecure` checks neither."""
    strict, loose = tls_context(Tls()), tls_context(Tls(insecure=True))

    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (loose.verify_mode, loose.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("no PEM", "cannot be used")])
def test_a_tls_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | None, words: str) -> None:
    """An absent file and one that is no certificate are told apart."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    with pytest.raises(BrokerError, match=words) as raised:
        tls_context(Tls(ca_file=str(path)))
    assert "TELEINFO_MQTT_TLS_CA_FILE" in raised.value.words


@pytest.mark.parametrize(
    ("host", "address"), [("::1", "[::1]:1883"), ("broker.example", "broker.example:1883")]
)
def test_an_address_is_written_as_people_write_it(host: str, address: str) -> None:
    """An IPv6 address stands in brackets before its port."""
    assert address == Broker(host, 1883, "teleinfo-test").address
