"""The messages for single components are such that Domoticz takes them, and finds every state in them."""

from __future__ import annotations

import pytest

from teleinfo.simulator.catalogue import METERS
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
    found = by_key(device)

    assert len(found) > 10
    for key, message in found.items():
        shown = domoticz.value(message, state)
        # Unknown yet: tomorrow's colour, the notice of a peak, the next tariff, and the energy before the
        # first frame.
        is_open = key in {"tempo_tomorrow", "PEJP"} or key.startswith("next_tariff")
        # Without a contract to sell, the active power is unknown while power flows out.
        is_open |= (meter, key) == ("standard-cacsi", "power_active")
        assert shown or is_open or "yesterday" in key or "last_month" in key, key
        assert domoticz.availability(message) == "teleinfo/status"
        if message.get("payload_on"):
            assert shown in {message["payload_on"], message["payload_off"]}, key
        if message.get("device_class") == "enum" and shown:
            assert shown in message["options"], key  # type: ignore[operator]  # a list
