"""
`BrokerError`, and the wordings of everything that can be wrong with a connection to the broker.

`explain` names what a failed attempt raised, `refused` what the broker answered. The words hold no secret.
"""

from __future__ import annotations

import logging
import socket
import ssl
from typing import TYPE_CHECKING

from teleinfo.common.outage_log import OutageLog, OutageTexts
from teleinfo.mqtt.config import KEEPALIVE

if TYPE_CHECKING:
    from teleinfo.mqtt.config import Broker


log = logging.getLogger(__name__)


class BrokerError(Exception):
    """
    Raised when there is no connection to the broker.

    `kind` compares causes; `words` are for people; `user_must_act` says that waiting will not mend it.
    """

    def __init__(self, kind: str, words: str, *, user_must_act: bool = False) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
        self.user_must_act = user_must_act


class BrokerOutageLog:
    """The log of the connection to the broker at `address`; times are monotonic, in seconds."""

    def __init__(self, address: str) -> None:
        self._address = address
        begins = "no connection to the broker at {name}: {reason}; teleinfo keeps trying"
        texts = OutageTexts(
            begins=begins,
            lost_again=begins,
            another_cause="still no connection to the broker at {name}, for another reason: {reason}",
            reminder="still no connection to the broker at {name} after {lasted}: {reason}",
            ends="connected to the broker at {name} again after {lasted}",
            holds="the connection to the broker at {name} is steady again after {lasted}",
        )
        self._outage = OutageLog(address, texts)

    def connected(self, now: float) -> None:
        """Note that the broker accepted us."""
        if self._outage.working:
            log.info("connected to the broker at %s", self._address)
        else:
            self._outage.recovered(now)

    def held(self, now: float) -> None:
        """Note that the connection has held for a while: the next loss is a new outage."""
        self._outage.held(now)

    def lost(self, fault: BrokerError, now: float) -> None:
        """Note a failed attempt or a lost connection. A new cause is said if the user must act."""
        self._outage.failed(fault.kind if fault.user_must_act else None, fault.words, now)


def closed() -> BrokerError:
    """Return the fault of a connection that the broker, or something between, has closed."""
    return BrokerError(
        "closed", "it closed the connection (was it restarted, or does another program use our client id?)"
    )


def closed_unanswered(broker: Broker) -> BrokerError:
    """Return the fault of a connection that was closed before any word of MQTT."""
    advice = (
        "does it expect TLS on this port? Or websockets, or another version of MQTT than 3.1.1? "
        "`teleinfo doctor` finds out"
        if broker.tls is None
        else "does it want a client certificate?"
    )
    return BrokerError("closed unanswered", f"it closed the connection without an answer ({advice})")


def will_refused() -> BrokerError:
    """Return the fault of a broker that accepts us only without the last will."""
    words = (
        "it refuses our last will, a retained message of QoS 1: allow both on the broker (mosquitto: "
        "retain_available, max_qos)"
    )
    return BrokerError("will refused", words, user_must_act=True)


def unacceptable() -> BrokerError:
    """Return the fault of a broker that sent a packet which we do not take, see `paho_driver`."""
    words = (
        "it sent a packet that teleinfo does not take, of more than 256 KiB or of QoS 2: remove such a "
        "message from the topics that teleinfo reads (is it retained?)"
    )
    return BrokerError("unacceptable packet", words, user_must_act=True)


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
        # With MQTT 3.1.1 mosquitto gives the same answer to a keepalive that is too long for it.
        words = (
            f"it refused the client id {broker.client_id}, or the keepalive of {KEEPALIVE} s: choose another "
            "id in TELEINFO_MQTT_CLIENT_ID, or allow the keepalive (max_keepalive)"
        )
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
            kind, advice = _certificate(error, broker)
            return BrokerError(kind, f"its TLS certificate is not trusted: {advice}", user_must_act=True)
        case ssl.SSLEOFError() | ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            if broker.tls is None:
                return closed_unanswered(broker)
            words = "it closed the connection during the TLS handshake: does it speak TLS on this port?"
            return BrokerError("tls", words, user_must_act=True)
        case ssl.SSLError():
            words = f"TLS failed ({ssl_reason(error)}): does it speak TLS on this port?"
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


def ssl_reason(error: ssl.SSLError) -> str:
    """Return what OpenSSL says, or the text of `error`."""
    # Only errors that come from OpenSSL itself have a reason.
    return str(getattr(error, "reason", None) or error)


# OpenSSL's X509_V_ERR_…: NOT_YET_VALID, HAS_EXPIRED, and the mismatches of name and address.
_NOT_YET_VALID, _EXPIRED, _WRONG_HOST, _WRONG_ADDRESS = 9, 10, 62, 64


def _certificate(error: ssl.SSLCertVerificationError, broker: Broker) -> tuple[str, str]:
    """Return the kind of the fault and the advice."""
    renew = f"{error.verify_message}: renew it, or set the clock of this machine"
    match error.verify_code:
        case code if code == _EXPIRED:
            return "certificate expired", renew
        case code if code == _NOT_YET_VALID:
            return "certificate not yet valid", renew
        case code if code in (_WRONG_HOST, _WRONG_ADDRESS):
            return "certificate of another host", (
                f"it is not made out to {broker.host}: set TELEINFO_MQTT_HOST to the name in the certificate"
            )
    return "certificate", f"{error.verify_message}: give its authority in TELEINFO_MQTT_TLS_CA_FILE"
