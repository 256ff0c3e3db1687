"""What can be wrong with a broker, in plain words."""

from __future__ import annotations

import re
import socket
import ssl

import pytest

from teleinfo.common import i18n
from teleinfo.mqtt.config import Broker, Tls
from teleinfo.mqtt.errors import FAULTS, BrokerError, cannot_connect
from teleinfo.vocabulary.words import Language

PLAIN = Broker("broker.example", 1883, "teleinfo-test")
SECURE = Broker("broker.example", 8883, "teleinfo-test", username="meter", password="canary-7c1f", tls=Tls())


def unverified(code: int) -> ssl.SSLCertVerificationError:
    """Return what OpenSSL raises for a certificate that it does not accept."""
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    return error


@pytest.mark.parametrize("kind", FAULTS)
def test_each_error_says_what_happened_and_what_to_do_in_both_languages(kind: str) -> None:
    """A household reads it, with every field filled in, and never a secret."""
    fields = dict.fromkeys(("error", "reason", "topic", "length"), "FIELD")
    error = BrokerError(kind, SECURE, **fields)
    texts = set()
    for language in Language:
        with i18n.use_language(language):
            texts.add(str(error))

    assert len(texts) == len(Language)
    for text in texts:
        assert not re.search(r"[{}]|canary", text)
        assert error.commands == () or text.endswith(error.commands[-1])


@pytest.mark.parametrize(
    ("error", "kind", "user_must_act"),
    [
        (socket.gaierror(-2, "Name or service not known"), "NAME", True),
        (socket.gaierror(-3, "Temporary failure"), "NO_NAME_SERVER", False),
        (UnicodeError("label too long"), "NAME", True),
        (ConnectionRefusedError(111, "refused"), "REFUSED", False),
        (TimeoutError(), "SILENT", False),
        (ConnectionResetError(104, "reset"), "TLS", True),
        (OSError(101, "Network is unreachable"), "NETWORK", False),
        (ssl.SSLError(1, "wrong version number"), "TLS", True),
        (unverified(19), "CERTIFICATE", True),
        (unverified(9), "CERTIFICATE_DATES", True),
        (unverified(62), "CERTIFICATE_OF_ANOTHER_HOST", True),
    ],
)
def test_each_cause_has_its_kind(
    error: Exception,
    kind: str,
    user_must_act: bool,  # noqa: FBT001 - a row of the table
) -> None:
    found = cannot_connect(error, SECURE)

    assert (found.kind, found.user_must_act) == (kind, user_must_act)


def test_the_kind_depends_on_encryption_and_on_the_name() -> None:
    unknown = socket.gaierror(socket.EAI_AGAIN, "not known")

    assert cannot_connect(ConnectionResetError(), PLAIN).kind == "CLOSED_UNANSWERED"
    assert cannot_connect(unknown, Broker("ha.local", 1883, "id")).kind == "LOCAL_NAME"


def test_an_ipv6_address_stands_in_brackets_before_its_port() -> None:
    assert Broker("::1", 1883, "teleinfo-test").address == "[::1]:1883"
