"""The whole message of each meter family, and the ids that no release may change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from teleinfo.homeassistant.discovery import Discovery
from teleinfo.mqtt.config import Topics
from teleinfo.port.health import HEALTH_INTERVAL
from teleinfo.state.device import device_of
from teleinfo.vocabulary.words import Language
from tests.homeassistant import golden


def message(
    number: str | None,
    *,
    private: bool = False,
    name: str | None = None,
    page: str | None = None,
    support: str | None = None,
) -> dict[str, Any]:
    """Return the message for the device of a meter."""
    meter = device_of(number, topic="teleinfo", private=private)
    discovery = Discovery("homeassistant", Topics("t"), meter_name=name, page=page, support_url=support)
    [payload] = discovery.messages(meter, []).values()
    decoded: dict[str, Any] = json.loads(payload)
    return decoded


@pytest.mark.parametrize("meter", golden.ALL)
def test_the_message_of_a_meter_is_that_of_its_file(meter: str) -> None:
    """
    Topic, device, availability and every component: a person has read them in the file.

    Whoever changes an id or a topic there loses the history of every household.
    """
    expected = (golden.FOLDER / f"{meter}.json").read_text(encoding="utf-8")

    assert golden.content(meter) == expected, "if it is meant: python -m tests.homeassistant.golden"


@pytest.mark.parametrize("meter", golden.ALL)
def test_a_message_has_32_kilobytes_at_most(meter: str) -> None:
    """A broker that allows less is rare; each restart sends it, and Home Assistant parses it."""
    [payload] = golden.followed(meter).announcer.messages.values()

    assert len(payload) <= 32_000


@pytest.mark.parametrize("span", ["today", "this_month"])
def test_a_cost_is_a_total_since_its_midnight(span: str) -> None:
    """Home Assistant then has statistics of it, which the Energy dashboard takes."""
    meter = device_of("041961123456", topic="teleinfo", private=False)
    [payload] = Discovery("homeassistant", Topics("t")).messages(meter, golden.every_entity()).values()
    component = golden.read(payload)["components"][f"cost_{span}"]

    assert component["state_class"] == "total"
    assert f"value_json.cost_{span}_start" in component["last_reset_value_template"]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("meter", golden.ALL)
def test_no_two_entities_of_a_meter_have_the_same_name(meter: str, language: Language) -> None:
    """People choose by them; Home Assistant before 2025.10 makes the id of an entity from its name."""
    device = golden.followed(meter, language=language)
    names = [component["name"] for component in device.message["components"].values()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("number", "private", "name"),
    [
        ("041961123456", False, "Linky monophasé 3456"),
        ("041961123457", False, "Linky monophasé 3457"),
        ("041961123456", True, "Linky monophasé e517"),
        (None, False, "Compteur électrique c10d"),
    ],
)
def test_the_device_is_named_after_the_end_of_its_number(
    number: str | None, *, private: bool, name: str
) -> None:
    assert message(number, private=private)["device"]["name"] == name
    assert message(number, private=private, name="Garage")["device"]["name"] == "Garage"


def test_the_device_links_to_the_page_if_there_is_a_page() -> None:
    """The link is that of TELEINFO_WEB_URL."""
    assert "configuration_url" not in message("041961123456")["device"]
    assert message("041961123456", page="http://pi:8080/")["device"]["configuration_url"] == "http://pi:8080/"


def test_the_origin_has_the_address_of_the_project_if_the_package_names_one() -> None:
    assert "support_url" not in message("041961123456")["origin"]
    assert message("041961123456", support="https://forge/x")["origin"]["support_url"] == "https://forge/x"


def test_the_hardware_of_the_meter_is_hidden_with_its_number() -> None:
    """Its type and its year are parts of the number."""
    assert message("041961123456")["device"]["hw_version"] == "type 61, 2019"
    assert "hw_version" not in message("041961123456", private=True)["device"]


def test_an_entity_of_the_line_expires_when_three_messages_are_lost() -> None:
    """It is available while the meter is silent: it goes with the daemon that reports it."""
    components = message("041961123456")["components"].values()
    of_health = [component for component in components if component["stat_t"] == "t/health"]

    assert len(of_health) == 5
    assert {component["exp_aft"] for component in of_health} == {3 * HEALTH_INTERVAL}
