"""
A real Home Assistant while the user changes the settings that it notices: it logs nothing.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_settings.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.homeassistant.at_work_migration import orphans, registered
from tests.lab.homeassistant.household import ABSENT, LIMIT, eventually
from tests.support.daemon import Daemon, settings_for

if TYPE_CHECKING:
    from tests.lab.homeassistant.household import Household

pytestmark = pytest.mark.real

# One after the other: each continues with the settings that those before it have left.
CHANGES: dict[str, dict[str, object]] = {
    "language": {"language": "en"},
    "language again": {"language": "fr"},
    "name": {"meter_name": "Garage"},
    "form": {"homeassistant_discovery": "components"},
    "form again": {"homeassistant_discovery": "device"},
    "prefix": {"homeassistant_prefix": "maison"},
}
ANNOUNCED = {"fr": "le compteur est annoncé à Home Assistant", "en": "Home Assistant is told of the meter"}
"""What the daemon logs once it has announced the meter."""
QUALITIES = {"fr": {"Bonne", "Correcte"}, "en": {"Good", "Fair"}}
COLOURS = {"fr": "Bleu", "en": "Blue"}


def wrong(household: Household, language: str) -> list[str]:
    """
    Return a line for each of three entities whose state is not in this language, or no number.

    The code of the colour, an attribute, is the same in both languages.
    """
    states = household.hass.states_by_id()
    entries = registered(household)

    def state_of(key: str) -> dict[str, Any]:
        """Return the state of the entity with this key; ABSENT before it is registered and has a state."""
        return states.get(entries[key]["entity_id"], ABSENT) if key in entries else ABSENT

    colour = state_of("tempo_today")["state"]
    code = state_of("tempo_today")["attributes"].get("code")
    quality = state_of("line_quality")["state"]
    energy = state_of("energy_import_total")["state"]
    faults = []
    if colour != COLOURS[language]:
        faults.append(f"tempo_today: {colour}")
    if code != "blue":
        faults.append(f"code of tempo_today: {code}")
    if quality not in QUALITIES[language]:
        faults.append(f"line_quality: {quality}")
    if not energy.isdecimal():
        faults.append(f"energy_import_total: {energy}")
    return faults


@pytest.mark.parametrize("home_assistant", ["up", "down", "restarted"])
def test_no_change_of_a_setting_is_logged(household: Household, home_assistant: str) -> None:
    """
    Home Assistant complains of none of the changes, keeps the ids, and shows every entity again.

    While the daemon starts with another setting, Home Assistant runs (`up`), does not (`down`), or is stopped
    and started again just then (`restarted`).
    """
    hass = household.hass
    language = "fr"
    settings = settings_for(household.broker, household.linky.line)
    settings |= {"homeassistant": True, "language": language, "state_interval": 1}
    hass.start()
    household.daemon.start()
    eventually(lambda: wrong(household, "fr"))
    # An id that the user has chosen is kept, too.
    colour = registered(household)["tempo_today"]["entity_id"]
    hass.ask("config/entity_registry/update", entity_id=colour, new_entity_id="sensor.couleur")
    before = registered(household)
    complaints_by_change = {}
    for change, values in CHANGES.items():
        settings |= values
        language = str(values.get("language", language))
        earlier_complaints = len(hass.complaints())
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
        household.daemon.expect_log(ANNOUNCED[language])
        if home_assistant == "up":
            _use_prefix(household, values)
        else:
            hass.start()
        eventually(lambda language=language: wrong(household, language))  # type: ignore[misc]
        after = registered(household)
        assert _ids(after).items() >= _ids(before).items(), change
        assert orphans(household) == [], change
        complaints_by_change[change] = hass.complaints()[earlier_complaints:]

    assert [complaints for complaints in complaints_by_change.values() if complaints] == []


def _use_prefix(household: Household, values: dict[str, object]) -> None:
    """
    Change the prefix of the discovery in Home Assistant too, if it is among these values of settings.

    Return once its MQTT has started anew, with the birth message that the daemon answers.
    """
    if "homeassistant_prefix" not in values:
        return
    hass = household.hass
    starts_before = hass.log.count(MQTT_STARTED)
    hass.use_prefix(str(values["homeassistant_prefix"]))

    def not_started() -> list[str]:
        return [] if hass.log.count(MQTT_STARTED) > starts_before else ["MQTT has not started again"]

    eventually(not_started)


MQTT_STARTED = "birth message sent"
"""What Home Assistant logs each time that its MQTT has started."""


def _ids(entries: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the id of each entity by its key."""
    return {key: str(entry["entity_id"]) for key, entry in entries.items()}
