"""
Faults of the broker, explained for the user: `faults.txt` has the words, and says how to add a fault.

A connection raises `BrokerError`. The functions build it from an error of the system, OpenSSL or the broker.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Final

from teleinfo.common.i18n import N_, _
from teleinfo.common.outage_log import OutageTexts
from teleinfo.mqtt.config import KEEPALIVE, Broker
from teleinfo.vocabulary.text_table import read_sections
from teleinfo.vocabulary.words import Message

FAULTS: Final = read_sections(Path(__file__).with_name("faults.txt"))
"""The notes and the lines of each kind of fault; the lines are templates."""

MESSAGE_REFUSALS: Final = frozenset({"REFUSES_TOPIC", "REFUSES_LENGTH"})
"""The kinds of a refused message; every other error ends the connection."""

OUTAGE_TEXTS = OutageTexts(
    begins=N_("no connection to the broker at {name}, teleinfo keeps trying: {reason}"),
    still=N_("still no connection to the broker at {name} after {lasted}: {reason}"),
    ends=N_("connected to the broker at {name} again after {lasted}"),
)
"""Lines of the log about a broker that is away; `{name}` is its address."""

CUT_OFF = N_("no connection to the broker at {address}")
"""End of the line of status while the broker is away; the doctor looks for it."""

PUSHED_OUT = N_("the broker at {address} is lost again and again: another program may use the client id")
"""The same while the broker closes each connection soon."""


class BrokerError(Exception):
    """
    Raised when there is no connection to the broker, or when it refuses a message. No text holds a secret.

    `message` and `advice` are for the user, `commands` are to be typed or to be put into the settings as they
    are, and `kind` is for programs. `check` is the check of the doctor for the fault. `user_must_act` is
    false if the fault may end by itself. `str` gives message, advice and commands in the user's language.
    """

    def __init__(self, kind: str, broker: Broker, **fields: object) -> None:
        (self.check, *notes), (message, advice, *commands) = FAULTS[kind]
        fields |= {
            "host": broker.host,
            "port": broker.port,
            "address": broker.address,
            "client_id": broker.client_id,
            "keepalive": KEEPALIVE,
        }
        self.kind = kind
        self.message = Message(message, **fields)
        self.advice = Message(advice, **fields)
        self.commands = tuple(command.format(**fields) for command in commands)
        self.user_must_act = "passing" not in notes
        super().__init__(self.message)

    def __str__(self) -> str:
        message = _(self.message)
        stop = "" if message.endswith("?") else "."
        return " ".join(filter(None, (f"{message}{stop}", _(self.advice), ", ".join(self.commands))))


def _by_code(code: str, otherwise: str) -> str:
    return next((kind for kind, (notes, _lines) in FAULTS.items() if code in notes), otherwise)


def refused(broker: Broker, code: int, reason: str) -> BrokerError:
    """Return the error for a reason code of CONNACK or DISCONNECT; `reason` is the name of the code."""
    kind = _by_code(f"0x{code:02X}", "NOT_SERVED")
    if kind == "LOGIN" and broker.username is None:
        kind = "NO_CREDENTIALS"
    return BrokerError(kind, broker, reason=reason)


def cannot_connect(error: Exception, broker: Broker) -> BrokerError:
    """Return the error for an exception that was raised while a connection was opened."""
    match error:
        case ssl.SSLCertVerificationError():
            kind = _by_code(str(error.verify_code), "CERTIFICATE")
        case ConnectionRefusedError():
            kind = "REFUSED"
        case TimeoutError():
            kind = "SILENT"
        case ssl.SSLError():
            kind = "TLS"
        case ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            kind = "CLOSED_UNANSWERED" if broker.tls is None else "TLS"
        case socket.gaierror() if broker.host.lower().endswith(".local"):
            kind = "LOCAL_NAME"
        case socket.gaierror(errno=socket.EAI_AGAIN):
            kind = "NO_NAME_SERVER"
        case socket.gaierror() | ValueError():  # no address for the name, or not a host name
            kind = "NAME"
        case _:
            kind = "NETWORK"
    return BrokerError(kind, broker, error=reason_of(error))


def reason_of(error: Exception) -> str:
    """Return the reason that OpenSSL or the system gives for an error, else the text of the error."""
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
