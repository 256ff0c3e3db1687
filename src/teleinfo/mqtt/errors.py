"""
Faults of the broker, explained for the user: what happened, what it means, what to do next.

A connection raises `BrokerError`. The functions build it from an error of the system, OpenSSL or the broker.
"""

from __future__ import annotations

import enum
import functools
import socket
import ssl
from typing import NamedTuple

from teleinfo.common.i18n import N_, _
from teleinfo.common.outage_log import OutageTexts
from teleinfo.mqtt.config import KEEPALIVE, Broker
from teleinfo.vocabulary.words import Message


class _Wording(NamedTuple):
    """
    Templates for the texts of a fault, which are translated and filled in.

    `waiting_helps`: the fault may end by itself. `check` is the doctor's check that reports the fault.
    """

    message: str
    advice: str
    commands: tuple[str, ...] = ()
    waiting_helps: bool = False
    check: str = "login"


_name_fault = functools.partial(_Wording, check="name")
_port_fault = functools.partial(_Wording, check="port", waiting_helps=True)
_tls_fault = functools.partial(_Wording, check="tls")
_topic_fault = functools.partial(_Wording, check="topic")

_PING = ("ping -c 3 {host}",)
_BROKER_LOG = (N_("See what it says of it, on its machine:"), ("sudo journalctl -u mosquitto -n 20",))
_CREDENTIALS = ("TELEINFO_MQTT_USERNAME=", "TELEINFO_MQTT_PASSWORD=")
_SHOW_CERTIFICATE = "openssl s_client -connect {address} -servername {host} </dev/null"


class BrokerErrorKind(enum.Enum):
    """Reason why there is no connection to the broker, or why it refuses a message."""

    NAME = _name_fault(
        N_("the name {host} is not known here"),
        N_("Check the name in the settings, and the network:"),
        ("TELEINFO_MQTT_HOST=", "getent hosts {host}"),
    )
    LOCAL_NAME = _name_fault(
        N_("the name {host} is not known here: a name that ends in .local needs mDNS"),
        N_("Install it here, and see that the other machine is switched on; or write its address:"),
        ("sudo apt install libnss-mdns", "TELEINFO_MQTT_HOST="),
    )
    NO_NAME_SERVER = _name_fault(
        N_("no name server of this machine answers for {host}"),
        N_("Check the network and /etc/resolv.conf. To see whether the sandbox of the service is the cause:"),
        ("sudo teleinfo doctor",),
        waiting_helps=True,
    )
    REFUSED = _port_fault(
        N_("nothing listens at {address}"),
        N_("Check the address in the settings. If the broker is on this machine:"),
        ("systemctl status mosquitto",),
    )
    SILENT = _port_fault(
        N_("{address} does not answer"),
        N_("Check that the broker runs, the network between, and any firewall:"),
        _PING,
    )
    UNANSWERED = _Wording(
        N_("{address} accepts connections, and does not answer: is it an MQTT broker, and is it frozen?"),
        *_BROKER_LOG,
        waiting_helps=True,
    )
    NETWORK = _port_fault(
        N_("the network does not reach {address} ({error})"),
        N_("Check the network:"),
        _PING,
    )
    TLS = _tls_fault(
        N_("{address} does not speak TLS, or not as we do ({error})"),
        N_("Perhaps it is the port without TLS, usually 1883; the one with TLS is 8883:"),
        ("TELEINFO_MQTT_PORT=8883",),
    )
    TLS_FILE = _tls_fault(
        N_("the files of TELEINFO_MQTT_TLS_… cannot be used ({error})"),
        N_("They must be readable PEM files that belong together, the key without a pass phrase:"),
        ("openssl x509 -noout -subject -dates -in FILE",),
    )
    CERTIFICATE = _tls_fault(
        N_("nobody that we trust vouches for the certificate of {address}"),
        N_("Give the certificate of its authority, in a file of this machine:"),
        ("TELEINFO_MQTT_TLS_CA_FILE=/etc/teleinfo/ca.pem",),
    )
    CERTIFICATE_DATES = _tls_fault(
        N_("the certificate of {address} has expired, or is not valid yet"),
        N_("Renew it on the broker, or set the clock of this machine. Its dates:"),
        (f"{_SHOW_CERTIFICATE} | openssl x509 -noout -dates",),
    )
    CERTIFICATE_OF_ANOTHER_HOST = _tls_fault(
        N_("the certificate is that of another machine than {host}"),
        N_("Put the name that stands in it into the settings (TELEINFO_MQTT_HOST). To see it:"),
        (f"{_SHOW_CERTIFICATE} | openssl x509 -noout -ext subjectAltName",),
    )
    LOGIN = _Wording(
        N_("the broker refuses the user name or the password"),
        N_("Correct both in the settings:"),
        _CREDENTIALS,
    )
    NO_CREDENTIALS = _Wording(
        N_("the broker wants a user name and a password, and the settings have none"),
        N_("Put both into the settings:"),
        _CREDENTIALS,
    )
    # In MQTT 3.1.1 mosquitto gives the same answer if our keep-alive is too long.
    CLIENT_ID = _Wording(
        N_("the broker refuses our client id, {client_id}, or our keep-alive of {keepalive} s"),
        N_("Choose another id. If that does not help, allow the keep-alive on the broker (max_keepalive):"),
        ("TELEINFO_MQTT_CLIENT_ID=",),
    )
    VERSION = _Wording(
        N_("the broker does not speak the version of MQTT that the settings ask for"),
        N_("Let teleinfo find out which one it speaks:"),
        ("TELEINFO_MQTT_VERSION=auto",),
    )
    CLOSED = _Wording(
        N_(
            "the broker closed the connection. Was it restarted, or does another program use our client id, "
            "{client_id}?"
        ),
        *_BROKER_LOG,
        waiting_helps=True,
    )
    CLOSED_UNANSWERED = _Wording(
        N_(
            "{address} closed the connection without a word. Does it want TLS on this port, or is it one for "
            "websockets?"
        ),
        N_("To find out:"),
        ("teleinfo doctor",),
        waiting_helps=True,
    )
    WANTS_CERTIFICATE = _Wording(
        N_("{address} closed the connection without a word"),
        N_("It probably wants a certificate of ours:"),
        ("TELEINFO_MQTT_TLS_CERT_FILE=", "TELEINFO_MQTT_TLS_KEY_FILE="),
        waiting_helps=True,
    )
    WANTS_TLS = _tls_fault(
        N_("{address} wants an encrypted connection"),
        N_("Switch it on, and give the certificate of the broker's authority if it has its own:"),
        ("TELEINFO_MQTT_TLS=true",),
    )
    WANTS_HTTP = _Wording(
        N_("{address} speaks HTTP: it is a web server, or the broker's port for websockets"),
        N_("Take the port for MQTT, usually 1883:"),
        ("TELEINFO_MQTT_PORT=1883",),
    )
    REFUSES_MQTT = _Wording(
        N_(
            "{address} closed the connection without a word. It may allow no packet as long as ours "
            "(max_packet_size), or speak a version of MQTT that we do not"
        ),
        *_BROKER_LOG,
    )
    TAKEN_OVER = _Wording(
        N_("another program, perhaps a teleinfo, uses our client id, {client_id}: each pushes the other out"),
        N_("Stop it, or give one of the two another id:"),
        ("TELEINFO_MQTT_CLIENT_ID=",),
    )
    NOT_SERVED = _Wording(
        N_("the broker does not serve us now, and gives the reason “{reason}”"),
        *_BROKER_LOG,
        waiting_helps=True,
    )
    NOT_MQTT = _Wording(
        N_(
            "{address} sends what no MQTT broker may send us: a packet that is none, or a message of quality "
            "of service 2, which we do not ask for"
        ),
        N_("Check that it is an MQTT broker, and whether there is a newer release of it."),
    )
    UNACCEPTABLE = _topic_fault(
        N_("a message on one of our topics is too long: teleinfo takes no more than 256 KiB"),
        N_("Find it and, if it is retained, remove it (mosquitto_pub -r -n -t TOPIC). To see the topics:"),
        ("mosquitto_sub -h {host} -p {port} -t 'TOPIC/#' -W 3 -F '%t %l'",),
    )
    NOT_READABLE = _topic_fault(
        N_("the broker does not let this user read the topic {topic}"),
        N_("Allow it in the broker's list of rights (ACL):"),
        ("topic read {topic}",),
    )
    REFUSES_TOPIC = _topic_fault(
        N_("the broker does not let this user publish on {topic}, and gives the reason “{reason}”"),
        N_("Allow it in the broker's list of rights (ACL):"),
        ("topic readwrite {topic}",),
    )
    REFUSES_LENGTH = _topic_fault(
        N_("the broker takes no message as long as ours on {topic}, of {length} bytes"),
        N_("Allow it on the broker (mosquitto: max_packet_size, message_size_limit)."),
    )
    REFUSES_QOS = _topic_fault(
        N_("the broker does not allow the quality of service that we publish with"),
        N_("Allow quality of service 1 on the broker (mosquitto: max_qos)."),
    )
    REFUSES_RETAINED = _Wording(
        N_("the broker allows no retained messages"),
        N_("It must keep status and health for those who come later (mosquitto: retain_available)."),
        check="status",
    )
    REFUSES_MESSAGE = _topic_fault(
        N_(
            "the broker closed the connection when we published a message. It may not allow quality of "
            "service 1 (max_qos), or no message as long as ours (max_packet_size)"
        ),
        *_BROKER_LOG,
    )


OUTAGE_TEXTS = OutageTexts(
    begins=N_("no connection to the broker at {name}, teleinfo keeps trying: {reason}"),
    still=N_("still no connection to the broker at {name} after {lasted}: {reason}"),
    ends=N_("connected to the broker at {name} again after {lasted}"),
)
"""Lines of the log about a broker that is away; `{name}` is its address."""

CUT_OFF = N_("no connection to the broker at {address}")
"""End of the line of status while the broker is away; the doctor looks for it."""


class BrokerError(Exception):
    """
    Raised when there is no connection to the broker, or when it refuses a message. No text holds a secret.

    `message` and `advice` are for the user, `commands` are to be typed or to be put into the settings as they
    are, and `kind` is for programs. `str` gives message, advice and commands in the language of the user.
    """

    def __init__(self, kind: BrokerErrorKind, broker: Broker, **fields: object) -> None:
        wording = kind.value
        fields |= {
            "host": broker.host,
            "port": broker.port,
            "address": broker.address,
            "client_id": broker.client_id,
            "keepalive": KEEPALIVE,
        }
        self.kind = kind
        self.check = wording.check
        self.message = Message(wording.message, **fields)
        self.advice = Message(wording.advice, **fields)
        self.commands = tuple(command.format(**fields) for command in wording.commands)
        self.user_must_act = not wording.waiting_helps
        super().__init__(self.message)

    def __str__(self) -> str:
        message = _(self.message)
        stop = "" if message.endswith("?") else "."
        return " ".join(filter(None, (f"{message}{stop}", _(self.advice), ", ".join(self.commands))))


_BY_CODE = {
    0x84: BrokerErrorKind.VERSION,
    0x85: BrokerErrorKind.CLIENT_ID,
    0x86: BrokerErrorKind.LOGIN,
    0x87: BrokerErrorKind.LOGIN,
    0x8E: BrokerErrorKind.TAKEN_OVER,
    0x9A: BrokerErrorKind.REFUSES_RETAINED,
    0x9B: BrokerErrorKind.REFUSES_QOS,
}
"""
The kind of error for each reason code of CONNACK (MQTT 5 §3.2.2.2) and of DISCONNECT (§3.14.2.1).

All other codes are `NOT_SERVED`. paho translates the return codes of MQTT 3.1.1 (§3.2.2.3) into these.
"""


def refused(broker: Broker, code: int, reason: str) -> BrokerError:
    """Return the error for a reason code of CONNACK or DISCONNECT; `reason` is the name of the code."""
    kind = _BY_CODE.get(code, BrokerErrorKind.NOT_SERVED)
    if kind is BrokerErrorKind.LOGIN and broker.username is None:
        kind = BrokerErrorKind.NO_CREDENTIALS
    return BrokerError(kind, broker, reason=reason)


def cannot_connect(error: Exception, broker: Broker) -> BrokerError:
    """Return the error for an exception that was raised while a connection was opened."""
    kinds = BrokerErrorKind
    match error:
        case ssl.SSLCertVerificationError():
            kind = _CERTIFICATE_FAULTS.get(error.verify_code, kinds.CERTIFICATE)
        case ConnectionRefusedError():
            kind = kinds.REFUSED
        case TimeoutError():
            kind = kinds.SILENT
        case ssl.SSLError():
            kind = kinds.TLS
        case ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            kind = kinds.CLOSED_UNANSWERED if broker.tls is None else kinds.TLS
        case socket.gaierror() if broker.host.lower().endswith(".local"):
            kind = kinds.LOCAL_NAME
        case socket.gaierror(errno=socket.EAI_AGAIN):
            kind = kinds.NO_NAME_SERVER
        case socket.gaierror() | ValueError():  # no address for the name, or not a host name
            kind = kinds.NAME
        case _:
            kind = kinds.NETWORK
    return BrokerError(kind, broker, error=reason_of(error))


# OpenSSL's X509_V_ERR_…: NOT_YET_VALID, HAS_EXPIRED, and the mismatches of name and address.
_CERTIFICATE_FAULTS = {
    9: BrokerErrorKind.CERTIFICATE_DATES,
    10: BrokerErrorKind.CERTIFICATE_DATES,
    62: BrokerErrorKind.CERTIFICATE_OF_ANOTHER_HOST,
    64: BrokerErrorKind.CERTIFICATE_OF_ANOTHER_HOST,
}


def reason_of(error: Exception) -> str:
    """Return the reason that OpenSSL or the system gives for an error, else the text of the error."""
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
