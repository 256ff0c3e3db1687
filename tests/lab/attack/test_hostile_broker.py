"""
A broker that means harm: no MQTT, broken MQTT, too much MQTT.

Each case begins and ends with a good broker at the same address. In between the memory of the daemon is
bounded, its log quiet, the watchdog fed; afterwards readings come again.
"""

from __future__ import annotations

import itertools
import random
import time
from contextlib import ExitStack
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.lab.attack.hostile_broker import HostileBroker, Peer, length
from tests.lab.scenarios import AttackScenario, run_together
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.scenario import historique, until
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.lab.attack.hostile_broker import Script

pytestmark = pytest.mark.real

SECONDS = 4.0
"""Seconds that an attack lasts."""

BACK = 60.0
"""Seconds for what is promised within 35 s, to fail by the promise and not by the wait."""

LINES = 8
"""That an attack may cost in the log: an outage or two, and a guess at who is to blame."""

BLOCK = bytes(1 << 16)
MOST = 268_435_455
"""The longest packet that MQTT knows, bytes."""


def answer(*data: bytes, seconds: float = 2 * SECONDS) -> Script:
    """Return an attack that answers CONNECT with these bytes, and says nothing for so long."""

    def script(peer: Peer) -> None:
        peer.listen()
        peer.write(b"".join(data))
        peer.wait(seconds)

    return script


def accept(*packets: bytes) -> Script:
    """Return an attack that accepts the client, sends these packets, and answers like a broker."""

    def script(peer: Peer) -> None:
        peer.accept()
        peer.write(b"".join(packets))
        peer.wait(2 * SECONDS)

    return script


def flood(topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> Script:
    """Return an attack that accepts, and sends such messages as fast as they are taken."""

    def script(peer: Peer) -> None:
        peer.accept()
        count = max(1, len(BLOCK) // len(payload))
        numbers = itertools.cycle(range(1, 65536))
        while peer.alive:
            peer.write(
                b"".join(
                    peer.message(topic, payload, qos=qos, number=number, retain=retain)
                    for number in itertools.islice(numbers, count)
                )
            )

    return script


def random_bytes(peer: Peer) -> None:
    """Answer with noise, and go on with it."""
    peer.listen()
    while peer.alive:
        peer.write(peer.rng.randbytes(1 << 12))


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


def a_connack_that_is_none(peer: Peer) -> None:
    """Answer with a CONNACK of an unknown code, of no length, or with a message before it."""
    wrong = [b"\x20\x02\x00\xff", b"\x20\x02\xff\x00", b"\x20\x00", peer.message("a", b"b")]
    answer(peer.rng.choice(wrong), seconds=1)(peer)


def a_slow_connack(peer: Peer) -> None:
    """Send CONNACK one byte at a time, more slowly than anybody would wait for."""
    peer.listen()
    for byte in peer.connack:
        peer.write(bytes([byte]))
        peer.wait(2)


def a_large_message(peer: Peer) -> None:
    """Accept, then a message of 256 MiB, as fast as it is taken."""
    peer.accept()
    peer.write(b"\x30" + length(MOST) + b"\x00\x01a")
    while peer.alive:
        peer.write(BLOCK)


def a_flood_of_a_broker_that_reads_nothing(peer: Peer) -> None:
    """Accept, then messages of QoS 1, and never read what the client answers to them."""
    peer.listen()
    peer.write(peer.connack)
    block = b"".join(peer.message("elsewhere", b"", qos=1, number=number) for number in range(1, 60000))
    while peer.alive:
        peer.write(block)


def connections_that_are_closed(peer: Peer) -> None:
    """Accept and close the connection, or close it at once, with a reset or in good order."""
    if peer.rng.random() < 0.7:
        peer.listen()
        peer.write(peer.connack)
    if peer.rng.random() < 0.5:
        peer.reset()


# Topics that are longer than the message, empty, or no UTF-8.
WRONG_TOPICS = (
    b"\xff\xff",
    b"\x00\x00",
    b"\x00\x02\xff\xfe!",
    b"\x00\x05a",
    b"",
    b"\x00\x01#x",
    b"\x00\x01\x00x",
)

GROUPS: dict[str, dict[str, Script]] = {
    "no MQTT": {
        "a web server": answer(
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\n\r\nBad Request", seconds=0
        ),
        "random bytes": random_bytes,
        # An alert, then what looks like a handshake.
        "a TLS server": answer(
            b"\x15\x03\x03\x00\x02\x02\x28\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"
            + random.Random(1).randbytes(1 << 14),
            seconds=2,
        ),
        "silence": answer(),
    },
    "broken MQTT": {
        # A remaining length of more than four bytes (§2.2.3).
        "an endless length": accept(b"\x30\xff\xff\xff\xff\xff\xff\x01"),
        "packets out of place": packets_out_of_place,
        "wrong topics": accept(
            *(
                bytes([qos]) + length(len(topic)) + topic
                for topic, qos in product(WRONG_TOPICS, (0x30, 0x32, 0x34, 0x36))
            )
        ),
        "a wrong CONNACK": a_connack_that_is_none,
    },
    "slow MQTT, and short connections": {
        "a slow CONNACK": a_slow_connack,
        "a large message that is only announced": accept(b"\x30" + length(MOST)),
        "connections that are closed": connections_that_are_closed,
    },
    "a flood": {"a large message": a_large_message, "a flood": flood("elsewhere", b"x" * 200)},
    "a flood to keep": {
        "a flood to acknowledge": flood("elsewhere", b"x" * 1000, qos=1),
        # Each has a number of its own, that a client has to keep (§4.3.3).
        "a flood that is never released": flood("elsewhere", BLOCK, qos=2),
        "a flood of a broker that reads nothing": a_flood_of_a_broker_that_reads_nothing,
    },
    "a flood of what we listen to": {
        "a flood of birth messages": flood("homeassistant/status", b"online", retain=True),
        "large messages on our topic": flood("homeassistant/status", BLOCK * 16),
    },
}


@pytest.mark.parametrize(("group", "version"), [("no MQTT", "5"), *product([*GROUPS][1:], ["5", "3.1.1"])])
def test_a_broker_that_means_harm_does_none(group: str, version: str, tmp_path: Path) -> None:
    run_together(tmp_path, *(case(name, script, version) for name, script in GROUPS[group].items()))


def case(name: str, script: Script, version: str) -> Callable[[Path], None]:
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
                until(lambda: hostile.accepted, limit=BACK, what="the daemon")
                time.sleep(SECONDS)
            good.start()
            expect_readings(good)
            scenario.assert_unharmed(name, lines=LINES)

    return run


def expect_readings(broker: MosquittoBroker) -> None:
    """Wait until the daemon is online there, and a reading comes."""
    with Subscriber(broker.host, broker.port) as subscriber:
        subscriber.expect("teleinfo/status", b"online", limit=BACK)
        subscriber.expect("teleinfo", limit=BACK)
