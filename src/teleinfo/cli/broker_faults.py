"""Why there is no connection to the broker, and what to do, in the language of the reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _

if TYPE_CHECKING:
    from teleinfo.mqtt.config import Broker
    from teleinfo.mqtt.errors import BrokerError


# Kinds of faults that the doctor alone finds out, beside those of `mqtt.errors`.
WANTS_TLS = "wants TLS"
WANTS_HTTP = "wants HTTP"
REFUSES_MQTT = "refuses MQTT"
REFUSES_MESSAGE = "refuses a message"
REFUSES_RETAINED = "refuses a retained message"


@dataclass(frozen=True, slots=True)
class BrokerFault:
    """
    A fault in words: what it is, what to do, and the lines to type or to put into the settings.

    `check` is the step at which it shows, a name for programs.
    """

    check: str
    message: str
    advice: str = ""
    lines: tuple[str, ...] = ()


_PING = ("ping -c 3 {host}",)
_BROKER_LOG = (N_("See what it says of it, on its machine:"), ("sudo journalctl -u mosquitto -n 20",))
_CREDENTIALS = ("TELEINFO_MQTT_USERNAME=", "TELEINFO_MQTT_PASSWORD=")
_SHOW_CERTIFICATE = "openssl s_client -connect {address} -servername {host} </dev/null"

# Templates: texts to translate, with fields to fill in.
_OTHER = BrokerFault("login", N_("the broker closed the connection"), *_BROKER_LOG)
_TEMPLATES = {
    "name": BrokerFault(
        "name",
        N_("the name {host} is not known here"),
        N_("Check the name in the settings, and the network:"),
        ("getent hosts {host}",),
    ),
    "host": BrokerFault("name", N_("{host} is not the name of a machine"), "", ("TELEINFO_MQTT_HOST=",)),
    "refused": BrokerFault(
        "port",
        N_("nothing listens at {address}"),
        N_("Check the address in the settings. If the broker is on this machine:"),
        ("systemctl status mosquitto",),
    ),
    "silent": BrokerFault(
        "port",
        N_("{address} does not answer"),
        N_("Check that the broker runs, the network between, and any firewall:"),
        _PING,
    ),
    "network": BrokerFault(
        "port", N_("the network does not reach {address}"), N_("Check the network:"), _PING
    ),
    "tls": BrokerFault(
        "tls",
        N_("{address} does not speak TLS, or not as we do"),
        N_("Perhaps it is the port without TLS, usually 1883; the one with TLS is 8883:"),
        ("TELEINFO_MQTT_PORT=8883",),
    ),
    "tls file": BrokerFault(
        "tls",
        N_("the files of TELEINFO_MQTT_TLS_… cannot be used"),
        N_("They must be PEM files that belong together, the key without a pass phrase:"),
        ("openssl x509 -noout -subject -dates -in FILE",),
    ),
    "certificate expired": BrokerFault(
        "tls",
        N_("the certificate of {address} has expired"),
        N_("Renew it on the broker. Its dates:"),
        (f"{_SHOW_CERTIFICATE} | openssl x509 -noout -dates",),
    ),
    "certificate not yet valid": BrokerFault(
        "tls",
        N_("the certificate of {address} is not valid yet"),
        N_("Is the clock of this machine right?"),
        ("timedatectl",),
    ),
    "certificate of another host": BrokerFault(
        "tls",
        N_("the certificate is that of another machine than {host}"),
        N_("Put the name that stands in it into the settings (TELEINFO_MQTT_HOST). To see it:"),
        (f"{_SHOW_CERTIFICATE} | openssl x509 -noout -ext subjectAltName",),
    ),
    "certificate": BrokerFault(
        "tls",
        N_("nobody that we trust vouches for the certificate of {address}"),
        N_("Give the certificate of its authority, in a file of this machine:"),
        ("TELEINFO_MQTT_TLS_CA_FILE=/etc/teleinfo/ca.pem",),
    ),
    "login": BrokerFault(
        "login",
        N_("the broker refuses the user name or the password"),
        N_("Correct both in the settings:"),
        _CREDENTIALS,
    ),
    "client id": BrokerFault(
        "login",
        N_("the broker refuses the name that we give ourselves (client id), or our keep-alive of 12 s"),
        N_("Choose another name. If that does not help, allow the keep-alive on the broker (max_keepalive):"),
        ("TELEINFO_MQTT_CLIENT_ID=",),
    ),
    WANTS_TLS: BrokerFault(
        "tls",
        N_("{address} wants an encrypted connection"),
        N_("Switch it on, and give the certificate of the broker's authority if it has its own:"),
        ("TELEINFO_MQTT_TLS=true",),
    ),
    WANTS_HTTP: BrokerFault(
        "login",
        N_("{address} speaks HTTP: it is a web server, or the broker's port for websockets"),
        N_("Take the port for MQTT, usually 1883:"),
        ("TELEINFO_MQTT_PORT=1883",),
    ),
    REFUSES_MQTT: BrokerFault(
        "login",
        N_(
            "{address} closed the connection without a word. It may allow no packet as long as ours "
            "(max_packet_size), or another version of MQTT than 3.1.1"
        ),
        *_BROKER_LOG,
    ),
    REFUSES_MESSAGE: BrokerFault(
        "topic",
        N_(
            "the broker closed the connection when we published a message. It may not allow quality of "
            "service 1 (max_qos), or no message as long as ours (max_packet_size)"
        ),
        *_BROKER_LOG,
    ),
    REFUSES_RETAINED: BrokerFault(
        "status",
        N_(
            "the broker closed the connection when we published a retained message. It must keep status "
            "and health for those who come later (retain_available)"
        ),
        *_BROKER_LOG,
    ),
    "unacceptable packet": BrokerFault(
        "topic",
        N_("a message on one of our topics is too long: teleinfo takes no more than 256 KiB"),
        N_("Find it and, if it is retained, remove it (mosquitto_pub -r -n -t TOPIC). To see the topics:"),
        ("mosquitto_sub -h {host} -p {port} -t 'TOPIC/#' -W 3 -F '%t %l'",),
    ),
    "unavailable": BrokerFault("login", N_("the broker says that it is not available"), *_BROKER_LOG),
    "version": BrokerFault("login", N_("the broker does not speak MQTT 3.1.1"), *_BROKER_LOG),
}
_NO_CREDENTIALS = BrokerFault(
    "login",
    N_("the broker wants a user name and a password, and the settings have none"),
    N_("Put both into the settings:"),
    _CREDENTIALS,
)
_UNANSWERED = BrokerFault(
    "login",
    N_("{address} closed the connection without a word"),
    N_("Does it want TLS on this port, or is it one for websockets? To find out:"),
    ("teleinfo doctor",),
)
_WANTS_CERTIFICATE = BrokerFault(
    "login",
    N_("{address} closed the connection without a word"),
    N_("It probably wants a certificate of ours:"),
    ("TELEINFO_MQTT_TLS_CERT_FILE=", "TELEINFO_MQTT_TLS_KEY_FILE="),
)
_SILENT_AFTER_CONNECT = BrokerFault(
    "login",
    N_("{address} accepts connections, and does not answer: is it an MQTT broker, and is it frozen?"),
    *_BROKER_LOG,
)


def broker_fault(error: BrokerError, broker: Broker, *, connected: bool = False) -> BrokerFault:
    """Return what keeps us from the broker; `connected`: its port accepted a connection."""
    template = _template(error, broker, connected=connected)
    fields = {"host": broker.host, "port": broker.port, "address": broker.address}
    return BrokerFault(
        template.check,
        _(template.message).format(**fields),
        _(template.advice) if template.advice else "",
        tuple(line.format(**fields) for line in template.lines),
    )


def _template(error: BrokerError, broker: Broker, *, connected: bool) -> BrokerFault:
    match error.kind:
        case "closed unanswered":
            return _UNANSWERED if broker.tls is None else _WANTS_CERTIFICATE
        case "login" if broker.username is None:
            return _NO_CREDENTIALS
        case "silent" if connected:
            return _SILENT_AFTER_CONNECT
    return _TEMPLATES.get(error.kind, _OTHER)
