"""
A household with a real Home Assistant, a real broker, the daemon and a simulated Linky.

`make test-homeassistant` brings Home Assistant and names its virtual environment in HOMEASSISTANT_VENV.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import random
import re
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame, with_parity
from tests.homeassistant import domoticz
from tests.homeassistant.golden import START, read
from tests.lab.homeassistant.hass_process import HassProcess
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.tic.labels import Group

LIMIT = 600.0
"""Seconds for all to be right again: the start of Home Assistant on a slow and busy machine."""
RECENT = 25.0
"""Seconds: a state of Home Assistant must be the last one, or one that was published so shortly before."""
PERIOD = 1.0
"""Seconds from one frame to the next."""
DEVICE = "Linky monophasé 3456"
"""The name of the device: the meter has one phase, and a number that ends so."""


class Linky(Meter):
    """
    A simulated meter on a pty, the `meter` of this name and number.

    Groups of `besides` are added, and values of `instead` replace its own. It sends nothing while `silent`.
    Its clock is set `ahead` of the time that passes.
    """

    def __init__(self, name: str, number: str | None = None) -> None:
        self.number = number or METERS[name].number
        self.meter = build(name, start=START, rng=random.Random(7), number=self.number)
        self.besides: list[Group] = []
        self.instead: dict[str, str] = {}
        self.silent = False
        self.ahead = dt.timedelta()
        super().__init__(None)

    def _send(self) -> None:
        now = START
        while not self._ended.wait(PERIOD):
            now += dt.timedelta(seconds=PERIOD)
            if self.silent:
                continue
            self.line.write(with_parity(encode_frame(self.groups(now + self.ahead))))

    def groups(self, now: dt.datetime) -> list[Group]:
        """Return the groups of a frame: those of the meter and `besides`, with the values `instead`."""
        groups = []
        for group in self.meter.frame(now) + self.besides:
            value = self.instead.get(group.label, group.value)
            groups.append(group._replace(value=value))
        return groups


class Household:
    """
    A broker, a meter, the daemon and Home Assistant, together.

    `more` is added to the configuration of Home Assistant. The meter is `linky`, or that of the name `meter`.
    """

    def __init__(self, folder: Path, meter: str, *, more: str = "", linky: Linky | None = None) -> None:
        venv = os.environ.get("HOMEASSISTANT_VENV", "")
        if not venv:
            pytest.skip("HOMEASSISTANT_VENV names no virtual environment with Home Assistant")
        self.broker = MosquittoBroker(folder)
        self.linky = linky or Linky(meter)
        self.folder = folder
        self.hass = HassProcess(Path(venv), folder, self.broker, more=more)
        self.daemon: Daemon
        self._published: deque[tuple[float, dict[str, Any]]] = deque(maxlen=100)
        """The last states of the daemon, each with the monotonic time at which it came."""
        self._discovery: dict[str, Any] = {}
        """The last discovery message; empty before it."""

    def __enter__(self) -> Self:
        self.broker.start()
        self.linky.__enter__()
        self.daemon = Daemon(
            self.folder,
            **settings_for(self.broker, self.linky.line),
            homeassistant=True,
            language="fr",
            state_interval=1,
        )
        self.subscriber = Subscriber(self.broker.host, self.broker.port)
        self.subscriber.__enter__()
        self._listener = Subscriber(self.broker.host, self.broker.port)
        self._listener.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.hass.kill()
        self.daemon.__exit__()
        self._listener.__exit__()
        self.subscriber.__exit__()
        self.linky.__exit__()
        self.broker.kill()

    def listen(self) -> dict[str, Any]:
        """
        Record the messages since the last call; return the components of the last discovery message.

        They are found by the name that Home Assistant shows. Before the first discovery there is none.
        """
        for received in self._listener.drain():
            if received.topic == "teleinfo/homeassistant":
                self._published.append((received.at, json.loads(received.payload)))
            elif received.topic.startswith("homeassistant/device/") and received.payload:
                self._discovery = read(received.payload)
        # Before another form of the discovery, a message without components asks Home Assistant to keep all.
        if "components" not in self._discovery:
            return {}
        device = self._discovery["device"]["name"]
        by_name = {}
        for component in self._discovery["components"].values():
            # A component without a name is an entity that is removed.
            if "name" in component:
                by_name[f"{device} {component['name']}"] = component
        return by_name

    def device(self) -> dict[str, Any]:
        """Return the device of the last discovery; empty before it."""
        self.listen()
        device: dict[str, Any] = self._discovery.get("device", {})
        return device

    def publish(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        """Publish a message that the daemon has no part in."""
        self.subscriber._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(LIMIT)

    def faults(self, components: dict[str, Any]) -> list[str]:
        """Return a line for each entity that Home Assistant shows otherwise than it was published."""
        shown = self.hass.states()
        self.listen()
        if not components or not self._published:
            return ["nothing is published"]
        since = time.monotonic() - RECENT
        recent = [state for at, state in self._published if at > since]
        if not recent:
            # The last one is shown until there is another.
            _at, last = self._published[-1]
            recent = [last]
        faults = []
        for name, component in components.items():
            if component.get("enabled_by_default") is False:
                if name in shown:
                    faults.append(f"{name}: enabled")
                continue
            entity = shown.get(name, ABSENT)
            if not _is_one_of(entity["state"], component, recent):
                faults.append(f"{name}: {entity['state']}")
            for attribute in ATTRIBUTES:
                value = entity["attributes"].get(attribute)
                if value != component.get(attribute):
                    faults.append(f"{name}: {attribute} {value}")
        return faults

    def expect_right(self) -> None:
        """Return once Home Assistant shows every enabled entity as it was published from now on."""
        self.listen()  # takes what was published before out of the queue
        self._published.clear()
        eventually(lambda: self.faults(self.listen()))

    def restart_later(self, seconds: float) -> None:
        """Restart Home Assistant with its clock set ahead, and return once it shows what is published."""
        self.hass.stop(limit=LIMIT)
        self.hass.start_later(seconds)
        self.expect_right()

    def expect_unavailable(self, *, line: bool = True) -> None:
        """
        Return once Home Assistant shows every enabled entity as unavailable.

        Connection and events are always available. With `line=False` the other entities of the line may be
        available, too.
        """

        def not_unavailable() -> list[str]:
            shown = self.hass.states()
            faults = []
            for name, component in self.listen().items():
                if component.get("enabled_by_default") is False:
                    continue
                if component.get("availability") == []:  # always available: connection and events
                    continue
                # Only entities of the line have an availability of their own: that of all others is the
                # device's.
                if not line and "availability" in component:
                    continue
                state = shown.get(name, ABSENT)["state"]
                if state != "unavailable":
                    faults.append(f"{name}: {state}")
            return faults

        eventually(not_unavailable)

    def entity_ids(self) -> dict[str, str]:
        """Return the id in Home Assistant of each enabled entity, by its key in the discovery message."""
        shown = self.hass.states()
        self.listen()
        device = self._discovery["device"]["name"]
        ids = {}
        for key, component in self._discovery["components"].items():
            name = f"{device} {component['name']}"
            if name in shown:
                ids[key] = shown[name]["entity_id"]
        return ids

    def proposed_ids(self) -> dict[str, str]:
        """Return the id that the daemon proposes for each entity, by its key in the discovery message."""
        self.listen()
        return {key: entity["default_entity_id"] for key, entity in self._discovery["components"].items()}

    def use_proposed_ids(self) -> None:
        """Give the entities the ids that we propose, as a user of Home Assistant before 2025.10 would."""
        if self.hass.newest:
            return
        self.listen()
        components = self._discovery["components"].values()
        proposed = {component["unique_id"]: component["default_entity_id"] for component in components}
        with self.hass.asking() as ask:
            for entry in ask("config/entity_registry/list"):
                entity_id = entry["entity_id"]
                new_id = proposed.get(str(entry["unique_id"]))
                if new_id is not None and new_id != entity_id:
                    ask("config/entity_registry/update", entity_id=entity_id, new_entity_id=new_id)

    def with_statistics(self) -> set[str]:
        """Return the ids of our entities of which Home Assistant makes statistics: a class, and a number."""
        ours = set(self.entity_ids().values())
        ids = set()
        for state in self.hass.states().values():
            if state["entity_id"] not in ours or "state_class" not in state["attributes"]:
                continue
            if state["state"] not in {"unknown", "unavailable"}:
                ids.add(state["entity_id"])
        return ids

    def state(self, name: str) -> str:
        """Return the state of the entity with this name of the device DEVICE, or "absent"."""
        return str(self.hass.states().get(f"{DEVICE} {name}", ABSENT)["state"])

    def expect_state(self, name: str, expected: str) -> None:
        """Return once Home Assistant shows this state of the entity."""

        def other_state() -> list[str]:
            state = self.state(name)
            return [] if state == expected else [f"{name}: {state}"]

        eventually(other_state)


ATTRIBUTES = ("device_class", "state_class", "unit_of_measurement", "options", "event_types")
"""What a state of Home Assistant has of the component in our discovery message."""
ABSENT: dict[str, Any] = {"state": "absent", "attributes": {}}
"""In place of the state of an entity that Home Assistant does not have."""


def _is_one_of(shown: str, component: dict[str, Any], published: list[dict[str, Any]]) -> bool:
    """
    True if the state that is shown of an entity is one of those that were published.

    An event need only be there. An entity of the line need only have a state: it has a topic of its own,
    whose messages are not recorded.
    """
    if component["platform"] == "event":
        return shown != "absent"
    if "state_topic" in component:
        return shown not in {"absent", "unavailable", "unknown"}
    for state in published:
        expected = _value(component["value_template"], state)
        if not expected:
            expected = "unknown"
        elif expected == component.get("payload_on", "ON"):
            expected = "on"
        elif expected == component.get("payload_off", "OFF"):
            expected = "off"
        if _parsed(shown) == _parsed(expected):
            return True
    return False


def _value(template: str, state: dict[str, Any]) -> str:
    """
    Return what Home Assistant makes of a state by a template of ours; empty for none.

    A template may choose a word by a code: `{{ {'red': 'Rouge'}[value_json.tempo.today] … }}`.
    """
    choice = re.match(r"\{\{ (\{.*?\})\[(value_json[.\w]*)\]", template)
    if choice is None:
        return domoticz.value({"value_template": template}, state)
    words_by_code, path = choice.groups()
    code = domoticz.value({"value_template": path}, state)
    words: dict[str, str] = dict(re.findall(r"'([^']*)': '([^']*)'", words_by_code))
    return words.get(code, code)


def _parsed(text: str) -> float | dt.datetime | str:
    """
    Return the number or the moment that a text is, else the text itself.

    Home Assistant writes both in a form of its own: 5 as 5.0, a moment in UTC.
    """
    for parse in (float, dt.datetime.fromisoformat):
        with contextlib.suppress(ValueError):
            return parse(text)
    return text


def eventually(faults: Callable[[], list[str]], *, limit: float = LIMIT) -> None:
    """Return once `faults()` is empty; fail with its last result after `limit` seconds."""
    end = time.monotonic() + limit
    while found := faults():
        assert time.monotonic() < end, found
        time.sleep(0.5)


def expect_sum(household: Household, energy: str) -> None:
    """
    Wait for statistics of an energy; expect of the last one that it counts exactly what the energy has risen.

    `energy` is the id of the entity. Its states of the last hour must not fall.
    """
    begin = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat()
    rows: list[dict[str, Any]] = []
    states: list[float] = []

    def missing() -> list[str]:
        with household.hass.asking() as ask:
            statistics = ask(
                "recorder/statistics_during_period",
                start_time=begin,
                statistic_ids=[energy],
                period="5minute",
                types=["sum", "state"],
            )
            history = ask(
                "history/history_during_period",
                start_time=begin,
                entity_ids=[energy],
                minimal_response=True,
                no_attributes=True,
            )
        rows[:] = statistics.get(energy, [])
        # "s" is the state; "unknown" and "unavailable" are none.
        states[:] = [float(row["s"]) for row in history[energy] if row["s"].isdecimal()]
        return [] if rows else ["no statistics"]

    eventually(missing)
    assert states == sorted(states)
    first = states[0]
    last = rows[-1]["state"]
    assert last in states
    assert rows[-1]["sum"] == last - first
