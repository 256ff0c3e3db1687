"""Why the broker cannot be had, in the reader's language; `mqtt.broker` says it for the log, in English."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _
from teleinfo.doctor.findings import fault

if TYPE_CHECKING:
    from teleinfo.doctor.findings import Finding
    from teleinfo.mqtt.config import Broker
    from teleinfo.mqtt.errors import BrokerError

# OpenSSL's X509_V_ERR_…: NOT_YET_VALID, HAS_EXPIRED, and the mismatches of name and address.
_NOT_YET_VALID, _EXPIRED, _WRONG_HOST, _WRONG_ADDRESS = 9, 10, 62, 64

_PING = ("ping -c 3 {host}",)
_OTHER = (
    "login",
    N_("the broker closed the connection"),
    N_("See what it says of it, on its machine:"),
    ("journalctl -u mosquitto -n 20",),
)
# By the kind of the BrokerError: the check, what was seen, what to do, what to type.
_WORDS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "name": (
        "name",
        N_("the name {host} is not known here"),
        N_("Check the name in the settings, and the network:"),
        ("getent hosts {host}",),
    ),
    "host": ("name", N_("{host} is not the name of a machine"), "", ("TELEINFO_MQTT_HOST=",)),
    "refused": (
        "port",
        N_("nothing listens at {address}"),
        N_("Check the address in the settings. If the broker is on this machine:"),
        ("systemctl status mosquitto",),
    ),
    "silent": (
        "port",
        N_("{address} does not answer"),
        N_("Check that the broker runs, the network between, and any firewall:"),
        _PING,
    ),
    "network": ("port", N_("the network does not reach {address}"), N_("Check the network:"), _PING),
    "tls": (
        "tls",
        N_("{address} does not speak TLS, or not as we do"),
        N_("Perhaps it is the port without TLS, usually 1883; the one with TLS is 8883:"),
        ("TELEINFO_MQTT_PORT=8883",),
    ),
    "tls file": (
        "tls",
        N_("the files of TELEINFO_MQTT_TLS_… cannot be used"),
        N_("They must be PEM files that belong together, the key without a pass phrase:"),
        ("openssl x509 -noout -subject -dates -in FILE",),
    ),
    "login": (
        "login",
        N_("the broker refuses the user name or the password"),
        N_("Correct both in the settings:"),
        ("TELEINFO_MQTT_USERNAME=", "TELEINFO_MQTT_PASSWORD="),
    ),
    "client id": (
        "login",
        N_("the broker refuses the name that we give ourselves (client id)"),
        N_("Choose another one:"),
        ("TELEINFO_MQTT_CLIENT_ID=",),
    ),
    "unavailable": (
        "login",
        N_("the broker says that it is not available"),
        N_("See what it says of it, on its machine:"),
        ("journalctl -u mosquitto -n 20",),
    ),
    "version": ("login", N_("the broker does not speak MQTT 3.1.1"), "", ()),
}
_NOBODY = (
    "login",
    N_("the broker wants a user name and a password, and the settings have none"),
    N_("Put both into the settings:"),
    ("TELEINFO_MQTT_USERNAME=", "TELEINFO_MQTT_PASSWORD="),
)
_SHOW = ("openssl s_client -connect {address} -servername {host} </dev/null",)


def broker_fault(error: BrokerError, broker: Broker) -> Finding:
    """Return what keeps us from the broker."""
    if error.kind == "certificate":
        check, message, advice, lines = "tls", *_certificate(error)
    elif error.kind == "closed unanswered":
        check, message, advice, lines = "login", *_unanswered(broker)
    elif error.kind == "login" and broker.username is None:
        check, message, advice, lines = _NOBODY
    else:
        check, message, advice, lines = _WORDS.get(error.kind, _OTHER)
    fields = {"host": broker.host, "address": broker.address}
    return fault(
        check,
        _(message).format(**fields),
        _(advice) if advice else "",
        tuple(line.format(**fields) for line in lines),
        cause=error.kind,
    )


def _certificate(error: BrokerError) -> tuple[str, str, tuple[str, ...]]:
    cause = error.__cause__
    code = cause.verify_code if isinstance(cause, ssl.SSLCertVerificationError) else 0
    if code == _EXPIRED:
        message, advice = (
            N_("the certificate of {address} has expired"),
            N_("Renew it on the broker. Its dates:"),
        )
        return message, advice, (f"{_SHOW[0]} | openssl x509 -noout -dates",)
    if code == _NOT_YET_VALID:
        message = N_("the certificate of {address} is not valid yet")
        return message, N_("Is the clock of this machine right?"), ("timedatectl",)
    if code in {_WRONG_HOST, _WRONG_ADDRESS}:
        message = N_("the certificate is that of another machine than {host}")
        advice = N_("Put the name that stands in it into the settings (TELEINFO_MQTT_HOST). To see it:")
        return message, advice, (f"{_SHOW[0]} | openssl x509 -noout -ext subjectAltName",)
    message = N_("nobody that we trust vouches for the certificate of {address}")
    advice = N_("Give the certificate of its authority, in a file of this machine:")
    return message, advice, ("TELEINFO_MQTT_TLS_CA_FILE=/etc/teleinfo/ca.pem",)


def _unanswered(broker: Broker) -> tuple[str, str, tuple[str, ...]]:
    message = N_("{address} closed the connection without a word")
    if broker.tls is None:
        return message, N_("It probably wants TLS on this port:"), ("TELEINFO_MQTT_TLS=true",)
    advice = N_("It probably wants a certificate of ours:")
    lines = ("TELEINFO_MQTT_TLS_CERT_FILE=", "TELEINFO_MQTT_TLS_KEY_FILE=")
    return message, advice, lines
