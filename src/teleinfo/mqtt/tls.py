"""TLS for a connection to the broker."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.mqtt.errors import BrokerError, BrokerErrorKind, ssl_reason

if TYPE_CHECKING:
    from teleinfo.mqtt.config import Broker, Tls


def tls_context(broker: Broker, tls: Tls) -> ssl.SSLContext:
    """
    Return a context that verifies `broker` against the `ca_file` of `tls`, or the system's authorities.

    Reads files: call it in a thread. Raises `BrokerError` for a file that cannot be used.
    """
    try:
        for path in filter(None, (tls.ca_file, tls.cert_file, tls.key_file)):
            Path(path).open("rb").close()  # unlike the errors of OpenSSL, this error names the file
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
    except ssl.SSLError as error:
        raise BrokerError(BrokerErrorKind.TLS_FILE, broker, error=ssl_reason(error)) from None
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}"
        raise BrokerError(BrokerErrorKind.TLS_FILE, broker, error=reason) from None
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
