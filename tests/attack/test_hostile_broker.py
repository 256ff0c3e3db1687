"""
A broker that means harm: no MQTT, broken MQTT, too much MQTT.

Each case begins and ends with a good broker at the same address. In between the memory of the daemon is
bounded, its log quiet, the watchdog fed; afterwards readings come again.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.attack.hostile_broker import HostileBroker, Peer, length
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.scenario import AttackScenario, historique, run_together
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.attack.hostile_broker import Script
    from tests.support.figures import Figures

pytestmark = [pytest.mark.real, pytest.mark.long]

SECONDS = 4.0
"""Seconds that an attack lasts."""

BACK = 60.0
"""Seconds for what is promised within 35 s, to fail by the promise and not by the wait."""

LINES = 8
"""That an attack may cost in the log: an outage or two, and a guess at who is to blame."""

BLOCK = bytes(1 << 16)
MOST = 268_435_455
"""The longest packet that MQTT knows, bytes."""


# No MQTT at all.


def a_web_server(peer: Peer) -> None:
    """Answer as a web server does to what it does not understand."""
    peer.listen()
    peer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\nConnection: close\r\n\r\nBad Request")


def random_bytes(peer: Peer) -> None:
    """Answer with noise, and go on with it."""
    peer.listen()
    while peer.alive:
        peer.write(peer.rng.randbytes(1 << 12))


def a_tls_server(peer: Peer) -> None:
    """Answer with an alert of TLS, then with what looks like a handshake."""
    peer.listen()
    peer.write(b"\x15\x03\x03\x00\x02\x02\x28")
    peer.write(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + peer.rng.randbytes(1 << 14))
    peer.wait(2)


def silence(peer: Peer) -> None:
    """Take the connection, and say nothing."""
    peer.listen()
    peer.wait(2 * SECONDS)


# MQTT that is broken.


def an_endless_length(peer: Peer) -> None:
    """Accept, then a remaining length of more than four bytes (§2.2.3)."""
    peer.accept()
    peer.write(b"\x30\xff\xff\xff\xff\xff\xff\x01")
    peer.wait(2 * SECONDS)


def packets_out_of_place(peer: Peer) -> None:
    """Accept, then acknowledge what was never sent, release what never came, and ask like a client."""
    peer.accept()
    for number in (0, 1, 2, 999, 65535):
        for kind in (0x40, 0x50, 0x62, 0x70, 0xB0):
            peer.write(bytes([kind, 2]) + number.to_bytes(2, "big"))
        peer.write(b"\x90\x03" + number.to_bytes(2, "big") + b"\x80")
    peer.write(b"\xc0\x00\xe0\x00\xf0\x00\x00\x00\xd0\x00\xd0\x00")
    peer.write(b"\x82\x06\x00\x01\x00\x01a\x01")
    peer.write(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x0f\x00\x02ab")
    peer.write(peer.connack + b"\x20\x00" + b"\x20\x01\x00" + b"\x40\x00" + b"\x90\x00" + b"\x30\x01\x00")
    peer.wait(2 * SECONDS)


def a_topic_that_is_none(peer: Peer) -> None:
    """Accept, then messages whose topic is longer than they are, empty, or no UTF-8."""
    peer.accept()
    for body in (
        b"\xff\xff",
        b"\x00\x00",
        b"\x00\x02\xff\xfe!",
        b"\x00\x05a",
        b"",
        b"\x00\x01#x",
        b"\x00\x01\x00x",
    ):
        for qos in (0x30, 0x32, 0x34, 0x36):
            peer.write(bytes([qos]) + length(len(body)) + body)
    peer.wait(2 * SECONDS)


def a_connack_that_is_none(peer: Peer) -> None:
    """Answer with a CONNACK of an unknown code, of no length, or with a message before it."""
    peer.listen()
    peer.write(
        peer.rng.choice([b"\x20\x02\x00\xff", b"\x20\x02\xff\x00", b"\x20\x00", peer.message("a", b"b")])
    )
    peer.wait(1)


def a_slow_connack(peer: Peer) -> None:
    """Send CONNACK one byte at a time, more slowly than anybody would wait for."""
    peer.listen()
    for byte in peer.connack:
        peer.write(bytes([byte]))
        peer.wait(2)


# Too much MQTT.


def a_large_message_that_is_announced(peer: Peer) -> None:
    """Accept, then the beginning of a message of 256 MiB, and no more."""
    peer.accept()
    peer.write(b"\x30" + length(MOST))
    peer.wait(2 * SECONDS)


def a_large_message_that_comes(peer: Peer) -> None:
    """Accept, then a message of 256 MiB, as fast as it is taken."""
    peer.accept()
    peer.write(b"\x30" + length(MOST) + b"\x00\x01a")
    while peer.alive:
        peer.write(BLOCK)


def a_flood(peer: Peer) -> None:
    """Accept, then messages that nobody asked for, as fast as they are taken."""
    peer.accept()
    block = peer.message("elsewhere", b"x" * 200) * 100
    while peer.alive:
        peer.write(block)


def a_flood_to_be_acknowledged(peer: Peer) -> None:
    """Accept, then messages of QoS 1 that nobody asked for."""
    peer.accept()
    number = 0
    while peer.alive:
        number = number % 65535 + 1
        peer.write(peer.message("elsewhere", b"x" * 1000, qos=1, number=number))


def a_flood_that_is_never_released(peer: Peer) -> None:
    """Accept, then messages of QoS 2, each with a number of its own, that a client has to keep (§4.3.3)."""
    peer.accept()
    number = 0
    while peer.alive:
        number = number % 65535 + 1
        peer.write(peer.message("elsewhere", BLOCK, qos=2, number=number))


def a_flood_of_a_broker_that_reads_nothing(peer: Peer) -> None:
    """Accept, then messages of QoS 1, and never read what the client answers to them."""
    peer.listen()
    peer.write(peer.connack)
    block = b"".join(peer.message("elsewhere", b"", qos=1, number=number) for number in range(1, 60000))
    while peer.alive:
        peer.write(block)


def a_flood_of_birth_messages(peer: Peer) -> None:
    """Accept, then thousands of birth messages of Home Assistant a second."""
    peer.accept()
    block = peer.message("homeassistant/status", b"online", retain=True) * 100
    while peer.alive:
        peer.write(block)


def large_messages_on_our_topic(peer: Peer) -> None:
    """Accept, then messages of a megabyte on a topic that we listen to."""
    peer.accept()
    block = peer.message("homeassistant/status", BLOCK * 16)
    while peer.alive:
        peer.write(block)


def connections_that_are_closed(peer: Peer) -> None:
    """Accept and close the connection, or close it at once, with a reset or in good order."""
    if peer.rng.random() < 0.7:
        peer.listen()
        peer.write(peer.connack)
    if peer.rng.random() < 0.5:
        peer.reset()


GROUPS: dict[str, list[Script]] = {
    "no MQTT": [a_web_server, random_bytes, a_tls_server, silence],
    "broken MQTT": [an_endless_length, packets_out_of_place, a_topic_that_is_none, a_connack_that_is_none],
    "slow MQTT, and short connections": [
        a_slow_connack,
        a_large_message_that_is_announced,
        connections_that_are_closed,
    ],
    "a flood": [a_large_message_that_comes, a_flood],
    "a flood to keep": [
        a_flood_to_be_acknowledged,
        a_flood_that_is_never_released,
        a_flood_of_a_broker_that_reads_nothing,
    ],
    "a flood of what we listen to": [a_flood_of_birth_messages, large_messages_on_our_topic],
}


@pytest.mark.parametrize(("group", "version"), [("no MQTT", "5"), *product([*GROUPS][1:], ["5", "3.1.1"])])
def test_a_broker_that_means_harm_does_none(
    group: str, version: str, tmp_path: Path, figures: Figures
) -> None:
    """Each attack lasts for seconds and has a daemon of its own; those of a group run together."""
    run_together(tmp_path, *(case(script, version, figures) for script in GROUPS[group]))


def case(script: Script, version: str, figures: Figures) -> Callable[[Path], None]:
    """Return the case of an attack, which lasts from its first connection on."""
    port = free_port()

    def run(folder: Path) -> None:
        good = MosquittoBroker(folder, port=port)
        with ExitStack() as stack:
            meter = stack.enter_context(Meter(historique(1)))
            stack.callback(good.kill)
            good.start()
            scenario = stack.enter_context(
                AttackScenario(folder, good, meter.line.port, homeassistant="true", mqtt_version=version)
            )
            expect_readings(good)
            scenario.measure()
            good.stop()
            with HostileBroker(good.port, script) as hostile:
                began = await_first(hostile)
                time.sleep(max(0.0, SECONDS - (time.monotonic() - began)))
            good.start()
            expect_readings(good)
            scenario.assert_unharmed(script.__name__.replace("_", " "), figures, lines=LINES)

    return run


def expect_readings(broker: MosquittoBroker) -> None:
    """Wait until the daemon is online there, and a reading comes."""
    with Subscriber(broker.host, broker.port) as subscriber:
        subscriber.expect("teleinfo/status", b"online", limit=BACK)
        subscriber.expect("teleinfo", limit=BACK)


def await_first(hostile: HostileBroker) -> float:
    """Return when the daemon has come to the hostile broker."""
    end = time.monotonic() + BACK
    waiting = threading.Event()
    while not hostile.accepted:
        assert time.monotonic() < end, "the daemon does not come"
        waiting.wait(0.02)
    return time.monotonic()
