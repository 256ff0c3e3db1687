"""The messages for single components are such that Domoticz takes them, and finds every state in them."""

from __future__ import annotations

from typing import Any

import pytest

from teleinfo.homeassistant.templates import flat
from teleinfo.live.declared import find
from teleinfo.simulator.catalogue import METERS
from teleinfo.state.field_entry import StateType
from tests.homeassistant import domoticz
from tests.homeassistant.golden import Followed, followed


def by_key(device: Followed) -> dict[str, dict[str, object]]:
    """Return the messages of the entities of the state by key, as Domoticz finds them."""
    messages: dict[str, dict[str, object]] = {}
    for topic, message in device.announced.items():
        if message["state_topic"] != "teleinfo/homeassistant":
            continue
        _platform, object_id = domoticz.read_topic(topic)
        [device_id] = message["device"]["identifiers"]
        messages[object_id.removeprefix(f"{device_id}_")] = message
    return messages


@pytest.mark.parametrize("meter", METERS)
def test_every_component_is_taken_and_its_state_is_found(meter: str) -> None:
    """Neither its topic nor its template is refused; what is known in the state is shown."""
    device = followed(meter, form="components")
    state = device.state
    # No topic has a plus sign.
    entities = {key.replace("+", "_"): entity for key, entity in device.announcer._entities.items()}
    messages = by_key(device)

    assert messages.keys() == entities.keys()
    for key, message in messages.items():
        shown = domoticz.value(message, flat(state))
        is_known = find(state, entities[key].path) is not None
        assert (shown != "") == is_known, key
        assert domoticz.availability(message) == "teleinfo/status"
        if entities[key].type is StateType.BOOLEAN:
            assert shown in {message.get("payload_on", "ON"), message.get("payload_off", "OFF")}, key
        if message.get("device_class") == "enum" and shown:
            # It cuts a word at its comma.
            options: Any = message["options"]
            assert shown in [option.partition(",")[0] for option in options], key
