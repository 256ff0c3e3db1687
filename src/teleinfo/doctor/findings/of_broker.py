"""The findings about the broker."""

from __future__ import annotations

from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.doctor.finding import Finding, Severity

NAME: Final = Finding(
    "name",
    Severity.OK,
    N_("{host} is {address}"),
)

ADDRESS: Final = Finding(
    "name",
    Severity.OK,
    N_("{host} is an address"),
)

ACCEPTS: Final = Finding(
    "port",
    Severity.OK,
    N_("{address} accepts connections"),
)

CERTIFICATE: Final = Finding(
    "tls",
    Severity.OK,
    N_("the certificate is right; days left: {days}"),
)

CERTIFICATE_ENDS: Final = Finding(
    "tls",
    Severity.WARNING,
    N_("the certificate is right; days left: {days}"),
    N_("Renew it before it expires."),
)

CERTIFICATE_UNSEEN: Final = Finding(
    "tls",
    Severity.WARNING,
    N_("encrypted, but the certificate is not looked at (TELEINFO_MQTT_TLS_INSECURE)"),
    N_("Anybody on the network can pose as the broker. Give its authority instead:"),
    ("TELEINFO_MQTT_TLS_CA_FILE=/etc/teleinfo/ca.pem",),
)

FILE_KEPT_AWAY: Final = Finding(
    "tls",
    Severity.FAULT,
    N_("the service may not read {file} ({error})"),
    N_("Let the service read it:"),
    ("sudo chmod a+r {file}",),
)

KEY_KEPT_AWAY: Final = Finding(
    "tls",
    Severity.FAULT,
    N_("the service may not read {file} ({error})"),
    N_(
        "The key stays closed to others: let systemd hand it to the service (the last line is for the "
        "settings), then restart it:"
    ),
    (
        "sudo systemctl edit {unit}",
        "[Service]",
        "LoadCredential=client.key:{file}",
        "TELEINFO_MQTT_TLS_KEY_FILE=/run/credentials/{unit}.service/client.key",
    ),
)

FILE_ELSEWHERE: Final = Finding(
    "tls",
    Severity.FAULT,
    N_("the service may not read {file} ({error})"),
    N_("Put it where the service may read it, and its new path into the settings:"),
    ("sudo install -m 0644 {file} /etc/teleinfo/",),
)

ACCOUNT: Final = Finding(
    "login",
    Severity.OK,
    N_("accepted, with the user name of the settings"),
)

NO_ACCOUNT: Final = Finding(
    "login",
    Severity.OK,
    N_("accepted, without a user name"),
)

LOGIN_LOST: Final = Finding(
    "login",
    Severity.FAULT,
    N_("teleinfo does not stay connected to the broker: another program may use its client id"),
    N_(
        "Give one of the two another TELEINFO_MQTT_CLIENT_ID, and see what the journal says. If the other "
        "program was stopped just now, look again in a minute:"
    ),
    (
        "TELEINFO_MQTT_CLIENT_ID=teleinfo-{{hostname}}-2",
        "sudo journalctl -u {unit}",
    ),
)

TOPIC: Final = Finding(
    "topic",
    Severity.OK,
    N_("a message of ours on {topic} came back"),
)

TOPIC_REFUSED: Final = Finding(
    "topic",
    Severity.FAULT,
    N_("the broker does not let this account ({user}) publish on {topic}"),
    N_("Allow it in the broker's list of rights (ACL), and restart the broker:"),
)

TOPIC_UNREAD: Final = Finding(
    "topic",
    Severity.WARNING,
    N_("this account ({user}) may publish on {topic}, but may not read it"),
    N_("Allow it in the broker's list of rights (ACL), and restart the broker:"),
)

NO_ECHO: Final = Finding(
    "topic",
    Severity.FAULT,
    N_("no message came back: this account ({user}) may not publish on {topic}, or not read it"),
    N_("Allow it in the broker's list of rights (ACL), and restart the broker:"),
)

TOPIC_UNKNOWN: Final = Finding(
    "topic",
    Severity.SKIPPED,
    N_("could not be judged: this account ({user}) may not read {topic}"),
    N_("Allow it in the broker's list of rights (ACL), and restart the broker:"),
)

ANNOUNCED: Final = Finding(
    "discovery",
    Severity.OK,
    N_("the broker takes the announcements to Home Assistant"),
)

NOT_ANNOUNCED: Final = Finding(
    "discovery",
    Severity.FAULT,
    N_("the broker does not let this account ({user}) publish on {topic}"),
    N_("Allow it in the broker's list of rights (ACL), and restart the broker:"),
)
