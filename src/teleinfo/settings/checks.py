"""
Check the value of one setting, and return it or raise ValueError.

The message about a `RefusalError` consists of the value and the reason (`"x" cannot be read: …`). For any
other ValueError it is `"x" is not …`, with the allowed values of the setting.
"""

from __future__ import annotations

import ipaddress
import re
import termios
import unicodedata
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.common.files import file_error
from teleinfo.common.i18n import N_
from teleinfo.state.prices import Prices
from teleinfo.tic import labels
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import TariffPeriod
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Collection

# Brokers may allow less than MQTT's 65535 bytes, and `/status` and other levels are appended.
MAX_TOPIC = 200  # bytes
MAX_PORT = 65535
LOCALHOST: Final = "localhost"

# The constants B50, B75, …; B0 is no speed, but ends a connection.
_BAUD_CONSTANTS = [name for name in dir(termios) if re.fullmatch(r"B[1-9]\d*", name)]
_BAUDRATES = frozenset(int(name.removeprefix("B")) for name in _BAUD_CONSTANTS)
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_LISTEN = re.compile(r"(?P<host>\[[^\]\s]+\]|[^:\[\]\s]+)(?::(?P<port>\d{1,5}))?")
_PORT_ALONE = re.compile(r":?(\d{1,5})")
_ETIQUETTE = re.compile(r"[A-Za-z0-9+_-]+")
_PRICE = re.compile(r"[0-9]{1,4}([.,][0-9]{1,6})?")
_PAGE_PORT = 8080
_MONTH = "month"
_SUPPLIER_INDEXES = frozenset(f"EASF{number:02}" for number in range(1, 11))
_HIGHEST_PRICE = 5  # € a kWh; a higher price is in cents


class Address(NamedTuple):
    """The place where a page is served: an address or a name of this machine, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_of_machine(self) -> bool:
        """True if no other machine can reach it."""
        ip = ip_of(self.host)
        if ip is None:
            return self.host == LOCALHOST
        return ip.is_loopback

    @property
    def on_this_machine(self) -> str:
        """The host by which this machine reaches the page: `localhost` in place of 0.0.0.0 or ::."""
        return self._host_or(LOCALHOST)

    def url(self, machine: str, path: str = "") -> str:
        """Return the URL for a browser, with the name `machine` in place of 0.0.0.0 or ::."""
        host = self._host_or(machine)
        return f"http://{Address(host, self.port)}/{path}"

    def _host_or(self, name: str) -> str:
        """Return the host, but `name` for the addresses that stand for all of the machine: 0.0.0.0 and ::."""
        ip = ip_of(self.host)
        if ip is not None and ip.is_unspecified:
            return name
        return self.host


def ip_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """
    Return the IP address that `text` is, perhaps with an interface (fe80::1%eth0); None for any other text.

    An IPv4 address in the form of IPv6 (::ffff:127.0.0.1) is returned as the IPv4 address.
    """
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return ip


class RefusalError(ValueError):
    """Raised for a value that is refused; in the message, `reason` follows the value. `N_` marks its text."""

    def __init__(self, text: str, **fields: object) -> None:
        self.reason = Message(text, **fields)
        super().__init__(str(self.reason))


def plain_text(value: str) -> str:
    """Refuse blank text, control characters, and bytes of os.environ that cannot be decoded."""
    if not value.strip() or not value.isprintable():
        raise ValueError
    return value


def _written_as(pattern: str, value: object) -> object:
    """Refuse forms of a number that Python or pydantic accept: 1.0 as a whole number, 1_883, 1e3, inf."""
    if isinstance(value, str) and not re.fullmatch(pattern, value):
        raise ValueError
    return value


plain_digits = partial(_written_as, r"[0-9]{1,9}")
plain_decimal = partial(_written_as, r"[0-9]{1,9}(\.[0-9]{1,9})?")


def no_brace(value: str) -> str:
    """Refuse a brace that is left after `{hostname}` is replaced: it is a typo."""
    if "{" in value or "}" in value:
        raise ValueError
    return value


def topic(value: str) -> str:
    """Check a base topic (MQTT 3.1.1 §4.7): no wildcard, no empty or blank level, no `$SYS`."""
    if not all(level.strip() for level in value.split("/")):
        raise ValueError
    if value.startswith("$") or "+" in value or "#" in value or not value.isprintable():
        raise ValueError
    if len(value.encode()) > MAX_TOPIC:
        raise RefusalError(N_("is too long: at most {most} bytes"), most=MAX_TOPIC)
    return value


def base_topic(ours: Collection[str], value: str) -> str:
    """
    Refuse a topic whose last word is one of `ours`, the last words of the topics below a base topic.

    `maison/state` is refused: a meter with the base topic `maison` has its state there.
    """
    _before, _separator, last = value.rpartition("/")
    if last in ours:
        text = N_("ends with {last}, the name of a topic of ours below it; choose another last word")
        raise RefusalError(text, last=last)
    return value


def host(value: str) -> str:
    """
    Check a host name or an address; a wrong one would make the resolver raise UnicodeError or ValueError.

    `192.168.1.300` and `192.168.1` are refused; the resolver would read the latter as 192.168.0.1.
    """
    if ":" in value or re.fullmatch(r"[\d.]+", value, re.ASCII):
        ipaddress.ip_address(value)  # perhaps with an interface: fe80::1%eth0
        return value
    if len(value) > 253:  # noqa: PLR2004 - characters, RFC 1035 §2.3.4
        raise ValueError
    try:
        encoded = value.encode("idna").decode("ascii")
    except UnicodeError:
        # An empty or over-long label. This error quotes the value, which may hold a password: so ValueError
        # is raised below, where this one is not its context.
        encoded = ""
    if not _NAME.fullmatch(encoded.removesuffix(".")):
        raise ValueError
    # The encoding accepts punctuation (P), symbols (S) and separators (Z), too: quotes that were copied with
    # the name.
    for char in value:
        if not char.isascii() and unicodedata.category(char).startswith(("P", "S", "Z")):
            raise ValueError
    return value


def listen(value: str) -> str:
    """Refuse what is not ADDRESS:PORT, [ADDRESS]:PORT or ADDRESS."""
    address(value)
    return value


def address(value: str) -> Address:
    """
    Return what ADDRESS:PORT, [ADDRESS]:PORT or ADDRESS says; without a port it is 8080.

    Raise RefusalError for a port alone, ValueError for any other text.
    """
    port_alone = _PORT_ALONE.fullmatch(value)
    if port_alone is not None:
        # Some programs read a port alone as all addresses of the machine, others as 127.0.0.1.
        raise RefusalError(
            N_("has no address: write 0.0.0.0:{port} for every device at home, or 127.0.0.1:{port}"),
            port=port_alone[1],
        )
    match = _LISTEN.fullmatch(value)
    if match is None:
        raise ValueError
    port = int(match["port"] or _PAGE_PORT)
    if not 0 < port <= MAX_PORT:
        raise ValueError
    return Address(host(match["host"].strip("[]")), port)


def serial_port(value: str) -> str:
    """
    Check a bridge, or a device path, which must be absolute, since a service starts in /.

    A bridge is `socket://host:port` or, where we set the speed, `rfc2217://host:port`.
    """
    if value.startswith(("socket://", "rfc2217://")):
        _scheme, _separator, host_and_port = value.partition("://")
        bridge, _separator, port = host_and_port.rpartition(":")
        if bridge.startswith("[") and bridge.endswith("]"):
            bridge = bridge[1:-1]  # an IPv6 address
        host(bridge)
        if not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not 1 <= int(port) <= MAX_PORT:
            raise ValueError
        return value
    if not value.startswith("/") or not value.isprintable():
        raise ValueError
    return value


def baudrate(value: int | None) -> int | None:
    """Check that termios(3) has a constant for a speed in baud."""
    if value is not None and value not in _BAUDRATES:
        raise ValueError
    return value


def readable(value: str | None) -> str | None:
    """Check that a file can be opened and read."""
    if value is None:
        return None
    try:
        with Path(value).open("rb") as file:
            file.read(1)
    except (OSError, ValueError) as error:
        raise RefusalError(N_("cannot be read: {reason}"), reason=file_error(error)) from error
    return value


def split(value: object) -> object:
    """Split a text at commas and blanks; leave any other value to the check of its type."""
    if not isinstance(value, str):
        return value
    return frozenset(value.replace(",", " ").split())


def nearest(word: str, names: Collection[str], *, most: int, least_likeness: float = 0.6) -> list[str]:
    """Return at most `most` names that resemble `word`, by a likeness from 0 to 1, the nearest first."""
    # Imported here: only a wrong setting needs it.
    from difflib import get_close_matches  # noqa: PLC0415

    return get_close_matches(word, names, n=most, cutoff=least_likeness)


def etiquettes(names: frozenset[str]) -> frozenset[str]:
    """
    Check the étiquettes to leave out.

    A name that is not in the table is accepted, since some meters have étiquettes of their own. A name that
    resembles a known étiquette is refused: after a typing error, an identifier would be published unnoticed.
    """
    known = labels.HISTORIQUE.keys() | labels.STANDARD.keys()
    for name in sorted(names - known):
        if not _ETIQUETTE.fullmatch(name):
            raise ValueError
        without_suffix = name.upper().removesuffix(HORODATE_SUFFIX)
        similar = nearest(without_suffix, known, most=2)
        if similar:
            text = N_("has an étiquette that no meter sends, {name}; did you mean {best}?")
            raise RefusalError(text, name=name, best=", ".join(similar))
    return names


def prices(value: object) -> object:
    """
    Return the prices in a text such as `HC=0.1696 EASF06=0.2146 month=15.74`; a comma may be decimal.

    A price is that of a tariff period, or of an index by its key. A value that is no text is returned as it
    is.
    """
    if not isinstance(value, str):
        return value
    no_tariff = N_(
        "has a price for {name}: no tariff period (TH is Base), and no index of a supplier (EASF06)"
    )
    no_price = N_("has no price in euros for {name}, such as 0.1696")
    price_by_name: dict[str, float] = {}
    for item in value.split():
        written_name, equals, price = item.partition("=")
        if not equals:
            raise ValueError
        is_month = written_name.lower() == _MONTH
        name = _MONTH if is_month else written_name.upper()
        if not is_month and name not in TariffPeriod.__members__ and name not in _SUPPLIER_INDEXES:
            raise RefusalError(no_tariff, name=name)
        if name in price_by_name:
            raise RefusalError(N_("has two prices for {name}"), name=name)
        if not _PRICE.fullmatch(price):
            raise RefusalError(no_price, name=name)
        euros = float(price.replace(",", "."))
        if not is_month and euros > _HIGHEST_PRICE:
            raise RefusalError(no_price, name=name)
        price_by_name[name] = euros
    month = price_by_name.pop(_MONTH, 0.0)
    if not price_by_name:
        raise ValueError
    return Prices(price_by_name, month)


def dead_bands(value: object) -> object:
    """
    Return the bands in a text such as `power.active=20 labels.ERQ1=2`, by the path of a number.

    A value that is no text is returned as it is.
    """
    if not isinstance(value, str):
        return value
    # Imported here: whoever sets no band needs no table of the fields.
    from teleinfo.state.labels import numbers  # noqa: PLC0415

    paths = numbers()
    band_by_path: dict[str, float] = {}
    for item in value.split():
        path, _equals, band = item.partition("=")
        if path not in paths:
            # Whatever was meant: nobody knows these paths by heart, so the nearest are named at any likeness.
            best = ", ".join(nearest(path, paths, most=2, least_likeness=0.0))
            text = N_("has a name that is no number of the state, {name}; did you mean {best}?")
            raise RefusalError(text, name=path, best=best)
        if path in band_by_path:
            raise RefusalError(N_("has two bands for {name}"), name=path)
        plain_decimal(band)
        band_by_path[path] = float(band)
    return band_by_path
