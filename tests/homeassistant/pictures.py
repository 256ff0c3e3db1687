"""
Pictures of a real Home Assistant with a simulated meter: the page of the device, and the Energy dashboard.

English ones go to docs/images, French ones to docs/fr/images. After a change that is meant, take them anew
and look at them, as root on Debian with chromium and chromium-driver, in the afternoon: the dashboard shows
this day.

    make homeassistant-newest TESTS="-k every_entity"
    python -m tests.system.chroot tests/homeassistant/pictures.sh
    python -m tests.homeassistant.pictures

The second line installs what the frontend needs besides. The statistics of the hours before are those of the
simulated meter, imported as users may import some.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from teleinfo.simulator.catalogue import build
from tests.docs.markdown import ROOT
from tests.homeassistant.at_work import Household, _eventually
from tests.support.browser import browser
from tests.system import chroot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver

METER = "standard-producer"
VENV = Path(os.environ.get("HOMEASSISTANT_VENV", ROOT / ".venv-homeassistant-newest"))
FOLDERS = {"en": "docs/images", "fr": "docs/fr/images"}
HISTORY = dt.timedelta(days=2)
FRANCE = ZoneInfo("Europe/Paris")
TIMEOUT = 120.0
"""Seconds until a page shows what it has to."""
DRAWING = 5.0
"""Seconds that a page may take to draw its charts once their figures are there."""
WIDTH, HEIGHT = 1280, 1000

# The elements of Home Assistant have roots of their own, which the text of the page leaves out.
_TEXT = """
const left_out = ["SCRIPT", "STYLE"];
const text = node => [...node.childNodes].filter(child => !left_out.includes(child.nodeName)).map(
    child => child.nodeType === 3 ? child.data
        : (child.shadowRoot ? text(child.shadowRoot) : "") + text(child)
).join(" ");
return text(document.body);
"""


def household(folder: Path) -> Household:
    """Return a household whose Home Assistant runs in the chroot where this machine lacks its Python."""
    os.environ["HOMEASSISTANT_VENV"] = str(VENV)
    found = Household(folder, METER)
    python = VENV / "bin" / "python"
    # Its link names the Python of another Debian.
    if subprocess.run(
        [str(python), "-c", "import homeassistant"], capture_output=True, check=False
    ).returncode:
        found.hass.command = [sys.executable, "-m", "tests.system.chroot", *found.hass.command]
    return found


def history(until: dt.datetime) -> Iterator[tuple[dt.datetime, int, int]]:
    """Yield each full hour before `until`, with what was drawn and injected until its end, in Wh."""
    begin = until - HISTORY
    clock = begin.astimezone(FRANCE).replace(tzinfo=None)
    meter = build(METER, start=clock, rng=random.Random(7))
    first: dict[str, int] = {}
    for minute in range(1, int(HISTORY.total_seconds()) // 60 + 1):
        frame = meter.frame(clock + dt.timedelta(minutes=minute))
        index = {group.label: int(group.value) for group in frame if group.label in {"EAST", "EAIT"}}
        first = first or index
        if minute % 60 == 0:
            start = begin + dt.timedelta(minutes=minute - 60)
            yield start, index["EAST"] - first["EAST"], index["EAIT"] - first["EAIT"]


def import_history(home: Household, ids: dict[str, str]) -> None:
    """Give Home Assistant the hours before this one as statistics of the entities."""
    hours = list(history(dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)))
    for key, column in (("energy_import", 1), ("energy_export", 2)):
        home.hass.ask(
            "recorder/import_statistics",
            metadata={
                "statistic_id": ids[key],
                "source": "recorder",
                "name": None,
                "unit_of_measurement": "Wh",
                "has_sum": True,
            }
            | ({"unit_class": "energy", "mean_type": 0} if home.hass.newest else {"has_mean": False}),
            stats=[
                {"start": hour[0].isoformat(), "state": hour[column], "sum": hour[column]} for hour in hours
            ],
        )


def log_in(driver: WebDriver, home: Household) -> None:
    """Let the page have the token of the owner, as if he had stayed logged in."""
    tokens = {
        "access_token": home.hass.token,
        "token_type": "Bearer",
        "expires_in": 86400,
        "expires": int(time.time() * 1000) + 86_400_000,
        "hassUrl": home.hass.url,
        "clientId": f"{home.hass.url}/",
        "refresh_token": "",
    }
    driver.get(f"{home.hass.url}/manifest.json")
    driver.execute_script("localStorage.setItem('hassTokens', arguments[0])", json.dumps(tokens))


def take(driver: WebDriver, url: str, shown: list[str], path: Path) -> None:
    """Take a picture of a page once it shows these texts, and has had a moment to draw."""
    driver.get(url)
    end = time.monotonic() + TIMEOUT
    while not all(part in (text := driver.execute_script(_TEXT)) for part in shown):
        assert time.monotonic() < end, f"{url} does not show {shown}: {text[-2000:]}"
        time.sleep(0.5)
    time.sleep(DRAWING)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(driver.get_screenshot_as_png())


def device_page(home: Household) -> str:
    """Return the address of the page of the device."""
    devices: list[dict[str, Any]] = home.hass.ask("config/device_registry/list")
    (found,) = [one["id"] for one in devices if any(pair[0] == "mqtt" for pair in one["identifiers"])]
    return f"{home.hass.url}/config/devices/device/{found}"


def unknown(home: Household) -> list[str]:
    """Return the powers that are not known yet: the mean ones are after a minute."""
    return [
        name
        for name, state in home.hass.states().items()
        if state["attributes"].get("device_class") == "power" and state["state"] == "unknown"
    ]


def main() -> None:
    """Take them anew."""
    for language, folder in FOLDERS.items():
        # In the user's cache, which is in the chroot too.
        chroot.CACHE.mkdir(exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=chroot.CACHE) as scratch,
            household(Path(scratch)) as home,
        ):
            home.daemon.environ["TELEINFO_LANGUAGE"] = language
            home.hass.start()
            home.daemon.start()
            home.expect_right()
            _eventually(partial(unknown, home), limit=TIMEOUT)
            ids = home.entity_ids()
            import_history(home, ids)
            home.hass.use_for_energy(ids["energy_import"], ids["energy_export"])
            name = {"en": "Net apparent power", "fr": "Puissance apparente nette"}[language]
            with browser(language=language, width=WIDTH, height=HEIGHT) as driver:
                log_in(driver, home)
                images = ROOT / folder
                take(driver, device_page(home), [name], images / "home-assistant-device.png")
                take(driver, f"{home.hass.url}/energy", ["kWh"], images / "home-assistant-energy.png")
            home.hass.stop()


if __name__ == "__main__":
    main()
