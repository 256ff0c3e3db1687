"""The address of the page, the names that it may be asked for under, and the language of a browser."""

from __future__ import annotations

import argparse
import errno
import os
import socket

import pytest

from teleinfo.common.i18n import accepted
from teleinfo.watch.web.hosts import DEFAULT, Address, address, introduction, is_ours, listen, why_not
from tests.support.tcp_ports import HOST, free_port


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (DEFAULT, "127.0.0.1", 8080),
        ("192.0.2.1:80", "192.0.2.1", 80),
        ("[::1]:8081", "::1", 8081),
        ("[::]", "::", 8080),
        ("0.0.0.0", "0.0.0.0", 8080),
        ("8081", "127.0.0.1", 8081),
        (":8081", "127.0.0.1", 8081),
        ("pi.local:8080", "pi.local", 8080),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    """ADDRESS:PORT, with brackets for IPv6; either may be left out."""
    assert address(text) == Address(host, port)


@pytest.mark.parametrize(
    "text", ["", "::1:8080", "pi:http", "pi:0", "pi:65536", "0", "http://pi:8080/", "[]:1"]
)
def test_another_text_is_refused(text: str) -> None:
    """The message says what an address looks like."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"such as 127\.0\.0\.1:8080"):
        address(text)


OURS = (
    "127.0.0.1:8080 [::1]:8080 192.168.1.20 [fe80::1%25eth0]:8080 localhost:8080 LocalHost "
    "pi pi:8080 PI.local:8080 pi.home.arpa pi.lan. meter.example:8080"
)
OTHERS = (
    "evil.example evil.example:8080 pi.evil.example 127.0.0.1.evil.example localhost.evil.example:8080 "
    "notpi.local pi:8080:8080 pi@evil.example évil"
)


@pytest.mark.parametrize("host", OURS.split())
def test_our_names_are_answered(host: str) -> None:
    """Addresses in figures, this machine's name at home, and the name that the page is served at."""
    assert is_ours(host, served="meter.example", machine="pi")


@pytest.mark.parametrize("host", ["", *OTHERS.split()])
def test_names_of_others_are_not(host: str) -> None:
    """A name that somebody else can register may be made to point here (DNS rebinding)."""
    assert not is_ours(host, served="127.0.0.1", machine="pi")


def test_another_address_than_loopback_is_said_in_one_sentence() -> None:
    """Whoever reaches it sees the consumption; on loopback that is nobody else."""
    open_to_all, own = introduction(Address("0.0.0.0", 8080)), introduction(Address("::1", 8080))

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
        ("", "en"),
        ("fr", "fr"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en-US,en;q=0.9,fr;q=0.8", "en"),
        ("de,fr;q=0.5", "fr"),
        ("de", "en"),
        ("fr;q=0", "en"),
        ("fr;q=0.1, en;q=0.2", "en"),
        ("*", "en"),
        ("\0;;q=9,fr;q=x", "en"),
    ],
)
def test_the_language_is_that_of_the_browser(header: str, language: str) -> None:
    """French where it is wanted more than English (RFC 9110 §12.5.4)."""
    assert accepted(header) == language
