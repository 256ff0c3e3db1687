"""The command of docs/events.md that notifies a telephone, as it stands on the page."""

from __future__ import annotations

import contextlib
import http.server
import json
import queue
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from teleinfo.vocabulary.codes import Event
from tests.docs.markdown import PAGES, blocks
from tests.lab.consumers.programs import Program, program
from tests.support.broker import MosquittoBroker
from tests.support.process import LIMIT
from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real


@contextlib.contextmanager
def telephone() -> Iterator[tuple[str, queue.Queue[str]]]:
    """Yield the address of a server in place of ntfy, and the notifications that it gets."""
    received: queue.Queue[str] = queue.Queue()

    class Notifications(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((HOST, 0), Notifications) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}", received
        server.shutdown()


def test_the_command_notifies_a_telephone(tmp_path: Path) -> None:
    for tool in ("mosquitto_sub", "jq", "curl"):
        program(tool, tool)
    [command] = [block for block in blocks(PAGES["events.md"], "sh") if "ntfy" in block]
    with MosquittoBroker(tmp_path) as broker, telephone() as (address, notifications):
        client = f"-h {broker.host} -p {broker.port}"
        command = command.replace("mosquitto_sub", f"mosquitto_sub {client}")
        command = command.replace("https://ntfy.sh/$SECRET", address)

        def publish(event: Event, *options: str) -> None:
            message = json.dumps({"event": event, "name": event.words}).encode()
            words = ["mosquitto_pub", *client.split(), "-t", "teleinfo/event", "-s", *options]
            subprocess.run(words, input=message, check=True, timeout=LIMIT)

        # The retained message shows when the command has subscribed.
        publish(Event.OVERRUN_STARTED, "-r")
        with Program(["sh", "-c", command], tmp_path / "command.log"):
            assert notifications.get(timeout=LIMIT) == Event.OVERRUN_STARTED.words
            publish(Event.TOMORROW_KNOWN)
            assert notifications.get(timeout=LIMIT) == Event.TOMORROW_KNOWN.words
