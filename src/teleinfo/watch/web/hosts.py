"""
The address of the page, and the names under which browsers may request it.

A foreign page may let its own name resolve to our address (DNS rebinding), and could then read our page. So a
request is answered only for a numeric address or for a name that nobody can register: the name of this
machine, alone or in a domain of home networks.
"""

from __future__ import annotations

import argparse
import errno
import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Final

from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable

DEFAULT: Final = "127.0.0.1:8080"

LOCALHOST: Final = "localhost"
HOME_DOMAINS: Final = ("local", "lan", "home", "home.arpa", "internal", "localdomain")
"""Domains of home networks: mDNS (RFC 6762), RFC 8375, and those of routers; none is in the public DNS."""

_MAX_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Address:
    """Address of the page: an address or a name of this machine, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self, machine: str) -> str:
        """Return the URL for a browser, in which the name `machine` stands for all addresses at once."""
        ip = _ip(self.host)
        host = machine if ip is not None and ip.is_unspecified else self.host
        return f"http://{Address(host, self.port)}/"


def address(text: str) -> Address:
    """Parse ADDRESS:PORT, [ADDRESS]:PORT, ADDRESS or PORT; raise ArgumentTypeError for argparse."""
    match = re.fullmatch(r":?(?P<port>\d+)|(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::(?P<own_port>\d+))?", text)
    host, port = DEFAULT.split(":")
    if match is not None:
        host, port = (match["host"] or host).strip("[]"), match["port"] or match["own_port"] or port
    if match is None or not 0 < int(port) <= _MAX_PORT:
        raise argparse.ArgumentTypeError(
            _("{text} is not an address and a port such as 127.0.0.1:8080 or [::1]:8080").format(text=text)
        )
    return Address(host, int(port))


def is_ours(host: str, *, served: str, machine: str) -> bool:
    """True if `machine` may answer a request for `host` (RFC 9110 §7.2); its page is at `served`."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::\d+)?", host.strip().lower())
    if match is None:
        return False
    name = match[1].strip("[]").removesuffix(".")
    if _ip(name) is not None:
        return True
    own = machine.lower().split(".")[0]
    names = {LOCALHOST, served.lower(), machine.lower(), own, *(f"{own}.{domain}" for domain in HOME_DOMAINS)}
    return name in names


def listen(address: Address) -> socket.socket:
    """Return a socket that listens at this address; raise OSError if the system refuses it."""
    family, _kind, _protocol, _name, place = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    all_of_both = address.host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(place[:2], family=family, dualstack_ipv6=all_of_both)


def why_not(error: OSError) -> str:
    """Return the reason for which the page cannot be served, in the language of the user."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return _("this machine has no such address")
    if error.errno == errno.EADDRINUSE:
        return _("another program listens there; another port may be free, such as --web 127.0.0.1:8081")
    if error.errno == errno.EACCES:
        return _("ports below 1024 are for root alone; take one above, such as 8080")
    return printable(error.strerror or type(error).__name__)


def introduction(address: Address) -> str:
    """Return the first lines of the program: the URL of the page, and a warning if others can reach it."""
    text = _("The page is at {url} (Ctrl-C: quit).\n").format(url=address.url(socket.gethostname()))
    ip = _ip(address.host)
    if not (address.host == LOCALHOST if ip is None else ip.is_loopback):
        text += _("Whoever reaches this address sees the consumption of the household.\n")
    return text


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
