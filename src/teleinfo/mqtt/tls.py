"""The TLS side of a connection to the broker."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.mqtt.errors import BrokerError, ssl_reason

if TYPE_CHECKING:
    from teleinfo.mqtt.config import Tls


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
            f"the TLS files cannot be used ({ssl_reason(error)}): TELEINFO_MQTT_TLS_CA_FILE, "
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
