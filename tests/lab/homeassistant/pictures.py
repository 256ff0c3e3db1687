"""
Pictures of Home Assistant: English ones in docs/images, French ones in docs/fr/images.

`make pictures-homeassistant` draws them: after a change that is meant, do so and look at each of them. They
show a household on an evening of 2026, after seven simulated weeks. The daemon, Home Assistant and the
browser have the clock of this evening. Two versions of Home Assistant draw the same page in another way, so
no test compares them.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from teleinfo.settings import checks
from teleinfo.state.prices import Prices
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.words import Language
from tests.docs import drawn
from tests.docs.markdown import ROOT
from tests.homeassistant.golden import START
from tests.lab.browsers.browser import browser, prefer, resize
from tests.lab.browsers.pictures import path, with_palette
from tests.lab.homeassistant.at_work_examples import PRICES, Examples
from tests.lab.homeassistant.hass_process import later_clock
from tests.lab.homeassistant.household import LIMIT, Household, eventually
from tests.lab.homeassistant.simulated_past import SimulatedPast, add_states
from tests.support.scenario import until

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

DASHBOARD: Final = "tempo-linky"
WINTER: Final = dt.datetime(2026, 1, 14, 20, 12)  # noqa: DTZ001 - a meter knows local time only
"""An evening before a red day, which is announced."""
SUMMER: Final = dt.datetime(2026, 6, 16, 20, 12)  # noqa: DTZ001 - as above
"""An evening after a day on which a producer has injected."""
SIZES: Final = {
    "home-assistant-tempo": (1180, 830),
    "home-assistant-device": (1180, 900),
    "home-assistant-energy": (1280, 860),
}
"""Width and height of each picture, in CSS pixels."""
READY: Final = {
    Language.EN: {
        "home-assistant-tempo": "Tomorrow",
        "home-assistant-device": "Active power",
        "home-assistant-energy": "Imported energy",
    },
    Language.FR: {
        "home-assistant-tempo": "Demain",
        "home-assistant-device": "Puissance active",
        "home-assistant-energy": "Énergie soutirée",
    },
}
"""Words on each page that come with the entities."""
_TEXT: Final = """
const text = node => [...node.childNodes].map(child => child.nodeType === 3 ? child.data
    : text(child) + (child.shadowRoot ? text(child.shadowRoot) : "")).join(" ");
return text(document.body);
"""
"""The words of the page, within its components too."""
_CLOCK: Final = """
const RealDate = Date, shift = %d;
globalThis.Date = class extends RealDate {
    constructor(...parts) { parts.length ? super(...parts) : super(RealDate.now() + shift); }
    static now() { return RealDate.now() + shift; }
};
"""
"""A clock of the page that is ahead by so many milliseconds."""


def in_the_evening(household: Household, past: SimulatedPast) -> float:
    """
    Let a household, in which nothing but the meter runs, live in the evening of its past.

    Return the seconds by which its clock is ahead of ours.
    """
    ahead = past.evening.replace(tzinfo=PARIS).timestamp() - time.time()
    clock = later_clock(ahead)
    household.daemon.environ |= clock
    household.hass.environ = os.environ | clock
    household.linky.ahead = past.evening - START
    past.remember(household)
    return ahead


def draw(driver: WebDriver, household: Household, language: Language, pages: dict[str, str]) -> None:
    """Draw pages of Home Assistant, by the name of the picture."""
    for name, page in pages.items():
        resize(driver, *SIZES[name])
        prefer(driver, "light")
        driver.get(f"{household.hass.url}/{page}")
        expected = READY[language][name]
        until(lambda: expected in str(driver.execute_script(_TEXT)), limit=LIMIT, what=expected)  # noqa: B023
        time.sleep(10)  # for its fonts, icons, graphs and animations, which nothing announces
        (ROOT / path(name, language)).write_bytes(with_palette(driver.get_screenshot_as_png()))
        drawn.record([path(name, language)])


def log_in(driver: WebDriver, household: Household, language: Language, ahead: float) -> None:
    """Give the browser the clock of the household, and the token of its owner, as a login does."""
    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Paris"})
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _CLOCK % (ahead * 1000)})
    url = household.hass.url
    tokens = {
        "access_token": household.hass.token,
        "token_type": "Bearer",
        "expires_in": 86400,
        "hassUrl": url,
    }
    tokens |= {"clientId": f"{url}/", "expires": (time.time() + 86400) * 1000, "refresh_token": ""}
    driver.get(f"{url}/manifest.json")
    for key, value in {"hassTokens": tokens, "selectedLanguage": language.value}.items():
        driver.execute_script("localStorage.setItem(arguments[0], arguments[1])", key, json.dumps(value))


def draw_tempo(language: Language, past: SimulatedPast) -> None:
    """Draw the dashboard of the examples, and the page of the device."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Examples(Path(folder), language) as examples,
        browser(language=language) as driver,
    ):
        ahead = in_the_evening(examples, past)
        examples.start()
        power = examples.entity_ids()["power_active"]
        examples.hass.stop(limit=LIMIT)
        add_states(Path(folder) / "hass" / "home-assistant_v2.db", power, past.powers)
        examples.hass.start()
        examples.expect_right()
        expect_power(examples)
        log_in(driver, examples, language, ahead)
        draw(driver, examples, language, pages_of_tempo(examples))


def expect_power(household: Household) -> None:
    """Return once the active power is known: after its start, the daemon needs two steps of the index."""
    entity_id = household.entity_ids()["power_active"]

    def unknown() -> list[str]:
        power = household.hass.states_by_id()[entity_id]["state"]
        return [f"{entity_id}: {power}"] if power == "unknown" else []

    eventually(unknown)


def pages_of_tempo(examples: Examples) -> dict[str, str]:
    """Make the dashboard; return the address of each page below that of Home Assistant."""
    with examples.hass.asking() as ask:
        title = examples.dashboard["views"][0]["title"]
        ask("lovelace/dashboards/create", url_path=DASHBOARD, title=title, mode="storage")
        ask("lovelace/config/save", url_path=DASHBOARD, config=examples.dashboard)
        devices = ask("config/device_registry/list")
    [device] = [each["id"] for each in devices if each["manufacturer"] == "Landis+Gyr"]
    return {
        "home-assistant-tempo": f"{DASHBOARD}/0",
        "home-assistant-device": f"config/devices/device/{device}",
    }


def draw_energy(language: Language, past: SimulatedPast) -> None:
    """Draw the Energy dashboard of a producer."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Household(Path(folder), "standard-producer", more="frontend:\n") as household,
        browser(language=language) as driver,
    ):
        ahead = in_the_evening(household, past)
        household.daemon.environ["TELEINFO_LANGUAGE"] = language
        household.hass.start()
        household.daemon.start()
        household.expect_right()
        ids = household.entity_ids()
        for key, total in {
            "energy_import_total": "import_total",
            "energy_export_total": "export_total",
        }.items():
            about: dict[str, Any] = {"has_sum": True, "mean_type": 0, "unit_class": "energy", "name": None}
            about |= {"source": "recorder", "statistic_id": ids[key], "unit_of_measurement": "Wh"}
            stats = past.statistics(total)
            household.hass.ask("recorder/import_statistics", metadata=about, stats=stats)
            expect_statistics(household, ids[key], len(stats))
        household.hass.use_for_energy(
            ids["energy_import_total"], ids["energy_export_total"], power=ids["power_active"]
        )
        log_in(driver, household, language, ahead)
        draw(driver, household, language, {"home-assistant-energy": "energy/electricity"})


def expect_statistics(household: Household, energy: str, count: int) -> None:
    """Return once Home Assistant, which answers at once, has stored so many hours."""

    def absent() -> list[str]:
        statistics = household.hass.ask(
            "recorder/statistics_during_period",
            start_time="2026-01-01T00:00:00+00:00",
            statistic_ids=[energy],
            period="hour",
            types=["sum"],
        )
        return [] if len(statistics.get(energy, [])) >= count else [f"{energy}: no statistics"]

    eventually(absent)


def main() -> None:
    """Draw the pictures."""
    prices = checks.prices(PRICES)
    assert isinstance(prices, Prices)
    for language in Language:
        draw_tempo(language, SimulatedPast("tempo", WINTER, prices))
        draw_energy(language, SimulatedPast("standard-producer", SUMMER))


if __name__ == "__main__":
    main()
