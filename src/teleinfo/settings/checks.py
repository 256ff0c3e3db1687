"""
Check the value of one setting: return it, perhaps completed, or raise ValueError.

A `RefusalError` ends the sentence that starts with the value (`"x" cannot be read: …`); any other ValueError
has nothing to add, and the sentence is `"x" is not …`, with what the setting allows.
"""

from __future__ import annotations

import difflib
import operator
import re
import socket
import termios
from typing import TYPE_CHECKING

from teleinfo.common.file_errors import file_error
from teleinfo.tic import labels
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from pathlib import Path

# Brokers limit both below MQTT's own 65535 bytes; `/status` and Home Assistant's levels follow.
MAX_TOPIC = 200  # bytes
MAX_CLIENT_ID = 128  # characters
MAX_HOST = 253  # characters, RFC 1035 §2.3.4

_BAUDRATES = frozenset(int(name[1:]) for name in dir(termios) if re.fullmatch(r"B[1-9]\d*", name))
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_ETIQUETTE = re.compile(r"[A-Za-z0-9+_-]+")
_HORODATE_KEY = "_HORODATE"


class RefusalError(ValueError):
    """A value is not taken; `reason` says why, after the value."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


def plain_text(value: str) -> str:
    """Refuse blanks alone, control characters and stray bytes, as os.environ carries them."""
    if not value.strip() or not value.isprintable():
        raise ValueError
    return value


def plain_digits(value: object) -> object:
    """Refuse what pydantic takes for a whole number too: 1.0, 1_883."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError
    return value


def plain_decimal(value: object) -> object:
    """Refuse what Python takes for a number too: 1e3, 1_0, inf."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        raise ValueError
    return value


def encodable(value: str) -> str:
    """Refuse what MQTT cannot carry: NUL, and what is not UTF-8 (MQTT 3.1.1 §1.5.3)."""
    if "\0" in value or value.encode(errors="ignore").decode() != value:
        raise ValueError
    return value


def no_brace(value: str) -> str:
    """Refuse a brace: where `{hostname}` is replaced, any other is a slip."""
    if "{" in value or "}" in value:
        raise ValueError
    return value


def topic(value: str) -> str:
    """Check a base topic (MQTT 3.1.1 §4.7): no wildcard, no empty or blank level, no `$SYS`."""
    if (
        not all(map(str.strip, value.split("/")))
        or value.startswith("$")
        or not value.isprintable()
        or set(value) & set("+#")
    ):
        raise ValueError
    if len(value.encode()) > MAX_TOPIC:
        raise RefusalError(Message("is too long: at most {most} bytes", most=MAX_TOPIC))
    return value


def client_id(value: str) -> str:
    """Check an MQTT client identifier: the broker would make a new one for an empty one."""
    if len(value) > MAX_CLIENT_ID:
        raise ValueError
    return plain_text(value)


def host(value: str) -> str:
    """
    Check a host name or an address; a wrong one would raise UnicodeError or ValueError far from here.

    `192.168.1` and `192.168.1.300` are refused: the resolver takes the first for 192.168.0.1.
    """
    if ":" in value:
        return _address(socket.AF_INET6, value)
    if re.fullmatch(r"[\d.]+", value, re.ASCII):
        return _address(socket.AF_INET, value)
    if len(value) > MAX_HOST:
        raise ValueError
    try:
        encoded = value.encode("idna").decode("ascii")
    except UnicodeError:  # an empty or over-long label; the error would quote the value
        encoded = ""
    if not _NAME.fullmatch(encoded.removesuffix(".")):
        raise ValueError
    return value


def _address(family: int, value: str) -> str:
    try:
        socket.inet_pton(family, value.partition("%")[0])  # fe80::1%eth0 names an interface
    except OSError:
        raise ValueError from None
    return value


def serial_port(value: str) -> str:
    """Check a device path, absolute since a service starts in /, or `socket://host:port`."""
    if value.startswith("socket://"):
        name, _, port = value.removeprefix("socket://").rpartition(":")
        host(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
        if not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not 1 <= int(port) <= 65535:  # noqa: PLR2004 (ports)
            raise ValueError
    elif not value.startswith("/") or not value.isprintable():
        raise ValueError
    return value


def baudrate(value: int | None) -> int | None:
    """Check a speed in baud: one that termios(3) names."""
    if value is not None and value not in _BAUDRATES:
        raise ValueError
    return value


def readable(value: Path | None) -> Path | None:
    """Check that a file can be opened and read."""
    if value is None:
        return None
    try:
        with value.open("rb") as file:
            file.read(1)
    except (OSError, ValueError) as error:
        raise RefusalError(Message("cannot be read: {reason}", reason=file_error(error))) from error
    return value


def split(value: object) -> object:
    """Split a text at commas and blanks; leave any other value to the check of its type."""
    return frozenset(value.replace(",", " ").split()) if isinstance(value, str) else value


def etiquettes(names: frozenset[str]) -> frozenset[str]:
    """
    Check the étiquettes to leave out.

    A name that the table does not know is accepted, since some meters have labels of their own, unless it
    looks like a slip for a known one: then an identifier would be published, and nobody would notice.
    """
    known = labels.HISTORIQUE.keys() | labels.STANDARD.keys()
    for name in sorted(names - known):
        if not _ETIQUETTE.fullmatch(name):
            raise ValueError
        written = name.upper().removesuffix(_HORODATE_KEY)
        near = difflib.get_close_matches(written, known)
        if near:
            # Of those equally near, the one with the most letters at the same index: ADC0 is ADCO, not ADSC.
            best = max(near, key=lambda label: sum(map(operator.eq, label, written)))
            raise RefusalError(
                Message(
                    "has an étiquette that no meter sends, {name}; did you mean {best}?", name=name, best=best
                )
            )
    return names
