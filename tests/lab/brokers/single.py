"""Single nodes of other brokers, aedes and amqtt, take our messages at every quality of service."""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_run import FRAME, SAMPLE_JSON
from tests.lab.consumers.programs import RECONNECTION, Program, listens, npm_folder, output, program
from tests.support.daemon import Daemon, Meter
from tests.support.scenario import until
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from pathlib import Path

AEDES = "require('net').createServer(require('aedes')().handle).listen({port}, '{host}')"
AMQTT = """
import asyncio
from amqtt.broker import Broker

async def main():
    plugins = {{"amqtt.plugins.authentication.AnonymousAuthPlugin": {{"allow_anonymous": True}}}}
    listener = {{"type": "tcp", "bind": "{host}:{port}"}}
    await Broker({{"listeners": {{"default": listener}}, "plugins": plugins}}).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


def broker_process(name: str, folder: Path, port: int) -> Program:
    """Return a broker that is not started."""
    log = folder / f"{name}.log"
    if name == "amqtt":
        return Program([sys.executable, "-c", AMQTT.format(host=HOST, port=port)], log)
    packages = npm_folder("aedes")
    command = [program("node", "nodejs"), "-e", AEDES.format(host=HOST, port=port)]
    return Program(command, log, NODE_PATH=str(packages))


def received(port: int, qos: int) -> list[str]:
    """Return three messages, each with the quality of service with which it came."""
    command = [program("mosquitto_sub", "mosquitto-clients"), "-h", HOST, "-p", str(port), "-W", "30"]
    return output([*command, "-q", str(qos), "-t", "teleinfo", "-C", "3", "-F", "%q %p"]).splitlines()


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("name", ["aedes", "amqtt"])
def test_a_broker_takes_our_messages_and_comes_back(tmp_path: Path, name: str, qos: int) -> None:
    """Readings with their QoS, status and state retained; all of it again after the broker was killed."""
    port = free_port()
    broker = broker_process(name, tmp_path, port)
    with Meter(FRAME) as meter:
        settings = {"serial_port": meter.line.port, "mqtt_host": HOST, "mqtt_port": port, "mqtt_qos": qos}
        with broker, Daemon(tmp_path, **settings, state=True):
            until(lambda: listens(port), what=f"{name} listens: {broker.log}")
            assert received(port, qos) == [f"{qos} {SAMPLE_JSON.decode()}"] * 3
            with Subscriber(HOST, port, "teleinfo/state") as subscriber:
                subscriber.expect("teleinfo/state")
            for topic in ("teleinfo/status", "teleinfo/state"):
                with Subscriber(HOST, port, topic) as late:
                    assert late.expect(topic).retain

            broker.end(signal.SIGKILL)
            broker.start()
            until(lambda: listens(port), what=f"{name} listens: {broker.log}")
            began = time.monotonic()
            with Subscriber(HOST, port) as subscriber:
                subscriber.expect("teleinfo/status", b"online", limit=RECONNECTION)
                state = subscriber.expect("teleinfo/state", limit=RECONNECTION)
                subscriber.expect("teleinfo", SAMPLE_JSON)

    assert time.monotonic() - began < RECONNECTION
    assert json.loads(state.payload)["energy"]["import_total"] == 19212 + 68306


@pytest.mark.parametrize("name", ["aedes", "amqtt"])
def test_a_broker_that_refuses_mqtt_5_publishes_our_last_will(tmp_path: Path, name: str) -> None:
    """It is spoken to in MQTT 3.1.1 without a fault; a daemon that is killed is offline at once."""
    port = free_port()
    with broker_process(name, tmp_path, port) as broker, Meter(FRAME) as meter:
        until(lambda: listens(port), what=f"{name} listens: {broker.log}")
        settings = {"serial_port": meter.line.port, "mqtt_host": HOST, "mqtt_port": port}
        with Subscriber(HOST, port) as subscriber, Daemon(tmp_path, **settings) as daemon:
            subscriber.expect("teleinfo/status", b"online")
            daemon.expect_log(f"connected to the broker at {HOST}:{port}, MQTT 3.1.1")
            assert "WARNING" not in daemon.log
            daemon.stop(signal.SIGKILL)
            subscriber.expect("teleinfo/status", b"offline")
