"""
The socket of the page, the names under which browsers may request it, and the addresses that may.

A foreign page may let its own name resolve to our address (DNS rebinding), and could then read our page. So a
request is answered only for a numeric address, the name of this machine, a name in a domain that nobody can
register, or a name in the settings. `box` is none of these domains: anybody can register a name in it.
"""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.settings.checks import LOCALHOST, Address, ip_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

HOME_DOMAINS: Final = (".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain", ".fritz.box")
"""Domains of home networks: mDNS (RFC 6762), RFC 8375, and those of routers; only routers resolve them."""

_HOME_NETWORKS: Final = [
    *map(ipaddress.ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    *map(ipaddress.ip_network, ("169.254.0.0/16", "::1/128", "fe80::/10", "fc00::/7")),
]
"""Private addresses and those of a link (RFC 1918, 3927, 4193, 4291)."""

SUPERVISOR: Final = "172.30.32.2"
_APPS: Final = ipaddress.ip_network("172.30.32.0/23")
"""The Supervisor of Home Assistant and the network of its apps (developers.home-assistant.io, "Ingress")."""

_SUBNET: Final = 64
"""Length of the prefix of an IPv6 subnet, bits (RFC 4291, section 2.5.4)."""


def is_ours(host: str, *, names: Container[str]) -> bool:
    """True if the machine with these `names` may answer a request for `host` (RFC 9110 §7.2)."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::\d+)?", host.strip().lower())
    name = match[1].strip("[]").removesuffix(".") if match else ""
    return ip_of(name) is not None or name in names or name.endswith(HOME_DOMAINS)


def own_names(served: str, machine: str, configured: Iterable[str] = ()) -> set[str]:
    """Return the names of the page at `served` on `machine`, with those of the settings."""
    names = (LOCALHOST, served, machine, machine.partition(".")[0], *configured)
    return {name.lower().removesuffix(".") for name in names}


def is_at_home(client: str, own: str) -> bool:
    """
    True if a `client` that reached our address `own` is in the home network.

    Its address is private, or in the subnet of ours: at home, an IPv6 address begins with the public prefix
    of the home. In an app of Home Assistant only the Supervisor is: it asks for a user and a password.
    """
    there = ip_of(client)
    here = ip_of(own)
    if there is None or here is None:
        return False
    if is_app(own):
        return client == SUPERVISOR
    if int(there) >> _SUBNET == int(here) >> _SUBNET != 0:  # 0: an address of IPv4
        return True
    return any(there in network for network in _HOME_NETWORKS)


def is_app(own: str) -> bool:
    """True if our address `own` is that of an app of Home Assistant."""
    return (here := ip_of(own)) is not None and here in _APPS


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
        return _("another program listens there; set another port: TELEINFO_WEB_LISTEN=0.0.0.0:8081")
    if error.errno == errno.EACCES:
        return _("ports below 1024 are for root alone; take one above, such as 8080")
    return printable(error.strerror or type(error).__name__)


def introduction(address: Address, *, is_secret: bool = False) -> str:
    """
    Return the first lines of the program: the URL of the page, and a warning if others can reach it.

    If the URL `is_secret`, the name of the setting stands in place of its token: it may be logged.
    """
    path = "<TELEINFO_WEB_TOKEN>/" if is_secret else ""
    text = _("The page is at {url} (Ctrl-C: quit).\n").format(url=address.url(socket.gethostname(), path))
    if not is_secret and not address.is_of_machine:
        text += _("Whoever reaches this address sees the consumption of the household.\n")
    return text
