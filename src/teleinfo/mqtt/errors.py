"""
Faults of the broker, explained for the user: `faults.txt` has the words, and says how to add a fault.

A connection raises `BrokerError`. The functions build it from an error of the system, OpenSSL or the broker.
"""

from __future__ import annotations

import enum
import socket
import ssl
from pathlib import Path
from typing import Final, NamedTuple

from teleinfo.common.fault_table import read_sections
from teleinfo.common.i18n import N_, _
from teleinfo.common.outage_log import OutageTexts
from teleinfo.mqtt.config import KEEPALIVE, Broker
from teleinfo.vocabulary.words import Message

PASSING: Final = "passing"


class BrokerErrorKind(enum.Enum):
    """Reason why there is no connection to the broker, or why it refuses a message."""

    NAME = enum.auto()
    LOCAL_NAME = enum.auto()
    NO_NAME_SERVER = enum.auto()
    REFUSED = enum.auto()
    SILENT = enum.auto()
    UNANSWERED = enum.auto()
    NETWORK = enum.auto()
    TLS = enum.auto()
    TLS_FILE = enum.auto()
    CERTIFICATE = enum.auto()
    CERTIFICATE_DATES = enum.auto()
    CERTIFICATE_OF_ANOTHER_HOST = enum.auto()
    LOGIN = enum.auto()
    NO_CREDENTIALS = enum.auto()
    CLIENT_ID = enum.auto()
    VERSION = enum.auto()
    CLOSED = enum.auto()
    CLOSED_UNANSWERED = enum.auto()
    WANTS_CERTIFICATE = enum.auto()
    WANTS_TLS = enum.auto()
    WANTS_HTTP = enum.auto()
    REFUSES_MQTT = enum.auto()
    TAKEN_OVER = enum.auto()
    NOT_SERVED = enum.auto()
    UNACCEPTABLE = enum.auto()
    NOT_READABLE = enum.auto()
    REFUSES_TOPIC = enum.auto()
    REFUSES_LENGTH = enum.auto()
    REFUSES_QOS = enum.auto()
    REFUSES_RETAINED = enum.auto()
    REFUSES_MESSAGE = enum.auto()


class BrokerFault(NamedTuple):
    """
    A section of `faults.txt`; the texts are templates, which are translated and filled in.

    `check` is the doctor's check that reports the fault. `is_passing`: it may end by itself. `codes`: the
    codes of the broker and of OpenSSL that mean it.
    """

    message: str
    advice: str
    commands: tuple[str, ...]
    check: str
    is_passing: bool
    codes: frozenset[int]


def _fault(notes: list[str], lines: list[str]) -> BrokerFault:
    (check, *others), (message, advice, *commands) = notes, lines
    codes = frozenset(int(note, 0) for note in others if note != PASSING)
    return BrokerFault(message, advice, tuple(commands), check, PASSING in others, codes)


FAULTS: Final = {
    BrokerErrorKind[kind]: _fault(*section)
    for kind, section in read_sections(Path(__file__).with_name("faults.txt")).items()
}
"""The faults of `faults.txt`."""

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
        fault = FAULTS[kind]
        fields |= {
            "host": broker.host,
            "port": broker.port,
            "address": broker.address,
            "client_id": broker.client_id,
            "keepalive": KEEPALIVE,
        }
        self.kind = kind
        self.check = fault.check
        self.message = Message(fault.message, **fields)
        self.advice = Message(fault.advice, **fields)
        self.commands = tuple(command.format(**fields) for command in fault.commands)
        self.user_must_act = not fault.is_passing
        super().__init__(self.message)

    def __str__(self) -> str:
        message = _(self.message)
        stop = "" if message.endswith("?") else "."
        return " ".join(filter(None, (f"{message}{stop}", _(self.advice), ", ".join(self.commands))))


def _by_code(code: int, otherwise: BrokerErrorKind) -> BrokerErrorKind:
    return next((kind for kind, fault in FAULTS.items() if code in fault.codes), otherwise)


def refused(broker: Broker, code: int, reason: str) -> BrokerError:
    """Return the error for a reason code of CONNACK or DISCONNECT; `reason` is the name of the code."""
    kind = _by_code(code, BrokerErrorKind.NOT_SERVED)
    if kind is BrokerErrorKind.LOGIN and broker.username is None:
        kind = BrokerErrorKind.NO_CREDENTIALS
    return BrokerError(kind, broker, reason=reason)


def cannot_connect(error: Exception, broker: Broker) -> BrokerError:
    """Return the error for an exception that was raised while a connection was opened."""
    kinds = BrokerErrorKind
    match error:
        case ssl.SSLCertVerificationError():
            kind = _by_code(error.verify_code, kinds.CERTIFICATE)
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


def reason_of(error: Exception) -> str:
    """Return the reason that OpenSSL or the system gives for an error, else the text of the error."""
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
