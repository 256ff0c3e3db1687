"""`teleinfo web` as a process, and requests to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.support.person import environment
from tests.support.process import LIMIT, Process
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "teleinfo", "--env-file", os.devnull, "web"]


class PageProcess(Process):
    """`teleinfo web` at a free port of loopback, with these settings; its history is in `folder`/history."""

    def __init__(self, folder: Path, *options: str, **settings: Any) -> None:  # noqa: ANN401 - of `environment`
        self.port = free_port()
        command = [*COMMAND, *options, "--listen", f"{HOST}:{self.port}"]
        history = {"STATE_DIRECTORY": str(folder / "history")}
        super().__init__(command, folder / "page.log", environment(**settings) | history)

    def show(self, text: str, path: str = "events") -> None:
        """Return once the stream of the page has this text."""
        until(lambda: self._has(text, path), what=text, limit=LIMIT)

    def _has(self, text: str, path: str) -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://{HOST}:{self.port}/{path}", timeout=LIMIT) as events,
        ):
            return any(text in events.readline().decode() for _ in range(30))
        return False

    def ask(self, path: str) -> tuple[int, http.client.HTTPMessage, str]:
        """Return status, headers and body of a request."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=LIMIT)
        with contextlib.closing(connection):
            connection.request("GET", f"/{path}")
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()

    def table(self, meter: str, name: str, query: str = "") -> Any:  # noqa: ANN401 - JSON
        """Return a table of a meter."""
        status, _headers, body = self.ask(f"history/{meter}/{name}.json{query}")
        assert status == 200, body
        return json.loads(body)

    def abandon(self, path: str) -> None:
        """Send a request, and leave without waiting for the answer."""
        with socket.create_connection((HOST, self.port), LIMIT) as connection:
            connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
