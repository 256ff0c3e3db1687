"""A Supervisor of Home Assistant, as far as an app asks it for the broker: over HTTP, with its answers."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from typing import TYPE_CHECKING

from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "t0ken"
SERVICE = {
    "result": "ok",
    "data": {
        "addon": "core_mosquitto",
        "host": "core-mosquitto",
        "port": 1883,
        "ssl": False,
        "protocol": "3.1.1",
        "username": "addons",
        "password": "s3cret",
    },
}
NOT_ENABLED = (400, {"result": "error", "message": "Service not enabled"})
FORBIDDEN = (403, {"result": "error", "message": "No access to mqtt service!"})


class _Supervisor(http.server.BaseHTTPRequestHandler):
    """Gives its answers one after the other, the last one again and again."""

    answers: list[tuple[int, object]]
    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        """Answer a question for the broker."""
        self.asked.append((self.path, self.headers["Authorization"]))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def supervisor(
    *answers: tuple[int, object], address: tuple[str, int] | None = None
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Run a Supervisor with these answers at `address`, or anywhere; return where, and what it was asked."""
    asked: list[tuple[str, str]] = []
    handler = type("Handler", (_Supervisor,), {"answers": list(answers), "asked": asked})
    with http.server.HTTPServer(address or (HOST, free_port()), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://{HOST}:{server.server_port}", asked
        server.shutdown()
        thread.join()
