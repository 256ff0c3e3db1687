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
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

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

_Message: TypeAlias = dict[str, Any]
"""A part of a message for Home Assistant: JSON by the keys of its documentation."""

_Components: TypeAlias = list[tuple[Field, _Message]]
"""Each entity with its component."""

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
            common = self._common(meter)
            components = self._components(meter, fields)
        if self.form == "components":
            return self._by_component(meter, common, components)
        return self._by_device(meter, common, components)

    def _by_component(self, meter: Device, common: _Message, components: _Components) -> dict[str, bytes]:
        """Return a message for each component, with the common parts, by topic."""
        messages: dict[str, bytes] = {}
        for entity, component in components:
            content = common | component
            # An empty list of availability takes the place of the common one: such an entity is always
            # available. A message for one component says so by having no list at all.
            content = {key: value for key, value in content.items() if value != []}
            # No topic may hold a plus sign. This one has no level for the device: with such a level, Home
            # Assistant would identify the entity alike in both forms, and would log an error for each
            # empty message that clears the other form.
            name = f"{device_id(meter.scope)}_{entity.id}".replace("+", "_")
            messages[f"{self.prefix}/{entities.platform(entity)}/{name}/config"] = encode(content)
        return messages

    def _by_device(self, meter: Device, common: _Message, components: _Components) -> dict[str, bytes]:
        """Return the message for the whole device, with short keys in its components, by topic."""
        of_entities: dict[str, _Message] = {}
        for entity, component in components:
            shortened = {SHORT_KEYS.get(key, key): value for key, value in component.items()}
            of_entities[entity.id] = {"p": entities.platform(entity)} | shortened
        topic = f"{self.prefix}/device/{device_id(meter.scope)}/config"
        return {topic: encode(common | {"components": of_entities})}

    def superseded(self, scope: str, announced: Collection[str]) -> dict[str, bytes]:
        """
        Return the messages that end an earlier announcement on these topics, to be sent before the new one.

        Home Assistant releases the entities of this meter in the other form or below another prefix, and
        removes those of another meter. The next start clears what is below another prefix.
        """
        earlier_by_topic = {topic: _Announced.of(topic) for topic in announced}
        prefixes = {earlier.prefix for earlier in earlier_by_topic.values()}
        ending: dict[str, bytes] = {}
        for topic, earlier in earlier_by_topic.items():
            if not earlier.is_of(scope):
                ending[topic] = b""
            elif earlier.prefix == self.prefix:
                if earlier.form != self.form:
                    ending[topic] = MIGRATE
            elif self.prefix in prefixes:
                # An earlier start released these entities, and announced them below the present prefix.
                ending[topic] = b""
            else:
                ending[topic] = MIGRATE
        return ending

    def _common(self, meter: Device) -> _Message:
        hardware = None
        if meter.serial:
            hardware = meter.identity.hardware
        device: dict[str, Any] = {
            "identifiers": [device_id(meter.scope)],
            # Two meters of one model must not share a name. Home Assistant before 2025.10 also makes the ids
            # of the entities from it.
            "name": self.meter_name or f"{_(meter.identity.name)} {meter.scope[-4:]}",
            "manufacturer": meter.identity.manufacturer,
            "model": _(meter.identity.model),
            "serial_number": meter.serial,
            "sw_version": f"teleinfo {__version__}",
            "hw_version": hardware,
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

    def _components(self, meter: Device, fields: Iterable[Field]) -> _Components:
        """
        Return the entities of `fields`, of the line and of the events, each with its component.

        What the message has for the whole device is not in the components.
        """
        components: _Components = []
        for entity in fields:
            component = self._component(meter, entity, templates.state_template(entity))
            attributes = templates.attributes_template(entity)
            if attributes is not None:
                component["json_attributes_topic"] = self.topics.homeassistant
                component["json_attributes_template"] = attributes
            components.append((entity, component))
        for entity, template in entities.line_entities():
            component = self._component(meter, entity, template)
            # The availability of these entities does not depend on the frames.
            if template is None:
                component |= {"state_topic": self.topics.status, "availability": []}
            else:
                component |= self._of_health()
            components.append((entity, component))
        events = self._component(meter, entities.EVENTS, templates.EVENT_TEMPLATE)
        events |= {"state_topic": self.topics.event, "availability": []}
        components.append((entities.EVENTS, events))
        return components

    def _of_health(self) -> _Message:
        """Return what a component has whose state is in the topic `health`."""
        return {
            "state_topic": self.topics.health,
            "availability": [
                {"topic": self.topics.health, "value_template": templates.LINE_AVAILABILITY},
                {"topic": self.topics.status},
            ],
            "availability_mode": "any",
            "expire_after": STALE_AFTER,
        }

    def _component(self, meter: Device, entity: Field, template: str | None) -> _Message:
        """Return one component, without empty values."""
        platform = entities.platform(entity)
        device = device_slug(self.meter_name, self.topics.readings)
        words_by_code = entities.words_of(entity)
        component: _Message = {
            "unique_id": f"{device_id(meter.scope)}_{entity.id}",
            "default_entity_id": entity_id(platform, device, entity.id),
            "name": in_words(entity.name),
            "device_class": entities.device_class(entity),
            "state_class": entities.state_class(entity),
            "unit_of_measurement": entity.unit or None,
            "icon": entity.icon,
            "value_template": template,
            "last_reset_value_template": templates.last_reset_template(entity),
        }
        # Home Assistant shows currents with two decimals, and takes what has neither unit nor precision for
        # text.
        if entity.precision or entity.unit in {"A", ""}:
            component["suggested_display_precision"] = entity.precision
        if entity.type is StateType.ENUM:
            component["options"] = [_(words) for words in words_by_code.values()]
        if entity.type is StateType.BOOLEAN and words_by_code:
            # The codes of a boolean are false and true, in this order.
            component["payload_off"], component["payload_on"] = words_by_code
        if entity is entities.EVENTS:
            component["event_types"] = tuple(words_by_code)
        if entity.diagnostic:
            component["entity_category"] = "diagnostic"
        if not entity.enabled:
            component["enabled_by_default"] = False
        return {key: value for key, value in component.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Announced:
    """The parts of the topic of an announcement; `id` is that of the device or of the component."""

    prefix: str
    form: DiscoveryForm
    id: str

    @classmethod
    def of(cls, topic: str) -> _Announced:
        """Return what is in the topic of an announcement of this program."""
        prefix, platform, id_, _config = topic.rsplit("/", 3)
        if platform == "device":
            return cls(prefix, "device", id_)
        return cls(prefix, "components", id_)

    def is_of(self, scope: str) -> bool:
        """Return True if it announces the meter with this scope, or a component of it."""
        own = device_id(scope)
        return self.id == own or self.id.startswith(f"{own}_")


def device_id(scope: str) -> str:
    """Return the id of the device for the scope of a meter."""
    return f"teleinfo_{scope}"
