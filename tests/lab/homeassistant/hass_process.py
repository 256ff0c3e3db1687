"""A real Home Assistant, headless, on loopback: only what MQTT needs, and a token for its API."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.sync.client import connect

from tests.support.process import Process
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.broker import MosquittoBroker

START = 600.0
"""Seconds that it may take to answer, on a slow and busy machine."""
STATISTICS_PERIOD = 300.0
"""Seconds from one of its short statistics to the next."""

_HTTP = """\
http:
  server_host: {host}
  server_port: {port}
"""
_TOKEN = (
    "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAiMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIiLCAiaWF0Ij"
    "ogMTc2NzIyNTYwMCwgImV4cCI6IDIwODI3NTg0MDB9.To1wXS2D39nlDZ6z8II2XQk2DNoD0GQCzAdCskgGAbY"
)
"""An access token until 2036 (JWT, RFC 7519), signed with the key of the owner's token in storage.json."""


def later_clock(seconds: float) -> dict[str, str]:
    """Return the variables that set the clock of a process ahead; skip the test without libfaketime."""
    libraries = list(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        pytest.skip("libfaketime is not installed (package faketime)")
    return {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME": f"{seconds:+.3f}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


class HassProcess(Process):
    """
    Home Assistant of the virtual environment `venv`, set up in `folder` for the MQTT broker `broker`.

    `more` is added to its configuration. `start` returns at once; `states` and `asking` wait until it
    answers. It records states and makes statistics of them, as an installed one does.
    """

    def __init__(self, venv: Path, folder: Path, broker: MosquittoBroker, *, more: str = "") -> None:
        self._folder = folder / "hass"
        self._port = free_port()
        command = [str(venv / "bin" / "hass"), "--config", str(self._folder), "--skip-pip"]
        super().__init__(command, folder / "hass.log")
        # Told by a file that only the newest has.
        self.newest = any(venv.glob("lib/*/site-packages/homeassistant/components/http/repairs.py"))
        """
        True unless it is the oldest, which differs in three points.

        It reads in its configuration where it listens, has another form for a grid, and makes the id of an
        entity from its name.
        """
        storage = self._folder / ".storage"
        storage.mkdir(parents=True)
        here = Path(__file__).parent
        configuration = (here / "configuration.yaml").read_text() + more
        if not self.newest:
            configuration += _HTTP.format(host=HOST, port=self._port)
        (self._folder / "configuration.yaml").write_text(configuration)
        # An owner with a token, and the broker, as the dialogue in the browser would have made its entry.
        content_by_file = json.loads((here / "storage.json").read_text())
        [mqtt] = content_by_file["core.config_entries"]["data"]["entries"]
        mqtt["data"] = {"broker": broker.host, "port": broker.port}
        # The address to listen on: 2026.11 reads it here, and tries that of the file only once.
        content_by_file["http"]["data"]["server_port"] = self._port
        for name, content in content_by_file.items():
            (storage / name).write_text(json.dumps(content))

    @property
    def url(self) -> str:
        """The address of its API."""
        return f"http://{HOST}:{self._port}"

    token = _TOKEN

    @contextmanager
    def asking(self) -> Iterator[Callable[..., Any]]:
        """
        Give a function that asks by its WebSocket API, and returns the result: `ask("energy/validate")`.

        Fields of the command are keyword arguments. A refusal is a failure of the test.
        """
        self._wait_until_started()
        # Without pings: they end the connection when it is busy for longer than 20 s.
        with connect(
            f"ws://{HOST}:{self._port}/api/websocket", max_size=None, open_timeout=START, ping_interval=None
        ) as socket:
            socket.recv(START)
            socket.send(json.dumps({"type": "auth", "access_token": self.token}))
            assert json.loads(socket.recv(START))["type"] == "auth_ok"
            numbers = itertools.count(1)

            def ask(command: str, **fields: object) -> Any:  # noqa: ANN401 - what the command answers
                number = next(numbers)
                socket.send(json.dumps({"id": number, "type": command} | fields))
                while True:
                    answer = json.loads(socket.recv(START))
                    # An answer that came too late for an earlier command may stand before it.
                    if answer["id"] == number:
                        assert answer["success"], (command, answer)
                        return answer["result"]

            yield ask

    def ask(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - what the command answers
        """Return the answer to one command of its WebSocket API, as `asking` does."""
        with self.asking() as ask:
            return ask(command, **fields)

    def start_later(self, seconds: float) -> None:
        """Start it with its clock set ahead."""
        self.environ = os.environ | later_clock(seconds)
        self.start()

    def use_for_energy(
        self,
        imported: str,
        exported: str | None = None,
        *,
        power: str | None = None,
        cost: str | None = None,
        price: float | None = None,
    ) -> None:
        """
        Let the Energy dashboard show what is drawn from the grid and its cost, and what is injected.

        All but `price` are ids of entities. The cost is that of an entity, or counted with a `price` in
        €/kWh. Only the newest shows `power`.
        """
        grid: dict[str, object] = {"type": "grid", "cost_adjustment_day": 0.0}
        drawn: dict[str, object] = {
            "stat_energy_from": imported,
            "stat_cost": cost,
            "entity_energy_price": None,
            "number_energy_price": price,
        }
        if self.newest:
            grid |= drawn
            grid["stat_energy_to"] = exported
            if power is not None:
                grid["stat_rate"] = power
        else:
            grid["flow_from"] = [drawn]
            grid["flow_to"] = []
            if exported is not None:
                injected = {
                    "stat_energy_to": exported,
                    "stat_compensation": None,
                    "entity_energy_price": None,
                    "number_energy_price": None,
                }
                grid["flow_to"] = [injected]
        self.ask("energy/save_prefs", energy_sources=[grid])

    def use_prefix(self, prefix: str) -> None:
        """Change the prefix of the discovery, as in the dialogue of the options of MQTT."""
        flow = "config/config_entries/options/flow"
        step = self._post(flow, {"handler": _MQTT_ENTRY})
        # Every other field of the form keeps what the dialogue proposes.
        form: dict[str, Any] = {}
        for field in step["data_schema"]:
            description = field.get("description") or {}
            proposed = field.get("default", description.get("suggested_value"))
            if proposed is not None:
                form[field["name"]] = proposed
        form["discovery_prefix"] = prefix
        answer = self._post(f"{flow}/{step['flow_id']}", form)
        assert answer["type"] == "create_entry", answer

    def _post(self, path: str, content: dict[str, Any]) -> Any:  # noqa: ANN401 - what it answers
        """Return the answer to a POST to this path of its REST API."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            json.dumps(content).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def repairs(self) -> list[dict[str, Any]]:
        """Return the repairs that it proposes of sensors, of MQTT, of the recorder and of the energy."""
        issues = self.ask("repairs/list_issues")["issues"]
        return [issue for issue in issues if issue["domain"] in _REPAIRED]

    def complaints(self) -> list[str]:
        """Return what it has logged, from WARNING up, of our messages and entities (`complaints_in`)."""
        return complaints_in(self.log)

    def states(self) -> dict[str, dict[str, Any]]:
        """Return every state by the name of its entity, as people read it; without a name, by its id."""
        return {
            state["attributes"].get("friendly_name", entity_id): state
            for entity_id, state in self.states_by_id().items()
        }

    def states_by_id(self) -> dict[str, dict[str, Any]]:
        """Return every state by the id of its entity."""
        return {state["entity_id"]: state for state in self._get("states")}

    def _wait_until_started(self) -> None:
        """Wait until all of its parts are set up: before that, commands of the WebSocket API are missing."""
        until(lambda: self._get("config")["state"] == "RUNNING", limit=START, what="Home Assistant")

    def _get(self, path: str) -> Any:  # noqa: ANN401 - what it answers
        """Return the answer to a GET of this path of its REST API, once there is one."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        end = time.monotonic() + START
        while True:
            assert self.runs, f"Home Assistant ended: {self.log[-2000:]}"
            assert time.monotonic() < end, f"Home Assistant does not answer: {self.log[-2000:]}"
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                # Until the API is set up, it answers 404; our token is refused for ever.
                if error.code == http.HTTPStatus.UNAUTHORIZED:
                    raise
            except (OSError, http.client.HTTPException):
                pass  # it does not listen yet, or is just stopping
            time.sleep(0.2)


_MQTT_ENTRY = "4" * 32
"""The id of the entry of MQTT in storage.json."""
_REPAIRED = {"mqtt", "sensor", "binary_sensor", "energy", "recorder"}
"""The integrations whose repairs may be of our making."""
_BEGIN = re.compile(r"(?=\d{4}-\d\d-\d\d [\d:.]{12}(?:[+-]\d\d:\d\d)? )")
"""Where a record begins: after the end of a line, or within one where the process was killed."""
_RECORD = re.compile(
    r"\S+ \S+ (?P<level>WARNING|ERROR|CRITICAL) \(.*?\) \[(?P<logger>[^\]]+)\] (?P<text>.*)", re.DOTALL
)
_READERS = re.compile(
    r"homeassistant\.(components\.(mqtt|sensor|binary_sensor|energy|history|recorder\.statistics)"
    r"|helpers\.(entity|entity_platform|entity_registry|device_registry|template|discovery))(\.|$)"
)
"""The loggers of what reads our messages and keeps our entities."""
_CONNECTION = re.compile(r"homeassistant\.components\.mqtt\.(client|util)$")
"""The loggers of the connection to the broker, which the tests take away."""
_OURS = re.compile(
    r"teleinfo/(state|status|health)|teleinfo_|linky|041961123456|homeassistant/(device|sensor|binary_sensor)/",
    re.IGNORECASE,
)
"""What names one of our topics, devices or entities."""
_PASSED = re.compile(r"homeassistant/components/(mqtt/(?!client\.)|sensor/|binary_sensor/|energy/)\S*\.py")
"""The source files, in a traceback, of what reads our messages."""
_SLOW = re.compile(
    r"(Updating state for|Update of|Setup of) .* (took|is taking (over|longer than)) [\d.]+ seconds"
)
"""What Home Assistant says when the machine is busy, of an entity or a platform that had to wait."""
_WITHOUT_DEFAULTS = re.compile(r"KeyError: 'payload_available'\Z")
"""
The error that Home Assistant 2025.6 now and then logs for its first entity: a default of its own is missing.

The entity is added when it is announced again, in answer to the birth message.
"""


def complaints_in(log: str) -> list[str]:
    """
    Return the records of Home Assistant's log, from WARNING up, that what we publish has caused.

    Those are the records of whatever reads our messages, also those with a traceback through it, and those
    that name one of our topics, devices or entities. Else Home Assistant speaks of itself, of the machine, or
    of a broker that a test took away.
    """
    complaints = []
    for record in _BEGIN.split(log):
        match = _RECORD.match(record)
        if match is None:  # below WARNING
            continue
        logger = match["logger"]
        text = match["text"]
        if _SLOW.match(text) or _WITHOUT_DEFAULTS.search(text.rstrip()):
            continue
        is_of_reader = _READERS.match(logger) is not None and _CONNECTION.match(logger) is None
        # The folders of a checkout may have our name.
        without_files = re.sub(r'^ +File ".*$', "", text, flags=re.MULTILINE)
        if is_of_reader or _OURS.search(without_files) or _PASSED.search(text):
            complaints.append(record.rstrip())
    return complaints
