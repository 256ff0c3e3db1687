"""
A connection raises `BrokerError`: one of the faults of `faults.BrokerFault`.

The functions build it from an error of the system, OpenSSL or the broker.
"""

from __future__ import annotations

import socket
import ssl

from teleinfo.common.i18n import N_, _
from teleinfo.common.outage_log import OutageTexts
from teleinfo.mqtt.config import KEEPALIVE, Broker
from teleinfo.mqtt.faults import BY_CERTIFICATE_CODE, BY_REASON_CODE, BrokerFault
from teleinfo.vocabulary.words import Message

OUTAGE_TEXTS = OutageTexts(
    begins=N_("no connection to the broker at {name}, teleinfo keeps trying: {reason}"),
    still=N_("still no connection to the broker at {name} after {lasted}: {reason}"),
    ends=N_("connected to the broker at {name} again after {lasted}"),
)
"""Lines of the log about a broker that is away; `{name}` is its address."""

CUT_OFF = N_("no connection to the broker at {address}")
"""End of the line of status while the broker is away; the doctor looks for it."""

PUSHED_OUT = N_("the broker at {address} closes our connections: another program may use the client id")
"""The same while the broker closes each connection soon."""


class BrokerError(Exception):
    """
    Raised when there is no connection to the broker, or when it refuses a message. No text holds a secret.

    `message`, `advice` and `commands` are those of the `fault`, with their fields. `str` gives all three in
    the user's language.
    """

    def __init__(self, fault: BrokerFault, broker: Broker, **fields: object) -> None:
        explanation = fault.value
        fields |= {
            "host": broker.host,
            "port": broker.port,
            "address": broker.address,
            "client_id": broker.client_id,
            "keepalive": KEEPALIVE,
        }
        self.fault = fault
        self.message = Message(explanation.message, **fields)
        self.advice = Message(explanation.advice, **fields)
        self.commands = tuple(command.format(**fields) for command in explanation.commands)
        super().__init__(self.message)

    def __str__(self) -> str:
        message = _(self.message)
        if not message.endswith("?"):
            message += "."
        parts = (message, _(self.advice), ", ".join(self.commands))
        return " ".join(part for part in parts if part)


def refused(broker: Broker, code: int, reason: str) -> BrokerError:
    """Return the error for a reason code of CONNACK or DISCONNECT; `reason` is the name of the code."""
    fault = BY_REASON_CODE.get(code, BrokerFault.NOT_SERVED)
    if fault is BrokerFault.LOGIN and broker.username is None:
        fault = BrokerFault.NO_CREDENTIALS
    return BrokerError(fault, broker, reason=reason)


def cannot_connect(error: Exception, broker: Broker) -> BrokerError:
    """Return the error for an exception that was raised while a connection was opened."""
    match error:
        case ssl.SSLCertVerificationError():
            fault = BY_CERTIFICATE_CODE.get(error.verify_code, BrokerFault.CERTIFICATE)
        case ConnectionRefusedError():
            fault = BrokerFault.REFUSED
        case TimeoutError():
            fault = BrokerFault.SILENT
        case ssl.SSLError():
            fault = BrokerFault.TLS
        case ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            fault = BrokerFault.CLOSED_UNANSWERED if broker.tls is None else BrokerFault.TLS
        case socket.gaierror() if broker.host.lower().endswith(".local"):
            fault = BrokerFault.LOCAL_NAME
        case socket.gaierror(errno=socket.EAI_AGAIN):
            fault = BrokerFault.NO_NAME_SERVER
        case socket.gaierror() | ValueError():  # no address for the name, or not a host name
            fault = BrokerFault.NAME
        case _:
            fault = BrokerFault.NETWORK
    return BrokerError(fault, broker, error=reason_of(error))


def reason_of(error: Exception) -> str:
    """Return the reason that OpenSSL or the system gives for an error, else the text of the error."""
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
