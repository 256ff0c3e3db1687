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
    return {
        domoticz.read_topic(topic)[1].removeprefix(f"{message['device']['identifiers'][0]}_"): message
        for topic, message in device.announced.items()
        if message["state_topic"] == "teleinfo/homeassistant"
    }


@pytest.mark.parametrize("meter", METERS)
def test_every_component_is_taken_and_its_state_is_found(meter: str) -> None:
    """Neither its topic nor its template is refused; what is known in the state is shown."""
    device = followed(meter, form="components")
    state = device.state
    entities = {key.replace("+", "_"): entity for key, entity in device.announcer._entities.items()}
    found = by_key(device)

    assert found.keys() == entities.keys()
    for key, message in found.items():
        shown = domoticz.value(message, flat(state))
        assert bool(shown) == (find(state, entities[key].path) is not None), key
        assert domoticz.availability(message) == "teleinfo/status"
        if entities[key].type is StateType.BOOLEAN:
            assert shown in {message.get("payload_on", "ON"), message.get("payload_off", "OFF")}, key
        if message.get("device_class") == "enum" and shown:
            # It cuts a word at its comma.
            options: Any = message["options"]
            assert any(option.partition(",")[0] == shown for option in options), key
