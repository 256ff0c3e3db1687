"""A cluster of RabbitMQ nodes with the MQTT plugin on loopback, and a load balancer before it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from tests.docs.markdown import PAGES, blocks
from tests.lab.consumers.programs import Program, program
from tests.support.proxy import Proxy
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

START_LIMIT = 60.0
"""Seconds for a node to start on a busy machine; 5 to 15 on one that is not."""
NAMES = {"one": "a", "two": "b", "three": "c"}
"""The machines of the page, and the names of their nodes here, where all are on one machine."""
[PAGE] = [text for text in blocks(PAGES["operations.md"], "conf") if "classic_config" in text]
OWN = """
listeners.tcp.1 = {host}:{amqp}
anonymous_login_user = guest
anonymous_login_pass = guest
log.console = true
log.file = false
"""


def configuration(mqtt: int) -> str:
    """Return the configuration of the page."""
    lines = PAGE.replace("= 1883", f"= {HOST}:{mqtt}").splitlines()
    for machine, name in NAMES.items():
        lines = [line.replace(f"rabbit@{machine}", f"{name}@localhost") for line in lines]
    return "\n".join(lines) + OWN.format(host=HOST, amqp=free_port())


def server() -> str:
    """Return the path of the server's own script, or skip the test: Debian's wrapper changes the user."""
    program("rabbitmq-server", "rabbitmq-server")
    scripts = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if not scripts or shutil.which("epmd") is None:
        pytest.skip("rabbitmq-server is not the one of Debian")
    return str(scripts[-1])


class Node:
    """A node with its files in `folder`; `epmd` is the port of Erlang's name server."""

    def __init__(self, name: str, folder: Path, *, epmd: int) -> None:
        self.mqtt = free_port()
        own = folder / name
        own.mkdir()
        (own / "rabbitmq.conf").write_text(configuration(self.mqtt), encoding="utf-8")
        (own / "plugins").write_text("[rabbitmq_mqtt].\n", encoding="utf-8")
        environ = {
            "HOME": str(folder),  # where both find the same cookie
            "ERL_EPMD_PORT": str(epmd),
            "RABBITMQ_NODENAME": f"{name}@localhost",
            "RABBITMQ_CONFIG_FILE": str(own / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(own / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(own / "data"),
            "RABBITMQ_LOG_BASE": str(own / "log"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1",
        }
        self._process = Program([server()], folder / f"{name}.log", **environ)
        self._starts = 0

    def start(self) -> None:
        """Start it; `ready` waits for it."""
        self._process.start()
        self._starts += 1

    def ready(self) -> None:
        """Return once it takes clients."""
        until(lambda: self._process.log.count("Server startup complete") == self._starts, limit=START_LIMIT)

    def end(self, how: signal.Signals) -> None:
        """End it in good order, or at once."""
        self._process.end(how)


class Cluster:
    """Three nodes, started; they end with the block."""

    def __init__(self, folder: Path) -> None:
        server()
        epmd = free_port()
        (folder / ".erlang.cookie").write_text("teleinfo")
        (folder / ".erlang.cookie").chmod(0o400)
        self._names = Program(
            ["epmd", "-port", str(epmd), "-address", HOST, "-relaxed_command_check"], folder / "epmd.log"
        )
        self.nodes = [Node(name, folder, epmd=epmd) for name in NAMES.values()]

    def __enter__(self) -> Self:
        self._names.start()
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.ready()
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.end(signal.SIGTERM)
        self._names.end(signal.SIGTERM)


class LoadBalancer(Proxy):
    """Takes each connection to the first of `ports` that accepts it."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__(HOST, ports[0])
        self._ports = ports

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        for port in self._ports:
            with contextlib.suppress(OSError):
                _, probe = await asyncio.open_connection(HOST, port)
                probe.close()
                self._target = (HOST, port)
                break
        await super()._serve(reader, client)
