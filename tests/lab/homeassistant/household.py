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
DEVICE = "Linky monophasé 3456"


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
            groups = [
                group._replace(value=self.instead.get(group.label, group.value))
                for group in self.meter.frame(now + self.ahead) + self.besides
            ]
            self.line.write(with_parity(encode_frame(groups)))


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
        self._message: dict[str, Any] = {}

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
        """Record the messages since the last call; return the components of the last discovery by name."""
        for received in self._listener.drain():
            if received.topic == "teleinfo/homeassistant":
                self._published.append((received.at, json.loads(received.payload)))
            elif received.topic.startswith("homeassistant/device/") and received.payload:
                self._message = read(received.payload)
        device = self._message["device"]["name"] if self._message else ""
        components = self._message.get("components", {})
        # A component without a name is an entity that is removed.
        named = [component for component in components.values() if "name" in component]
        return {f"{device} {component['name']}": component for component in named}

    def device(self) -> dict[str, Any]:
        """Return the device of the last discovery; empty before it."""
        self.listen()
        device: dict[str, Any] = self._message.get("device", {})
        return device

    def publish(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        """Publish a message that the daemon has no part in."""
        self.subscriber._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(LIMIT)

    def faults(self, components: dict[str, Any]) -> list[str]:
        """Return the entities that Home Assistant shows otherwise than they were published."""
        shown = self.hass.states()
        self.listen()
        if not components or not self._published:
            return ["nothing is published"]
        # The last one is shown until there is another.
        last, since = self._published[-1][1], time.monotonic() - RECENT
        recent = [state for at, state in self._published if at > since or state is last]
        found = []
        for name, component in components.items():
            if component.get("enabled_by_default") is False:
                found += [f"{name}: enabled"] if name in shown else []
                continue
            state = shown.get(name, {"state": "absent", "attributes": {}})
            if not _is_one_of(state["state"], component, recent):
                found.append(f"{name}: {state['state']}")
            for attribute in ATTRIBUTES:
                if state["attributes"].get(attribute) != component.get(attribute):
                    found.append(f"{name}: {attribute} {state['attributes'].get(attribute)}")
        return found

    def expect_right(self) -> None:
        """Return once Home Assistant shows every enabled entity as it was published from now on."""
        self.listen()
        self._published.clear()
        eventually(lambda: self.faults(self.listen()))

    def restart_later(self, seconds: float) -> None:
        """Restart Home Assistant with its clock set ahead, and return once it shows what is published."""
        self.hass.stop(limit=LIMIT)
        self.hass.start_later(seconds)
        self.expect_right()

    def expect_unavailable(self, *, line: bool = True) -> None:
        """
        Return once Home Assistant shows every enabled entity, and none of them available.

        Without those of the `line`, if so wanted; its connection is always available.
        """

        def available() -> list[str]:
            shown = self.hass.states()
            states = {
                name: shown.get(name, {"state": "absent"})["state"]
                for name, component in self.listen().items()
                if component.get("enabled_by_default") is not False
                and component.get("availability") != []
                and (line or "availability" not in component)
            }
            return [f"{name}: {state}" for name, state in states.items() if state != "unavailable"]

        eventually(available)

    def entity_ids(self) -> dict[str, str]:
        """Return the id in Home Assistant of each enabled entity, by its key in the message."""
        shown = self.hass.states()
        self.listen()
        device = self._message["device"]["name"]
        named = {
            key: f"{device} {component['name']}" for key, component in self._message["components"].items()
        }
        return {key: shown[name]["entity_id"] for key, name in named.items() if name in shown}

    def use_proposed_ids(self) -> None:
        """Give the entities the ids that we propose, as a user of Home Assistant before 2025.10 would."""
        if self.hass.newest:
            return
        self.listen()
        components = self._message["components"].values()
        proposed = {one["unique_id"]: one["default_entity_id"] for one in components}
        with self.hass.asking() as ask:
            for entry in ask("config/entity_registry/list"):
                new = proposed.get(str(entry["unique_id"]), entry["entity_id"])
                if new != entry["entity_id"]:
                    ask("config/entity_registry/update", entity_id=entry["entity_id"], new_entity_id=new)

    def statistics(self) -> set[str]:
        """Return the ids of our entities that say that they have statistics and have a number."""
        ours = set(self.entity_ids().values())
        return {
            state["entity_id"]
            for state in self.hass.states().values()
            if state["entity_id"] in ours
            and "state_class" in state["attributes"]
            and state["state"] not in {"unknown", "unavailable"}
        }

    def state(self, name: str) -> str:
        """Return the state of one entity, or "absent"."""
        return str(self.hass.states().get(f"{DEVICE} {name}", {"state": "absent"})["state"])

    def expect_state(self, name: str, expected: str) -> None:
        """Return once Home Assistant shows this state of one entity."""
        eventually(lambda: [] if (state := self.state(name)) == expected else [f"{name}: {state}"])


ATTRIBUTES = ("device_class", "state_class", "unit_of_measurement", "options", "event_types")


def _is_one_of(shown: str, component: dict[str, Any], published: list[dict[str, Any]]) -> bool:
    """True if a state was published; of an entity of the line, if it has any state."""
    if component["platform"] == "event":
        return shown != "absent"
    if "state_topic" in component:  # not that of the device
        return shown not in {"absent", "unavailable", "unknown"}
    switched = {component.get("payload_on", "ON"): "on", component.get("payload_off", "OFF"): "off"}
    for state in published:
        value = _value(component["value_template"], state)
        if _parsed(shown) == _parsed(switched.get(value, value) or "unknown"):
            return True
    return False


def _value(template: str, state: dict[str, Any]) -> str:
    """Return what Home Assistant makes of a state by a template of ours; empty for none."""
    if choice := re.match(r"\{\{ (\{.*?\})\[(value_json[.\w]*)\]", template):
        code = domoticz.value({"value_template": choice[2]}, state)
        words: dict[str, str] = dict(re.findall(r"'([^']*)': '([^']*)'", choice[1]))
        return words.get(code, code)
    return domoticz.value({"value_template": template}, state)


def _parsed(text: str) -> float | dt.datetime | str:
    """Return a number, a moment, or the text itself."""
    for parse in (float, dt.datetime.fromisoformat):
        with contextlib.suppress(ValueError):
            return parse(text)
    return text


def eventually(faults: Callable[[], list[str]], *, limit: float = LIMIT) -> None:
    end = time.monotonic() + limit
    while found := faults():
        assert time.monotonic() < end, found
        time.sleep(0.5)


def expect_sum(household: Household, energy: str) -> None:
    """Return once the statistics of an energy have the sum that it has risen by, and no more."""
    begin = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat()
    rows: list[dict[str, Any]] = []
    states: list[float] = []

    def missing() -> list[str]:
        with household.hass.asking() as ask:
            found = ask(
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
        rows[:] = found.get(energy, [])
        states[:] = [float(one["s"]) for one in history[energy] if one["s"].isdecimal()]
        return [] if rows else ["no statistics"]

    eventually(missing)
    assert states == sorted(states)
    assert rows[-1]["state"] in states
    assert rows[-1]["sum"] == rows[-1]["state"] - states[0]
