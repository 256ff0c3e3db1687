"""The address of the page, the names that it may be asked for under, and the language of a browser."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from teleinfo.common.i18n import accepted
from teleinfo.settings.checks import Address, address
from teleinfo.web.hosts import (
    introduction,
    is_at_home,
    is_ours,
    listen,
    own_names,
    why_not,
)
from tests.support.tcp_ports import HOST, free_port


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.1:80", "192.0.2.1", 80),
        ("[::1]:8081", "::1", 8081),
        ("[::]", "::", 8080),
        ("0.0.0.0", "0.0.0.0", 8080),
        ("pi.local:8080", "pi.local", 8080),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    """ADDRESS:PORT, with brackets for IPv6; either may be left out."""
    assert address(text) == Address(host, port)


@pytest.mark.parametrize(
    "text", ["", "8081", "::1:8080", "pi:http", "pi:0", "pi:65536", "0", "http://pi:8080/", "[]:1"]
)
def test_another_text_is_refused(text: str) -> None:
    """A port is a number from 1 to 65535, and not alone; only an address of IPv6 has brackets."""
    with pytest.raises(ValueError):  # noqa: PT011 - the message is that of the setting or of the option
        address(text)


OURS = (
    "127.0.0.1:8080 [::1]:8080 192.168.1.20 [fe80::1%25eth0]:8080 localhost:8080 LocalHost "
    "pi pi:8080 PI.local:8080 pi.home.arpa pi.lan. meter.example:8080 Set.example.org. other.local "
    "meter.kitchen.lan:8080 pi.fritz.box 10.0.0.1:1"
)
OTHERS = (
    "evil.example evil.example:8080 pi.evil.example 127.0.0.1.evil.example localhost.evil.example:8080 "
    "pi:8080:8080 pi@evil.example évil pi.box box fritz.box.evil.example evilfritz.box local other"
)


@pytest.mark.parametrize("host", OURS.split())
def test_our_names_are_answered(host: str) -> None:
    assert is_ours(host, names=own_names("meter.example", "PI", ["set.example.org"]))


@pytest.mark.parametrize("host", ["", *OTHERS.split()])
def test_names_of_others_are_not(host: str) -> None:
    """A name that somebody else can register may be made to point here (DNS rebinding)."""
    assert not is_ours(host, names=own_names("127.0.0.1", "pi"))


@pytest.mark.parametrize(
    ("client", "own", "is_home"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("172.17.0.1", "172.17.0.2", True),
        ("::ffff:192.168.1.7", "::ffff:192.168.1.20", True),
        ("fe80::7%eth0", "fe80::20%eth0", True),
        ("2001:db8:1:2::7", "2001:db8:1:2::20", True),
        ("2001:db8:1:3::7", "2001:db8:1:2::20", False),
        ("2001:db8:1:2::7", "fe80::20", False),
        ("203.0.113.7", "203.0.113.20", False),
        ("172.32.0.1", "172.17.0.2", False),
        ("", "192.168.1.20", False),
    ],
)
def test_a_client_is_at_home_by_its_address(client: str, own: str, is_home: bool) -> None:  # noqa: FBT001
    """A private address, or one in the IPv6 subnet of ours; nobody on the Internet has either."""
    assert is_at_home(client, own) is is_home


def test_the_token_is_not_in_what_is_printed() -> None:
    """Standard error goes to the journal: the name of the setting stands in the URL, and no warning."""
    assert introduction(Address("0.0.0.0", 8080), is_secret=True) == (
        f"The page is at http://{socket.gethostname()}:8080/<TELEINFO_WEB_TOKEN>/ (Ctrl-C: quit).\n"
    )


def test_another_address_than_loopback_is_said_in_one_sentence() -> None:
    open_to_all = introduction(Address("0.0.0.0", 8080))
    own = introduction(Address("::1", 8080))

    assert open_to_all == (
        f"The page is at http://{socket.gethostname()}:8080/ (Ctrl-C: quit).\n"
        "Whoever reaches this address sees the consumption of the household.\n"
    )
    assert own == "The page is at http://[::1]:8080/ (Ctrl-C: quit).\n"
    assert introduction(Address("localhost", 1)).count("\n") == 1


def test_a_port_that_is_taken_is_named() -> None:
    """So is an address of another machine, and a name that nobody has; else the system's words are there."""
    port = free_port()
    with listen(Address(HOST, port)), pytest.raises(OSError, match="in use") as taken:
        listen(Address(HOST, port))
    with pytest.raises(OSError, match="assign") as foreign:
        listen(Address("192.0.2.1", free_port()))

    assert why_not(taken.value).startswith("another program listens there")
    assert why_not(foreign.value) == "this machine has no such address"
    assert why_not(socket.gaierror(1, "x")) == "this machine has no such address"
    assert "1024" in why_not(OSError(errno.EACCES, "x"))
    assert why_not(OSError(errno.EMFILE, os.strerror(errno.EMFILE))) == "Too many open files"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("de,fr;q=0.5", "fr"),
        ("fr;q=0", "en"),
        ("fr;q=0.1, en;q=0.2", "en"),
        ("*", "en"),
        ("\0;;q=9,fr;q=x", "en"),
    ],
)
def test_the_language_is_that_of_the_browser(header: str, language: str) -> None:
    """French where it is wanted more than English (RFC 9110 §12.5.4)."""
    assert accepted(header) == language
