"""
A real Home Assistant while the user changes the settings that it notices: it logs nothing.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_settings.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.homeassistant.at_work_migration import orphans, registered
from tests.lab.homeassistant.household import LIMIT, eventually
from tests.support.daemon import Daemon, settings_for

if TYPE_CHECKING:
    from tests.lab.homeassistant.household import Household

pytestmark = pytest.mark.real

CHANGES: dict[str, dict[str, object]] = {
    "language": {"language": "en"},
    "language again": {"language": "fr"},
    "name": {"meter_name": "Garage"},
    "form": {"homeassistant_discovery": "components"},
    "form again": {"homeassistant_discovery": "device"},
    "prefix": {"homeassistant_prefix": "maison"},
}
TOLD = {"fr": "le compteur est annoncé à Home Assistant", "en": "Home Assistant is told of the meter"}
QUALITIES = {"fr": {"Bonne", "Correcte"}, "en": {"Good", "Fair"}}
COLOURS = {"fr": {"Bleu"}, "en": {"Blue"}}


def wrong(household: Household, language: str) -> list[str]:
    """Return the entities that do not show a state in this language, or a code that is the same in both."""
    states = {state["entity_id"]: state for state in household.hass._states()}
    absent: dict[str, Any] = {"state": "absent", "attributes": {}}
    entries = {key: states.get(entry["entity_id"], absent) for key, entry in registered(household).items()}
    shown = {key: entry["state"] for key, entry in entries.items()}
    shown["code"] = entries.get("tempo_today", absent)["attributes"].get("code", "absent")
    found = {
        key: shown.get(key, "absent")
        for key in ("tempo_today", "line_quality", "energy_import_total", "code")
    }
    expected = {"tempo_today": COLOURS[language], "line_quality": QUALITIES[language], "code": {"blue"}}
    return [
        f"{key}: {state}"
        for key, state in found.items()
        if (not state.isdecimal() if key == "energy_import_total" else state not in expected[key])
    ]


@pytest.mark.parametrize("home_assistant", ["up", "down", "restarted"])
def test_no_change_of_a_setting_is_logged(household: Household, home_assistant: str) -> None:
    hass, language = household.hass, "fr"
    settings = settings_for(household.broker, household.linky.line) | {
        "homeassistant": True,
        "language": "fr",
    }
    settings |= {"state_interval": 1}
    hass.start()
    household.daemon.start()
    eventually(lambda: wrong(household, "fr"))
    colour = registered(household)["tempo_today"]["entity_id"]
    hass.ask("config/entity_registry/update", entity_id=colour, new_entity_id="sensor.couleur")
    before = registered(household)
    table = {}
    for change, values in CHANGES.items():
        settings |= values
        language = str(values.get("language", language))
        complaints = len(hass.complaints())
        if home_assistant != "up":
            _use_prefix(household, values)
        if home_assistant == "down":
            hass.stop(limit=LIMIT)
        household.daemon.stop(limit=LIMIT)
        (household.folder / "teleinfo.log").unlink()  # the line below is that of this run
        household.daemon = Daemon(household.folder, **settings)
        household.daemon.start()
        if home_assistant == "restarted":
            hass.stop(limit=LIMIT)
        household.daemon.expect_log(TOLD[language])
        if home_assistant == "up":
            _use_prefix(household, values)
        else:
            hass.start()
        eventually(lambda language=language: wrong(household, language))  # type: ignore[misc]
        after = registered(household)
        assert _ids(after).items() >= _ids(before).items(), change
        assert orphans(household) == [], change
        table[change] = hass.complaints()[complaints:]

    assert table == {change: [] for change in table}


def _use_prefix(household: Household, values: dict[str, object]) -> None:
    """Change the prefix of the discovery in Home Assistant too, if it is changed; MQTT starts anew."""
    if "homeassistant_prefix" in values:
        hass, started = household.hass, "birth message sent"
        starts = hass.log.count(started)
        hass.use_prefix(str(values["homeassistant_prefix"]))
        eventually(lambda: [] if hass.log.count(started) > starts else ["MQTT has not started again"])


def _ids(entries: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {key: str(entry["entity_id"]) for key, entry in entries.items()}
