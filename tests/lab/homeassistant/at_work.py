"""
A real Home Assistant, a real broker, the daemon and a simulated Tempo Linky, killed and started in any order.

Not part of `make test`: `make test-homeassistant` brings Home Assistant and names its virtual environment in
HOMEASSISTANT_VENV.
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
from teleinfo.tic.labels import Group, Mode
from tests.homeassistant import domoticz
from tests.homeassistant.golden import START
from tests.lab.homeassistant.hass_process import STATISTICS_PERIOD, HassProcess
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.real

LIMIT = 600.0
"""Seconds for all to be right again: the start of Home Assistant on a slow and busy machine."""
RECENT = 25.0
"""Seconds: a state of Home Assistant must be the last one, or one that was published so shortly before."""
PERIOD = 1.0
DEVICE = "Linky monophasé 3456"
CONFIG = "homeassistant/device/teleinfo_041961123456/config"


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
    """A broker, a meter, the daemon and Home Assistant, with `more` in its configuration, together."""

    def __init__(self, folder: Path, meter: str, *, more: str = "") -> None:
        venv = os.environ.get("HOMEASSISTANT_VENV", "")
        if not venv:
            pytest.skip("HOMEASSISTANT_VENV names no virtual environment with Home Assistant")
        self.broker = MosquittoBroker(folder)
        self.linky = Linky(meter)
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
                self._message = json.loads(received.payload)
        device = self._message["device"]["name"] if self._message else ""
        components = self._message.get("components", {})
        # A component without a name is an entity that is removed.
        named = [component for component in components.values() if "name" in component]
        return {f"{device} {component['name']}": component for component in named}

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
        _eventually(lambda: self.faults(self.listen()))

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

        _eventually(available)

    def entity_ids(self) -> dict[str, str]:
        """Return the id in Home Assistant of each enabled entity, by its key in the message."""
        shown = self.hass.states()
        self.listen()
        device = self._message["device"]["name"]
        named = {
            key: f"{device} {component['name']}" for key, component in self._message["components"].items()
        }
        return {key: shown[name]["entity_id"] for key, name in named.items() if name in shown}

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
        _eventually(lambda: [] if (state := self.state(name)) == expected else [f"{name}: {state}"])


ATTRIBUTES = ("device_class", "state_class", "unit_of_measurement", "options", "event_types")


def _is_one_of(shown: str, component: dict[str, Any], published: list[dict[str, Any]]) -> bool:
    """True if a state was published; of an entity of the line, if it has any state."""
    if component["platform"] == "event":
        return shown != "absent"
    if "state_topic" in component:  # not that of the device
        return shown not in {"absent", "unavailable", "unknown"}
    switched = {component.get("payload_on"): "on", component.get("payload_off"): "off"}
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


def _eventually(faults: Callable[[], list[str]], *, limit: float = LIMIT) -> None:
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

    _eventually(missing)
    assert states == sorted(states)
    assert rows[-1]["state"] in states
    assert rows[-1]["sum"] == rows[-1]["state"] - states[0]


@pytest.fixture
def household(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Household]:
    """Return a household with nothing but its broker and its meter running."""
    with Household(tmp_path, getattr(request, "param", "tempo")) as all_together:
        yield all_together


@pytest.mark.parametrize(
    "household", ["ejp", "tri-tempo", "standard-tri", "standard-producer"], indirect=True
)
def test_every_entity_shows_what_the_meter_says(household: Household) -> None:
    """
    The entities of four meters, which have every kind, have their states, units, classes and options.

    Hidden ones are disabled. Home Assistant neither complains nor proposes a repair. `check_schema` checks
    the messages of all meters.
    """
    household.hass.start()
    household.daemon.start()
    household.expect_right()

    assert household.hass.complaints() == []
    assert household.hass.repairs() == []


@pytest.mark.parametrize("household", ["tempo", "standard-producer"], indirect=True)
def test_the_energy_dashboard_takes_the_entities_that_the_page_names(household: Household) -> None:
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.hass.stop(limit=LIMIT)
    household.hass.start_later(STATISTICS_PERIOD)
    household.expect_right()
    ids = household.entity_ids()
    household.hass.use_for_energy(ids["energy_import"], ids.get("energy_export"), power=ids["power_active"])

    with household.hass.asking() as ask:

        def listed() -> set[str]:
            # Home Assistant has some of its own.
            all_of_them = {one["statistic_id"] for one in ask("recorder/list_statistic_ids")}
            return all_of_them & set(ids.values())

        _eventually(lambda: sorted(household.statistics() ^ listed()))
        # The list has entities too whose statistics are only to come.
        _eventually(
            lambda: [str(issue) for issues in ask("energy/validate")["energy_sources"] for issue in issues]
        )
        assert ask("recorder/validate_statistics") == {}
    for energy in {"energy_import", "energy_export"} & ids.keys():
        expect_sum(household, ids[energy])
    assert household.hass.complaints() == []
    assert household.hass.repairs() == []


def test_an_overrun_that_ends_while_the_daemon_is_away_is_over(household: Household) -> None:
    """1. An overrun is shown. 2. The daemon stops, and starts when the overrun is over: none is shown."""
    name = "Dépassement de la puissance souscrite"
    household.linky.besides = [Group("ADPS", "046", None, Mode.HISTORIQUE)]
    household.hass.start()
    household.daemon.start()
    household.expect_state(name, "on")
    household.daemon.stop(limit=LIMIT)
    household.expect_state(name, "unavailable")
    household.linky.besides = []
    household.daemon.start()

    household.expect_state(name, "off")
    assert household.hass.complaints() == []


def test_a_stopped_daemon_leaves_its_entities_unavailable_and_an_empty_message_removes_them(
    household: Household,
) -> None:
    """
    A stopped daemon keeps its entities, and an empty message removes them.

    1. All is right. 2. SIGTERM: every entity is unavailable, but for the connection, which is off. 3. The
    documented command, an empty retained message: every entity is gone.
    """
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.expect_state("Liaison avec le compteur", "on")
    household.daemon.stop(limit=LIMIT)
    household.expect_unavailable()
    household.expect_state("Liaison avec le compteur", "off")
    complaints = household.hass.complaints()
    household.publish(CONFIG, b"")

    def left() -> list[str]:
        return [name for name in household.hass.states() if name.startswith(DEVICE)]

    _eventually(left)

    # Home Assistant complains of any removal: it hears its own echo.
    assert complaints == []


def test_a_daemon_that_is_killed_leaves_no_quality_of_the_line(household: Household) -> None:
    """1. All is right. 2. SIGKILL: the quality is unavailable. 3. Home Assistant starts anew: it still is."""
    name = "Qualité de la ligne"
    household.hass.start()
    household.daemon.start()
    household.expect_state(name, "Bonne")
    household.daemon.kill()
    household.expect_state(name, "unavailable")
    household.hass.stop(limit=LIMIT)
    household.hass.start()
    household.expect_unavailable()

    assert household.state(name) == "unavailable"
    assert household.hass.complaints() == []


def test_a_silent_meter_is_shown_as_one(household: Household) -> None:
    """1. All is right. 2. The meter sends nothing: its entities are unavailable, the line's say why."""
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.linky.silent = True
    household.expect_unavailable(line=False)
    household.expect_state("Qualité de la ligne", "Muette")
    household.expect_state("Liaison avec le compteur", "off")

    assert household.hass.complaints() == []


ORDERS = (("broker", "daemon", "hass"), ("daemon", "hass", "broker"), ("hass", "broker", "daemon"))


def test_a_wrong_message_is_complained_of(household: Household) -> None:
    household.hass.start()
    household.hass.ask("config/device_registry/list")
    assert household.hass.complaints() == []
    wrong = {
        "platform": "sensor",
        "unique_id": "teleinfo_B",
        "name": "B",
        "device_class": "power",
        "unit_of_measurement": "VA",
    }
    message = {
        "device": {"identifiers": ["teleinfo_wrong"], "name": "Linky"},
        "origin": {"name": "teleinfo"},
        "components": {"wrong": wrong | {"state_topic": "wrong/B"}},
    }
    household.publish("homeassistant/device/teleinfo_wrong/config", json.dumps(message).encode())
    _eventually(lambda: [] if any("VA" in line for line in household.hass.complaints()) else ["nothing"])


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_all_are_right_again_in_whatever_order_they_start(
    household: Household, order: tuple[str, ...]
) -> None:
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.daemon.process.kill()
    household.daemon.process.wait(LIMIT)
    household.hass.kill()
    household.broker.kill()
    parts = {"broker": household.broker, "daemon": household.daemon, "hass": household.hass}
    for part in order:
        parts[part].start()
        time.sleep(3)  # the scenario's own: whoever started is up and finds the next one missing
    household.expect_right()

    assert household.hass.complaints() == []


@pytest.mark.parametrize("part", ["broker", "daemon", "hass"])
def test_all_are_right_again_after_one_of_them_was_killed(household: Household, part: str) -> None:
    """1. All is right. 2. One is killed, and starts again a moment later. 3. All is right again."""
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    match part:
        case "broker":
            # It publishes its birth 5 s after it connected, and fails if it is cut off at that moment.
            _eventually(lambda: [] if "birth message sent" in household.hass.log else ["it has not started"])
            household.broker.kill()
            household.expect_unavailable()
            household.broker.start()
        case "daemon":
            household.daemon.process.kill()
            household.daemon.process.wait(LIMIT)
            household.expect_unavailable()
            household.daemon.start()
        case _:
            household.hass.kill()
            household.hass.start()
    household.expect_right()

    assert household.hass.complaints() == []
