"""
An account that may not do all that the daemon does.

If it may not subscribe, the daemon publishes all the same, on one connection.

Mosquitto answers that it refuses the subscription. AWS IoT, and EMQX if it is told to, close the connection
instead: `Closing` does that in front of a mosquitto. Each test runs the real command.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import TYPE_CHECKING, Self

import pytest

from tests.lab.attack.hostile_broker import length
from tests.support.broker import MosquittoBroker
from tests.support.command import run_forked
from tests.support.daemon import Daemon, Meter
from tests.support.person import FRAME
from tests.support.scenario import until
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

NOT_AUTHORIZED = b"\xe0\x02\x87\x00"
"""DISCONNECT of MQTT 5 with the reason code 0x87 (§3.14.2.1), and without properties."""

CONNECT = 0x10
SUBSCRIBE = 0x82
PUBLISH = 0x3
"""The upper four bits of the first byte of PUBLISH; the others are its options."""
BIRTH = "homeassistant/status"
HEALTH = "teleinfo/health"


class Closing:
    """
    A proxy in front of a broker, which closes the connection at a subscription to one of the `denied` topics.

    It also does at the first message on the topic `unpublished`. If it `tells`, a client of MQTT 5 is told
    the reason. `connections` counts those of clients.
    """

    def __init__(
        self, broker: MosquittoBroker, denied: set[str], *, tells: bool, unpublished: str = ""
    ) -> None:
        self.port = free_port()
        self.connections = 0
        self.open = 0
        self.subscribed: list[str] = []
        self._broker = broker
        self._denied = denied
        self._unpublished = unpublished.encode()
        self._tells = tells
        self._served = set[asyncio.Task[None]]()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._serve, HOST, self.port)
        self._ready.set()
        await self._ended.wait()
        server.close()
        for task in self._served:
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        self.connections += 1
        self.open += 1
        answers, broker = await asyncio.open_connection(self._broker.host, self._broker.port)
        answering = asyncio.create_task(self._pass_on(answers, client))
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._read(reader, client, broker)
        finally:
            self.open -= 1
            answering.cancel()
            for writer in (broker, client):
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _pass_on(self, answers: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await answers.read(65536):
                client.write(data)
            client.close()

    async def _read(
        self, reader: asyncio.StreamReader, client: asyncio.StreamWriter, broker: asyncio.StreamWriter
    ) -> None:
        """Pass on each packet of the client until one subscribes to a denied topic, or publishes on one."""
        is_5 = False
        while True:
            first = (await reader.readexactly(1))[0]
            size = shift = 0
            digit = 0x80
            while digit & 0x80:
                digit = (await reader.readexactly(1))[0]
                size |= (digit & 0x7F) << shift
                shift += 7
            body = await reader.readexactly(size)
            if first == CONNECT:
                is_5 = body[6] == 5
            if first == SUBSCRIBE:
                topics = {topic for topic in (HEALTH, BIRTH) if topic.encode() in body}
                self.subscribed += sorted(topics)
                if topics & self._denied:
                    if is_5 and self._tells:
                        client.write(NOT_AUTHORIZED)
                    return
            if first >> 4 == PUBLISH and self._unpublished and body[2:].startswith(self._unpublished):
                if is_5 and self._tells:
                    client.write(NOT_AUTHORIZED)
                return
            broker.write(bytes([first]) + length(size) + body)


def settings(port: int, meter: Meter, version: str, **more: object) -> dict[str, object]:
    """Return the settings of a daemon that reads the meter and publishes at the port."""
    where = {"serial_port": meter.line.port, "mqtt_host": HOST, "mqtt_port": port, "mqtt_version": version}
    return where | {"language": "fr"} | more


@pytest.mark.parametrize(
    ("version", "tells"),
    [("3.1.1", False), ("5", False), ("5", True)],
    ids=["3.1.1", "5", "5, with a reason"],
)
def test_a_broker_that_closes_the_connection_is_left_alone(
    tmp_path: Path, version: str, *, tells: bool
) -> None:
    """Two connections are lost, each with a line that says why; the third one lasts, without that topic."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Closing(broker, {HEALTH}, tells=tells) as closing,
        Meter(FRAME) as meter,
        Daemon(tmp_path, **settings(closing.port, meter, version, homeassistant="true")) as daemon,
        Subscriber(broker.host, broker.port, "teleinfo") as subscriber,
    ):
        until(lambda: closing.connections == 3 and closing.subscribed[-1] == BIRTH)
        while not subscriber.messages.empty():
            subscriber.messages.get()
        for _ in range(20):
            subscriber.messages.get(timeout=10)
        log = daemon.log

        assert (closing.connections, closing.open) == (3, 1)
    assert closing.subscribed == [HEALTH, HEALTH, BIRTH]
    said = [line for line in log.splitlines() if "ferme la connexion quand nous nous abonnons" in line]
    assert len(said) == 2
    assert "topic read teleinfo/health" in said[0]
    assert "mot de passe" not in log
    assert "identifiant" not in log


def test_a_broker_that_closes_the_connection_at_a_message_is_not_said_to_refuse_the_password(
    tmp_path: Path,
) -> None:
    """As EMQX and HiveMQ do: the reason is that of a wrong password, which was accepted before."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Closing(broker, set(), tells=True, unpublished=HEALTH) as closing,
        Meter(FRAME) as meter,
        Daemon(tmp_path, **settings(closing.port, meter, "5")) as daemon,
    ):
        daemon.expect_log("n’a pas le droit de publier tout ce que publie teleinfo")
        log = daemon.log

    assert "topic readwrite TOPIC/#" in log
    assert "mot de passe" not in log


def test_the_doctor_names_one_topic_that_the_broker_closes_the_connection_at(tmp_path: Path) -> None:
    """The line of the ACL can be pasted as it stands."""
    with MosquittoBroker(tmp_path) as broker, Closing(broker, {HEALTH}, tells=False) as closing:
        environ = {
            "PATH": os.environ["PATH"],
            "TELEINFO_MQTT_HOST": HOST,
            "TELEINFO_MQTT_PORT": str(closing.port),
        }
        done = run_forked(["doctor"], environ=environ, folder=tmp_path)

    assert "ferme la connexion quand nous nous abonnons à teleinfo/health" in " ".join(done.stdout.split())
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "topic read teleinfo/health" in lines


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_broker_that_answers_its_refusal_costs_nothing(tmp_path: Path, version: str) -> None:
    """A write-only account of mosquitto has one connection, and the log no line about it."""
    acl = tmp_path / "acl"
    acl.write_text("topic write #\n")
    with (
        MosquittoBroker(tmp_path, more=[f"acl_file {acl}"]) as broker,
        Closing(broker, set(), tells=False) as proxy,
        Meter(FRAME) as meter,
        Daemon(tmp_path, **settings(proxy.port, meter, version, homeassistant="true")) as daemon,
    ):
        until(lambda: proxy.subscribed == [HEALTH, BIRTH])
        daemon.expect_log("connecté au broker")
        until(lambda: broker.log.count("Received PUBLISH") >= 20)
        log = daemon.log

        assert (proxy.connections, proxy.open) == (1, 1)
    assert "abonn" not in log
    assert "pas de connexion" not in log
