"""
Pictures of Home Assistant: English ones in docs/images, French ones in docs/fr/images.

After a change that is meant, draw them anew and look at them. It takes the browser of `make test-web`, and
the Home Assistant of `make test-homeassistant` with the packages of its user interface, which no test needs:

    .venv-homeassistant-newest/bin/pip install hassil home-assistant-intents gazetteer-matcher unicode-rbnf
    .venv-homeassistant-newest/bin/pip install pymicro-vad pyspeex-noise PyTurboJPEG av
    HOMEASSISTANT_VENV=.venv-homeassistant-newest python -m tests.lab.homeassistant.pictures

Two versions of Home Assistant draw the same page in another way, so no test compares them.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.vocabulary.words import Language
from tests.lab.browsers.browser import browser, resize
from tests.lab.browsers.pictures import path
from tests.lab.homeassistant.at_work_examples import EVENING, Examples
from tests.lab.homeassistant.household import LIMIT
from tests.support.scenario import until

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

DASHBOARD: Final = "tempo-linky"
SIZES: Final = {"home-assistant-tempo": (1180, 620), "home-assistant-device": (1180, 900)}
"""Width and height of each picture, in CSS pixels."""
READY: Final = {
    Language.EN: {"home-assistant-tempo": "Tomorrow", "home-assistant-device": "Active power"},
    Language.FR: {"home-assistant-tempo": "Demain", "home-assistant-device": "Puissance active"},
}
"""Words on each page that come with the entities."""
_TEXT: Final = """
const text = node => [...node.childNodes].map(child => child.nodeType === 3 ? child.data
    : text(child) + (child.shadowRoot ? text(child.shadowRoot) : "")).join(" ");
return text(document.body);
"""
"""The words of the page, within its components too."""


def open_page(driver: WebDriver, examples: Examples, page: str, expected: str) -> None:
    """Show a page of Home Assistant, and wait for its entities."""
    driver.get(f"{examples.hass.url}/{page}")
    until(lambda: expected in str(driver.execute_script(_TEXT)), limit=LIMIT, what=expected)
    time.sleep(5)  # for its fonts, icons and animations, which nothing announces


def log_in(driver: WebDriver, examples: Examples) -> None:
    """Give the browser the token of the owner, as the page of the login does."""
    url = examples.hass.url
    tokens = {
        "access_token": examples.hass.token,
        "token_type": "Bearer",
        "expires_in": 86400,
        "hassUrl": url,
    }
    tokens |= {"clientId": f"{url}/", "expires": (time.time() + 86400) * 1000, "refresh_token": ""}
    driver.get(f"{url}/manifest.json")
    for key, value in {"hassTokens": tokens, "selectedLanguage": examples.language.value}.items():
        driver.execute_script("localStorage.setItem(arguments[0], arguments[1])", key, json.dumps(value))


def pages(examples: Examples) -> dict[str, str]:
    """Return the address of each page below that of Home Assistant, with the dashboard made."""
    with examples.hass.asking() as ask:
        title = examples.dashboard["views"][0]["title"]
        ask("lovelace/dashboards/create", url_path=DASHBOARD, title=title, mode="storage")
        ask("lovelace/config/save", url_path=DASHBOARD, config=examples.dashboard)
        devices = ask("config/device_registry/list")
    [device] = [each["id"] for each in devices if each["name"] == "Linky"]
    return {
        "home-assistant-tempo": f"{DASHBOARD}/0",
        "home-assistant-device": f"config/devices/device/{device}",
    }


def main() -> None:
    """Draw the pictures."""
    for language in Language:
        with (
            tempfile.TemporaryDirectory() as folder,
            Examples(Path(folder), language) as examples,
            browser(language=language) as driver,
        ):
            examples.linky.ahead = EVENING
            examples.start()
            log_in(driver, examples)
            for name, page in pages(examples).items():
                resize(driver, *SIZES[name])
                open_page(driver, examples, page, READY[language][name])
                driver.save_screenshot(path(name, language))


if __name__ == "__main__":
    main()
