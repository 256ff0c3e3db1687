"""
A real browser for tests and pictures: Debian's chromium, headless, driven by selenium.

It loads only what the page asks for: no updates, no suggestions, no request of its own to the Internet.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Final, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver

TIMEOUT: Final = 30.0
"""Seconds for a page to load and for a script of ours to end."""

WIDEST_PHONE: Final = 600
"""CSS pixels: below this width the screen is that of a phone, which may scale a page."""

_OPTIONS: Final = (
    "--headless=new",
    "--no-sandbox",  # which a container of root cannot have
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)

_LOCALES: Final = {"en": "en_GB", "fr": "fr"}
"""The locale of each language of the page; dates are as in Europe in both."""

Theme = Literal["light", "dark"]


def why_not() -> str | None:
    """Return why there can be no browser here, None where there can be one."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if not missing:
        return None
    return f"no browser: {' and '.join(missing)} not installed"


@contextlib.contextmanager
def browser(*, language: str = "en", width: int = 1280, height: int = 900) -> Iterator[WebDriver]:
    """Run a browser that prefers this language inside the block; skip the test where none can be had."""
    selenium = pytest.importorskip("selenium.webdriver", reason="no browser: selenium is not installed")
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    options = selenium.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for option in (*_OPTIONS, f"--window-size={width},{height}", f"--lang={language}"):
        options.add_argument(option)
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        options.add_argument(f"--user-data-dir={profile}")
        driver = selenium.Chrome(
            options=options,
            # Chromium takes the language of its own words, such as those of a date to enter, from there.
            service=selenium.ChromeService(
                executable_path=shutil.which("chromedriver"),
                env=os.environ | {"LANGUAGE": _LOCALES[language]},
            ),
        )
        try:
            driver.set_page_load_timeout(TIMEOUT)
            driver.set_script_timeout(TIMEOUT)
            yield driver
        finally:
            driver.quit()


def resize(driver: WebDriver, width: int, height: int, *, scale: float = 1.0) -> None:
    """
    Give the page a screen of this size in CSS pixels, which may be narrower than any window.

    `scale` is the number of pixels for each CSS pixel.
    """
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < WIDEST_PHONE},
    )


def prefer(driver: WebDriver, theme: Theme) -> None:
    """Let the page be shown in this theme (prefers-color-scheme)."""
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    )
