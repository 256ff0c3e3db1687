"""
Ask Home Assistant's own code whether it takes our messages, and whether our templates ever log an error.

Runs in an environment that has `homeassistant`, with our sources on the path (`make test-homeassistant`), on
the files of `golden`, and on messages with every entity that the label tables can give:

1. Each message passes the schema of device discovery, and each component, in both forms of the message, the
   schema of its platform.
2. Each template, given the decoded state of the meter, makes a state that its entity takes: a number, an
   option, a moment, on or off. Given a message that lacks it, a number or a switch stays as it was, and any
   other entity is unknown; given null, each is unknown.
3. Whatever Home Assistant logs meanwhile, from WARNING up, is a failure.

A message that is wrong on purpose shows that the check can fail.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import logging
import math
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeassistant.components.mqtt import binary_sensor, discovery, event, schemas, sensor
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from teleinfo.homeassistant import discovery as ours
from teleinfo.homeassistant.entities import entities_of
from teleinfo.homeassistant.templates import MISSING, flat
from teleinfo.mqtt.config import Topics
from teleinfo.state.declaration import FIELDS
from teleinfo.state.device import device_of
from teleinfo.state.labels import ANY_UNIT
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Mode
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import Event
from teleinfo.vocabulary.words import Language

try:
    from probatio import Invalid  # from 2026 on
except ImportError:
    from voluptuous import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeassistant.helpers.template import Template

GOLDEN = Path(__file__).parents[2] / "homeassistant" / "golden"
STATES = Path(__file__).parents[2] / "state" / "golden"
PLATFORMS = {"sensor": sensor, "binary_sensor": binary_sensor, "event": event}
# What `teleinfo/health` says of the line, before and after the first frame.
NOT_HEARD: dict[str, Any] = {
    "line_quality": "silent",
    "problem": None,
    "bad_groups_percent": None,
    "mode": None,
    "baudrate": 1200,
}
HEALTH: list[dict[str, Any]] = [
    NOT_HEARD | {"problem": "missing"},
    NOT_HEARD | {"problem": "no_data"},
    NOT_HEARD | {"line_quality": "good", "bad_groups_percent": 0.012, "mode": "standard", "baudrate": 9600},
]
for _health in HEALTH:
    _health["unknown_labels"] = ["NEW"]


EVENT: dict[str, Any] = {
    "time": "2026-01-14T20:00:05+01:00",
    "event": "tomorrow_known",
    "name": "Couleur du lendemain connue",
    "meter": "041961123456",
    "color": {"code": "red", "name": "Rouge"},
}


class Complaints(logging.Handler):
    """Handler that keeps the records from WARNING up."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record's words."""
        self.lines.append(f"{record.name}: {record.getMessage()}")


def validated(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the components as Home Assistant would set them up; raise Invalid."""
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
    """True if the entity of a component takes this state."""
    if component["platform"] == "binary_sensor":
        return state in {component["payload_on"], component["payload_off"]}  # ON and OFF by default
    if options := component.get("options"):
        return state in options
    if str(component.get("device_class")) == "timestamp":
        moment = dt_util.parse_datetime(state)
        return moment is not None and moment.tzinfo is not None
    if component.get("unit_of_measurement"):
        return not state or math.isfinite(float(state))  # Home Assistant ignores an empty text
    return 0 < len(state) <= 255


def faults_of_event(hass: HomeAssistant, component: dict[str, Any]) -> list[str]:
    """Return what is wrong with the entity of the events."""
    made = rendered(hass, component["value_template"], EVENT, "unknown")
    faults = [] if json.loads(made) == EVENT | {"event_type": EVENT["event"]} else [f"the event {made!r}"]
    return faults if component["event_types"] == list(Event) else [*faults, "not every event"]


def faults_of_templates(
    hass: HomeAssistant, components: dict[str, dict[str, Any]], state: dict[str, Any] | None
) -> list[str]:
    """Return what is wrong with what the templates make of this state, and of states that lack theirs."""
    faults = []
    for key, component in components.items():
        template = component.get("value_template")
        if template is None or component["platform"] == "event":
            continue
        is_of_line = key.startswith("line_")
        payloads: list[dict[str, Any]] = []
        if is_of_line:
            payloads = HEALTH
        elif state is not None:
            payloads = [state]
        for payload in payloads:
            made = rendered(hass, template, payload, "unknown")
            if made != "None" and not fits(component, made):
                faults.append(f"{key}: the state {made!r} does not fit")
        if is_of_line:
            continue
        stays = any(key in component for key in ("unit_of_measurement", "suggested_display_precision"))
        stays = stays or component["platform"] == "binary_sensor"
        early, late = (rendered(hass, template, {MISSING: each}, "before") for each in ("", None))
        if early not in {"" if stays else "None", "None"} or late != "None":
            faults.append(f"{key}: a state that is missing is shown")
        if (attributes := component.get("json_attributes_template")) is not None:
            codes = [rendered(hass, attributes, payload, "before") for payload in ({}, *payloads)]
            faults += [
                f"{key}: the attributes {each}"
                for each in codes
                if not {"code", "index"} & json.loads(each).keys()
            ]
        # The notice of a peak is announced before the state has it.
        comes = state is not None and rendered(hass, template, state, "before") not in {"", "None"}
        if comes and rendered(hass, template, dict.fromkeys(state or {}), "before") != "None":
            faults.append(f"{key}: is not unknown when the meter does not know")
    return faults


def everything(mode: Mode, language: Language, form: ours.DiscoveryForm) -> dict[str, dict[str, Any]]:
    """Return the messages, by topic, with every entity of a mode in a language, whatever the meter."""
    table = STANDARD if mode is Mode.STANDARD else HISTORIQUE
    ends = ["", HORODATE_SUFFIX, *[f"_{unit}" for unit in ANY_UNIT]]
    keys = [key + end for key in table for end in ends]
    paths = [*(field.parts for field in FIELDS), *(("labels", key) for key in keys)]
    entities = entities_of(dict.fromkeys(paths) | {("meter", "phases"): 3}, mode)
    discovery = ours.Discovery(
        "homeassistant",
        Topics("t"),
        form=form,
        language=language,
        page="http://pi.local:8080/",
        support_url="https://forge.example/teleinfo",
    )
    meter = device_of("041961123456", topic="t", private=False)
    messages = discovery.messages(meter, entities.values())
    return {topic: json.loads(payload) for topic, payload in messages.items() if payload}


def of_components(messages: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return messages for single components by topic, as Home Assistant would set them up."""
    found = {}
    for topic, message in messages.items():
        platform = topic.split("/")[1]
        found[topic] = PLATFORMS[platform].DISCOVERY_SCHEMA(dict(message)) | {"platform": platform}
    return found


def messages() -> Iterator[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    """Yield each message for a device with its name and, where it is known, its state."""
    for path in sorted(GOLDEN.glob("*.json")):
        message = json.loads(path.read_text(encoding="utf-8"))
        message.pop("topic")
        state = flat(json.loads((STATES / path.name).read_text(encoding="utf-8"))) | {MISSING: ""}
        yield path.name, message, state
    for mode, language in itertools.product(Mode, Language):
        (message,) = everything(mode, language, "device").values()
        yield f"every entity in {mode}, {language}", message, None


def refuses_a_wrong_one(message: dict[str, Any]) -> bool:
    """True if the check refuses a power in VA, as other bridges announce it."""
    wrong = copy.deepcopy(message)
    power = {"p": "sensor", "uniq_id": "teleinfo_wrong", "dev_cla": "power", "unit_of_meas": "VA"}
    wrong["components"]["wrong"] = power | {"stat_t": "teleinfo"}
    try:
        validated(wrong)
    except Invalid:
        return True
    return False


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


async def main() -> int:
    """Check every file, print what was found, and return the exit status."""
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    passed = 0
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        hass = HomeAssistant(folder)
        for name, message, states in messages():
            faults = []
            try:
                components = validated(message)
                faults = faults_of_templates(hass, components, states)
                faults += faults_of_event(hass, components["event"])
                say(f"{name}: {len(components)} components")
            except Invalid as error:
                faults = [f"refused: {error}"]
            faults += complaints.lines
            complaints.lines = []
            # The oldest release takes it, and complains.
            if not refuses_a_wrong_one(message) and not complaints.lines:
                faults.append("the check takes a power in VA")
            complaints.lines = []
            passed = passed + (not faults)
            failed = failed + bool(faults)
            for fault in faults:
                say(f"{name}: {fault}")
        for mode in Mode:
            single = of_components(everything(mode, Language.FR, "components"))
            say(f"every entity in {mode}, one message each: {len(single)} components")
        await hass.async_stop(force=True)
    say(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
