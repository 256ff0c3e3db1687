"""The real daemon publishes events, between a pseudo-terminal and a mosquitto."""

from __future__ import annotations

import contextlib
import http.server
import json
import queue
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.vocabulary.codes import Event
from tests.docs.markdown import PAGES, blocks
from tests.lab.consumers.programs import Program, program
from tests.state.documents import EVENT_VALIDATOR
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon
from tests.support.frames import whole
from tests.support.process import LIMIT
from tests.support.proxy import Proxy
from tests.support.scenario import CountingMeter, until
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

NUMBER = "041961123456"


class TariffMeter(CountingMeter):
    """A meter with two tariff periods, of which `period` is in force."""

    def __init__(self) -> None:
        super().__init__(period=0.2, frame=self._frame_of)
        self.tariff = "HP.."

    def change(self, tariff: str) -> None:
        """Change the tariff period, and return when the line has carried some frames of it."""
        self.tariff, end = tariff, self.last + 5
        until(lambda: self.last >= end)

    def _frame_of(self, index: int) -> bytes:
        values = {"ADCO": NUMBER, "OPTARIF": "HC..", "BASE": "", "HCHC": "000000003", "HCHP": f"{index:09}"}
        return with_parity(encode_frame(whole(**values, PTEC=self.tariff)))


def expect(subscriber: Subscriber, event: Event) -> dict[str, Any]:
    """Return the next event, which is this one."""
    received = subscriber.expect("teleinfo/event")
    message: dict[str, Any] = json.loads(received.payload)
    EVENT_VALIDATOR.validate(message)
    assert (message["event"], received.qos, received.retain) == (event, 1, False)
    return message


def test_each_thing_is_one_event_through_outage_restart_and_silence(tmp_path: Path) -> None:
    """
    1. The tariff changes twice while the broker is away: both events wait.

    2. The tariff changes while the daemon is off: one event at the start.
    3. The daemon restarts, and nothing has changed: no event.
    4. The meter falls silent, and is heard again.
    """
    with (
        MosquittoBroker(tmp_path) as broker,
        Proxy(broker.host, broker.port) as proxy,
        TariffMeter() as meter,
        Subscriber(broker.host, broker.port) as subscriber,
    ):
        where = {"serial_port": meter.line.port, "mqtt_host": proxy.host, "mqtt_port": proxy.port}
        daemon = Daemon(tmp_path, **where, state=True, state_interval=0)
        # A minute of patience, in which the speed is searched, is shortened.
        patch = "import teleinfo.daemon.monitor as module; module.FIRST_FRAME_WITHIN = 10"
        main = "from teleinfo.__main__ import main; raise SystemExit(main())"
        daemon.command[1:3] = ["-c", f"{patch}\n{main}"]
        with daemon:
            subscriber.expect("teleinfo/state")
            proxy.refuse()
            proxy.cut()
            daemon.expect_log("no connection to the broker")
            meter.change("HC..")
            meter.change("HP..")
            proxy.listen()
            changes = [expect(subscriber, Event.TARIFF_CHANGED) for _ in range(2)]
            assert daemon.stop()[0] == 0
            meter.change("HC..")
            daemon.start()
            changes.append(expect(subscriber, Event.TARIFF_CHANGED))
            daemon.stop()
            daemon.start()
            subscriber.expect("teleinfo/state")
            meter.pause()
            silence = expect(subscriber, Event.SILENCE_BEGAN)
            meter.sending = True
            expect(subscriber, Event.SILENCE_ENDED)

    assert [change["to"]["code"] for change in changes] == ["HC", "HP", "HC"]
    assert silence["meter"] == NUMBER


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


def test_the_command_of_the_page_notifies_a_telephone(tmp_path: Path) -> None:
    """As it stands on the page, but for the addresses of the broker and of the service."""
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
        publish(Event.OVERRUN_BEGAN, "-r")
        with Program(["sh", "-c", command], tmp_path / "command.log"):
            assert notifications.get(timeout=LIMIT) == Event.OVERRUN_BEGAN.words
            publish(Event.TOMORROW_KNOWN)
            assert notifications.get(timeout=LIMIT) == Event.TOMORROW_KNOWN.words
