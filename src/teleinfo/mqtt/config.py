"""
The broker as the settings describe it, and what can be wrong with it in plain words.

`tls_context` builds the TLS side of a connection; `explain` turns what a failed attempt raised into a
`BrokerError`, whose words tell a household what happened and what to do. No secret ever gets into them.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tls:
    """How to speak TLS: paths of PEM files, and `insecure` to trust any certificate."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None

    @property
    def address(self) -> str:
        """The host and the port as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class BrokerError(Exception):
    """
    Raised when there is no connection to the broker.

    `kind` compares causes; `words` are for people; `needs_hand` says that waiting will not mend it.
    """

    def __init__(self, kind: str, words: str, *, user_must_act: bool = False) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
        self.user_must_act = user_must_act


def tls_context(tls: Tls) -> ssl.SSLContext:
    """
    Return a context that verifies the broker against `tls.ca_file`, or the system's authorities.

    Reads files: call it in a thread. Raises `BrokerError` when one of them cannot be used.
    """
    for name, path in (("CA", tls.ca_file), ("CERT", tls.cert_file), ("KEY", tls.key_file)):
        _check_readable(name, path)
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file:
            # Without this answer OpenSSL would ask for a pass phrase on the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
    except ssl.SSLError as error:
        raise BrokerError(
            "tls file",
            f"the TLS files cannot be used ({_reason(error)}): TELEINFO_MQTT_TLS_CA_FILE, "
            "TELEINFO_MQTT_TLS_CERT_FILE and TELEINFO_MQTT_TLS_KEY_FILE must be PEM files that belong "
            "together, the key without a pass phrase",
            user_must_act=True,
        ) from None
    context.sslsocket_class = _SelfClosing
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _SelfClosing(ssl.SSLSocket):
    """Closes itself when its handshake fails; paho leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature of the base
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _check_readable(name: str, path: str | None) -> None:
    if path is None:
        return
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise BrokerError(
            "tls file",
            f"the file of TELEINFO_MQTT_TLS_{name}_FILE, {path}, cannot be read ({error.strerror})",
            user_must_act=True,
        ) from None


def closed() -> BrokerError:
    """Return the fault of a connection that the broker, or something between, has closed."""
    return BrokerError("closed", "it closed the connection (was it stopped or restarted?)")


def closed_unanswered(broker: Broker) -> BrokerError:
    """Return the fault of a connection that was closed before any word of MQTT."""
    advice = (
        "does it expect TLS on this port?" if broker.tls is None else "does it want a client certificate?"
    )
    return BrokerError("closed unanswered", f"it closed the connection without an answer ({advice})")


def silent() -> BrokerError:
    """Return the fault of a broker that does not answer."""
    return BrokerError("silent", "it does not answer (is it frozen, or is the network cut?)")


def refused(broker: Broker, code: int) -> BrokerError:
    """
    Return the fault of a connection refused with the reason `code`.

    Codes are those of MQTT 5 (§3.2.2.2), to which paho translates the ones of MQTT 3.1.1 (§3.2.2.3).
    """
    if code in (0x86, 0x87):
        wanted = (
            "wants a user name and a password: set"
            if broker.username is None
            else "refused the user name or the password: check"
        )
        words = f"it {wanted} TELEINFO_MQTT_USERNAME and TELEINFO_MQTT_PASSWORD"
        return BrokerError("login", words, user_must_act=True)
    if code == 0x85:  # noqa: PLR2004 - the codes stand side by side here
        words = f"it refused the client id {broker.client_id}: choose another one in TELEINFO_MQTT_CLIENT_ID"
        return BrokerError("client id", words, user_must_act=True)
    if code == 0x84:  # noqa: PLR2004 - as above
        return BrokerError("version", "it does not speak MQTT 3.1.1", user_must_act=True)
    return BrokerError("unavailable", f"it says that it is not available (code {code})")


def explain(  # noqa: PLR0911 - one return for each cause
    error: BaseException | None,
    broker: Broker,
) -> BrokerError:
    """Return why a connection could not be opened; `error` is what was raised, None for silence."""
    match error:
        case socket.gaierror():
            words = f"the name {broker.host} does not resolve: check TELEINFO_MQTT_HOST and the network"
            return BrokerError("name", words, user_must_act=True)
        case ssl.SSLCertVerificationError():
            words = f"its TLS certificate is not trusted: {_certificate_advice(error, broker)}"
            return BrokerError("certificate", words, user_must_act=True)
        case ssl.SSLEOFError() | ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            return closed_unanswered(broker)
        case ssl.SSLError():
            words = f"TLS failed ({_reason(error)}): does it speak TLS on this port?"
            return BrokerError("tls", words, user_must_act=True)
        case ConnectionRefusedError():
            return BrokerError(
                "refused", "nothing listens there: is the broker running, and is the port right?"
            )
        case TimeoutError():
            return silent()
        case OSError():
            return BrokerError("network", f"the network does not reach it ({error.strerror or error})")
        case ValueError():
            words = f"{broker.host!r} is not the name of a host: check TELEINFO_MQTT_HOST"
            return BrokerError("host", words, user_must_act=True)
    return silent()


def _reason(error: ssl.SSLError) -> str:
    # Only errors that come from OpenSSL itself have a reason.
    return str(getattr(error, "reason", None) or error)


# OpenSSL's X509_V_ERR_…: NOT_YET_VALID, HAS_EXPIRED, and the mismatches of name and address.
_NOT_YET_VALID, _EXPIRED, _WRONG_HOST, _WRONG_ADDRESS = 9, 10, 62, 64


def _certificate_advice(error: ssl.SSLCertVerificationError, broker: Broker) -> str:
    match error.verify_code:
        case code if code in (_NOT_YET_VALID, _EXPIRED):
            return f"{error.verify_message}: renew it, or set the clock of this machine"
        case code if code in (_WRONG_HOST, _WRONG_ADDRESS):
            return (
                f"it is not made out to {broker.host}: set TELEINFO_MQTT_HOST to the name in the certificate"
            )
    return f"{error.verify_message}: give its authority in TELEINFO_MQTT_TLS_CA_FILE"
