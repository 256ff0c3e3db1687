"""
Ask Home Assistant's own code whether it takes our messages, and whether our templates ever log an error.

Runs in an environment that has `homeassistant`, with our sources on the path (`make test-homeassistant`), on
the files of `golden`, and on a message with every entity that the label tables can give:

1. Each message passes the schema of device discovery, and each component the schema of its platform.
2. Each template, given the states of the file, makes a state that its entity takes: a number, an option, a
   moment, ON or OFF. Given states without its key it leaves the entity as it was; given null, it is unknown.
3. Whatever Home Assistant logs meanwhile, from WARNING up, is a failure.

A message that is wrong on purpose shows that the check can fail.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import voluptuous as vol
from homeassistant.components.mqtt import binary_sensor, discovery, schemas, sensor
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from teleinfo.homeassistant import discovery as ours
from teleinfo.homeassistant.register_entities import ENTITIES
from teleinfo.homeassistant.values import DERIVED, find_entity
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Mode
from teleinfo.tic.meter_id import meter_of
from teleinfo.tic.reading import HORODATE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeassistant.helpers.template import Template

    from teleinfo.state.words import Language

GOLDEN = Path(__file__).parent / "golden"
PLATFORMS = {"sensor": sensor, "binary_sensor": binary_sensor}
# What `teleinfo/health` says of the line, before and after the first frame.
HEALTH: list[dict[str, Any]] = [
    {"line": "silent", "problem": "missing", "bad_groups_percent": None, "mode": None, "baudrate": 1200},
    {"line": "silent", "problem": "no data", "bad_groups_percent": None, "mode": None, "baudrate": 1200},
    {"line": "good", "problem": None, "bad_groups_percent": 0.012, "mode": "standard", "baudrate": 9600},
]


class Complaints(logging.Handler):
    """Keeps what is logged from WARNING up."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record's words."""
        self.lines.append(f"{record.name}: {record.getMessage()}")


def validated(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the components as Home Assistant would set them up; raise vol.Invalid."""
    message = copy.deepcopy(message)
    discovery._replace_all_abbreviations(message)
    schemas.DEVICE_DISCOVERY_SCHEMA(message)
    components = {}
    for key, given in message["components"].items():
        component = dict(given)
        platform = component.pop("platform")
        for option in schemas.SHARED_OPTIONS:
            if option in message:
                component.setdefault(option, message[option])
        component |= {"device": message["device"], "origin": message["origin"]}
        components[key] = PLATFORMS[platform].DISCOVERY_SCHEMA(component) | {"platform": platform}
    return components


def rendered(hass: HomeAssistant, template: Template, payload: dict[str, Any], before: str) -> str:
    """Return what a template makes of a payload, for an entity whose state was `before`."""
    template.hass = hass
    return str(
        template.async_render_with_possible_json_value(
            json.dumps(payload), variables={"this": {"state": before}}
        )
    )


def fits(component: dict[str, Any], state: str) -> bool:
    """Whether the entity of a component takes this state."""
    if component["platform"] == "binary_sensor":
        return state in {"ON", "OFF"}
    if options := component.get("options"):
        return state in options
    if str(component.get("device_class")) == "timestamp":
        moment = dt_util.parse_datetime(state)
        return moment is not None and moment.tzinfo is not None
    if component.get("unit_of_measurement"):
        return float(state) >= 0
    return 0 < len(state) <= 255


def faults_of_templates(
    hass: HomeAssistant, components: dict[str, dict[str, Any]], states: dict[str, Any] | None
) -> list[str]:
    """Return what is wrong with what the templates make of these states, and of states that lack theirs."""
    faults = []
    for key, component in components.items():
        template = component["value_template"]
        if key.startswith("LIGNE_"):
            payloads, kept = HEALTH, None
        else:
            payloads = [] if states is None else [states]
            kept = {name: value for name, value in (states or {}).items() if name != key}
        for payload in payloads:
            state = rendered(hass, template, payload, "unknown")
            if state != "None" and not fits(component, state):
                faults.append(f"{key}: the state {state!r} does not fit")
            if state == "None" and kept is not None and payload[key] is not None:
                faults.append(f"{key}: unknown, though the states have it")
        if kept is not None:
            ignored = {"", "before"}  # an empty text is ignored by numbers and switches
            if rendered(hass, template, kept, "before") not in ignored:
                faults.append(f"{key}: does not stay as it was when its key is missing")
            if rendered(hass, template, {}, "unknown") not in {"", "None"}:
                faults.append(f"{key}: is not unknown before the first state")
            if rendered(hass, template, {key: None}, "before") != "None":
                faults.append(f"{key}: is not unknown when the meter does not know")
    return faults


def everything(mode: Mode, language: Language) -> dict[str, Any]:
    """Return a message with every entity of a mode in a language, whatever the meter."""
    table = STANDARD if mode is Mode.STANDARD else HISTORIQUE
    keys = [*table, *(key + HORODATE_SUFFIX for key in table), *ENTITIES, *DERIVED]
    entities = [entity for key in keys if (entity := find_entity(mode, key, language)) is not None]
    sources = ours.Sources("t/homeassistant", "t/status", "t/health", url="https://example.org/teleinfo")
    meter = meter_of("041961123456", topic="t", private=False)
    message: dict[str, Any] = json.loads(ours.message(meter, entities, sources, language))
    return message


def messages() -> Iterator[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    """Yield each message with its name and, where they are known, its states."""
    for path in sorted(GOLDEN.glob("*.json")):
        message = json.loads(path.read_text(encoding="utf-8"))
        message.pop("topic")
        yield path.name, message, message.pop("states")
    languages: tuple[Language, ...] = ("fr", "en")
    for mode, language in itertools.product(Mode, languages):
        yield f"every entity in {mode}, {language}", everything(mode, language), None


def refuses_a_wrong_one(message: dict[str, Any]) -> bool:
    """Whether the check refuses a power in VA, as other bridges announce it."""
    wrong = copy.deepcopy(message)
    wrong["cmps"]["PUISSANCE_MOYENNE"]["unit_of_meas"] = "VA"
    try:
        validated(wrong)
    except vol.Invalid:
        return True
    return False


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


async def main() -> int:
    """Check every file, print what was found, and return the exit status."""
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        hass = HomeAssistant(folder)
        for name, message, states in messages():
            faults = []
            try:
                components = validated(message)
                faults = faults_of_templates(hass, components, states)
                say(f"{name}: {len(components)} components")
            except vol.Invalid as error:
                faults = [f"refused: {error}"]
            if not refuses_a_wrong_one(message):
                faults.append("the check takes a power in VA")
            faults += complaints.lines
            complaints.lines = []
            passed, failed = passed + (not faults), failed + bool(faults)
            for fault in faults:
                say(f"{name}: {fault}")
        await hass.async_stop(force=True)
    say(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
