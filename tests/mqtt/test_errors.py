"""What can be wrong with a broker, in plain words."""

from __future__ import annotations

import re
import socket
import ssl

import pytest

from teleinfo.common import i18n
from teleinfo.mqtt.config import Broker, Tls
from teleinfo.mqtt.errors import BrokerError, cannot_connect
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.vocabulary.words import Language

PLAIN = Broker("broker.example", 1883, "teleinfo-test")
SECURE = Broker("broker.example", 8883, "teleinfo-test", username="meter", password="canary-7c1f", tls=Tls())


def unverified(code: int) -> ssl.SSLCertVerificationError:
    """Return what OpenSSL raises for a certificate that it does not accept."""
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    return error


@pytest.mark.parametrize("fault", BrokerFault)
def test_each_error_says_what_happened_and_what_to_do_in_both_languages(fault: BrokerFault) -> None:
    """Every field is filled in, and no secret is in the text."""
    fields = dict.fromkeys(("error", "reason", "topic", "length", "count"), "FIELD")
    error = BrokerError(fault, SECURE, **fields)
    texts = set()
    for language in Language:
        with i18n.use_language(language):
            texts.add(str(error))

    assert len(texts) == len(Language)
    for text in texts:
        assert not re.search(r"[{}]|canary", text)
        assert error.commands == () or text.endswith(error.commands[-1])


@pytest.mark.parametrize(
    ("error", "fault", "is_passing"),
    [
        (socket.gaierror(-2, "Name or service not known"), BrokerFault.NAME, False),
        (socket.gaierror(-3, "Temporary failure"), BrokerFault.NO_NAME_SERVER, True),
        (UnicodeError("label too long"), BrokerFault.NAME, False),
        (ConnectionRefusedError(111, "refused"), BrokerFault.REFUSED, True),
        (TimeoutError(), BrokerFault.SILENT, True),
        (ConnectionResetError(104, "reset"), BrokerFault.TLS, False),
        (OSError(101, "Network is unreachable"), BrokerFault.NETWORK, True),
        (ssl.SSLError(1, "wrong version number"), BrokerFault.TLS, False),
        (unverified(19), BrokerFault.CERTIFICATE, False),
        (unverified(9), BrokerFault.CERTIFICATE_DATES, False),
        (unverified(62), BrokerFault.CERTIFICATE_OF_ANOTHER_HOST, False),
    ],
)
def test_each_cause_has_its_fault(
    error: Exception,
    fault: BrokerFault,
    is_passing: bool,  # noqa: FBT001 - a row of the table
) -> None:
    actual = cannot_connect(error, SECURE).fault

    assert (actual, actual.value.is_passing) == (fault, is_passing)


def test_the_fault_depends_on_encryption_and_on_the_name() -> None:
    unknown = socket.gaierror(socket.EAI_AGAIN, "not known")

    assert cannot_connect(ConnectionResetError(), PLAIN).fault == BrokerFault.CLOSED_UNANSWERED
    assert cannot_connect(unknown, Broker("ha.local", 1883, "id")).fault == BrokerFault.LOCAL_NAME


def test_an_ipv6_address_stands_in_brackets_before_its_port() -> None:
    assert Broker("::1", 1883, "teleinfo-test").address == "[::1]:1883"
