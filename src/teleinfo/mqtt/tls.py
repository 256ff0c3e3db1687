"""The TLS side of a connection to the broker."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.mqtt.errors import BrokerError, BrokerErrorKind, ssl_reason

if TYPE_CHECKING:
    from teleinfo.mqtt.config import Broker, Tls


def tls_context(broker: Broker, tls: Tls) -> ssl.SSLContext:
    """
    Return a context that verifies `broker` against the `ca_file` of its `tls`, or the system's authorities.

    Reads files: call it in a thread. Raises `BrokerError` when one of them cannot be used.
    """
    for path in (tls.ca_file, tls.cert_file, tls.key_file):
        _check_readable(path, broker)
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file:
            # Without this answer OpenSSL would ask for a pass phrase on the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
    except ssl.SSLError as error:
        raise BrokerError(BrokerErrorKind.TLS_FILE, broker, error=ssl_reason(error)) from None
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _check_readable(path: str | None, broker: Broker) -> None:
    if path is None:
        return
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        reason = f"{path}: {error.strerror}"
        raise BrokerError(BrokerErrorKind.TLS_FILE, broker, error=reason) from None
