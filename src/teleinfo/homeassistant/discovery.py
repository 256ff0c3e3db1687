"""
The messages by which Home Assistant discovers the meter: one for the whole device, or one for each entity.

Pure. Home Assistant has read messages for a device since 2024.11 (source: its code of 2026.2), and openHAB
since 2026 by the same code. Their earlier versions and Domoticz (its MQTTAutoDiscover.cpp) read a message for
each component. Only the message for a device is abbreviated: Domoticz knows some abbreviations, and the older
openHAB others. The ids and the topics are frozen: with other ids every user would lose the history.

Home Assistant gives an entity its `default_entity_id` since 2025.10. Earlier versions ignore the key.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from teleinfo import __version__
from teleinfo.common.i18n import _, in_words, use_language
from teleinfo.homeassistant import entities, templates
from teleinfo.homeassistant.entity_ids import device_slug, entity_id
from teleinfo.homeassistant.tables import SHORT_KEYS
from teleinfo.port.health import STALE_AFTER
from teleinfo.state.field_entry import Field, StateType
from teleinfo.state.tracker import encode
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from teleinfo.mqtt.config import Topics
    from teleinfo.state.device import Device

DiscoveryForm = Literal["device", "components"]

MIGRATE: Final = b'{"migrate_discovery":true}'
"""
Message by which Home Assistant releases entities, and keeps their entries for another message.

Source: its documentation of MQTT, "Migration from single component to device-based discovery".
"""


@dataclass(frozen=True, slots=True)
class Discovery:
    """
    Common parts of all messages.

    `meter_name` is the user's name for the meter, `page` the address of `teleinfo web`, and `support_url`
    that of this project.
    """

    prefix: str
    topics: Topics
    _: KW_ONLY
    form: DiscoveryForm = "device"
    language: Language = Language.FR
    meter_name: str | None = None
    page: str | None = None
    support_url: str | None = None

    def messages(self, meter: Device, fields: Iterable[Field]) -> dict[str, bytes]:
        """Return the retained messages, by topic, that announce these entities and those of the line."""
        with use_language(self.language):
            common, components = self._common(meter), self._components(meter, fields)
        if self.form == "components":
            found = {}
            for entity, component in components:
                content = common | component
                # A component without a condition; in the message for a device, the empty list says so.
                given = {key: value for key, value in content.items() if value != []}
                # No topic may hold a plus sign. This one has no level for the device: with such a level, Home
                # Assistant would identify the entity alike in both forms, and would log an error for each
                # empty message that clears the other form.
                name = f"{device_id(meter.scope)}_{entity.id}".replace("+", "_")
                found[f"{self.prefix}/{entities.platform(entity)}/{name}/config"] = encode(given)
            return found
        cmps = {
            entity.id: {"p": entities.platform(entity)}
            | {SHORT_KEYS.get(key, key): value for key, value in component.items()}
            for entity, component in components
        }
        topic = f"{self.prefix}/device/{device_id(meter.scope)}/config"
        return {topic: encode(common | {"components": cmps})}

    def superseded(self, scope: str, announced: Collection[str]) -> dict[str, bytes]:
        """
        Return the messages that end an earlier announcement on these topics, to be sent before the new one.

        Home Assistant releases the entities of this meter in the other form or below another prefix, and
        removes those of another meter. The next start clears what is below another prefix.
        """
        found, released = {}, self.prefix in {topic.rsplit("/", 3)[0] for topic in announced}
        for topic in announced:
            prefix, platform, device, _config = topic.rsplit("/", 3)
            is_ours, is_here = f"{device}_".startswith(f"{device_id(scope)}_"), prefix == self.prefix
            if not (is_ours and is_here) or (platform == "device") != (self.form == "device"):
                found[topic] = MIGRATE if is_ours and (is_here or not released) else b""
        return found

    def _common(self, meter: Device) -> dict[str, Any]:
        device: dict[str, Any] = {
            "identifiers": [device_id(meter.scope)],
            # Two meters of one model must not share a name. Home Assistant before 2025.10 also makes the ids
            # of the entities of it.
            "name": self.meter_name or f"{_(meter.identity.name)} {meter.scope[-4:]}",
            "manufacturer": meter.identity.manufacturer,
            "model": _(meter.identity.model),
            "serial_number": meter.serial,
            "sw_version": f"teleinfo {__version__}",
            "hw_version": meter.identity.hardware if meter.serial else None,
            "configuration_url": self.page,
        }
        origin = {"name": "teleinfo", "sw_version": __version__}
        if self.support_url is not None:
            origin["support_url"] = self.support_url
        return {
            "device": {key: value for key, value in device.items() if value is not None},
            "origin": origin,
            "state_topic": self.topics.homeassistant,
            # Domoticz uses the last topic.
            "availability": [
                {"topic": self.topics.homeassistant, "value_template": templates.availability(meter.scope)},
                {"topic": self.topics.status},
            ],
            "availability_mode": "all",
        }

    def _components(self, meter: Device, fields: Iterable[Field]) -> list[tuple[Field, dict[str, Any]]]:
        """Return each entity with its component, without common parts."""
        found = []
        for entity in fields:
            component = self._component(meter, entity, templates.state_template(entity))
            if (template := templates.attributes_template(entity)) is not None:
                component["json_attributes_topic"] = self.topics.homeassistant
                component["json_attributes_template"] = template
            found.append((entity, component))
        for entity, template in entities.line_entities():
            # The availability of these entities does not depend on the frames.
            line: dict[str, Any] = {"state_topic": self.topics.status, "availability": []}
            if template is not None:
                topics = [
                    {"topic": self.topics.health, "value_template": templates.LINE_AVAILABILITY},
                    {"topic": self.topics.status},
                ]
                line = {"state_topic": self.topics.health, "availability": topics, "availability_mode": "any"}
                line["expire_after"] = STALE_AFTER
            found.append((entity, self._component(meter, entity, template) | line))
        line = {"state_topic": self.topics.event, "availability": []}
        events = self._component(meter, entities.EVENTS, templates.EVENT_TEMPLATE) | line
        return [*found, (entities.EVENTS, events)]

    def _component(self, meter: Device, entity: Field, template: str | None) -> dict[str, Any]:
        """Return one component, without empty values."""
        words = entities.words_of(entity)
        codes = tuple(words)
        # Home Assistant shows currents with two decimals, and takes what has neither unit nor precision for
        # text.
        needs_precision = bool(entity.precision) or entity.unit in {"A", ""}
        off, on = codes if codes and entity.type is StateType.BOOLEAN else (None, None)
        device = device_slug(self.meter_name, self.topics.readings)
        component = {
            "unique_id": f"{device_id(meter.scope)}_{entity.id}",
            "default_entity_id": entity_id(entities.platform(entity), device, entity.id),
            "name": in_words(entity.name),
            "device_class": entities.device_class(entity),
            "state_class": entities.state_class(entity),
            "unit_of_measurement": entity.unit or None,
            "suggested_display_precision": entity.precision if needs_precision else None,
            "options": [_(shown) for shown in words.values()] if entity.type is StateType.ENUM else None,
            "event_types": codes if entity is entities.EVENTS else None,
            "payload_on": on,
            "payload_off": off,
            "icon": entity.icon,
            "entity_category": "diagnostic" if entity.diagnostic else None,
            "enabled_by_default": None if entity.enabled else False,
            "value_template": template,
            "last_reset_value_template": templates.last_reset_template(entity),
        }
        return {key: value for key, value in component.items() if value is not None}


def device_id(scope: str) -> str:
    """Return the id of the device for the scope of a meter."""
    return f"teleinfo_{scope}"
