"""
Pictures of the page, wide and on a phone: English ones in docs/images, French ones in docs/fr/images.

`make pictures` draws them with the browser of `make test-web`; pngquant makes a third of their size. Two
versions of a browser draw the same page with other pixels, so no test compares them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from teleinfo.vocabulary.words import Language
from tests.docs import drawn
from tests.docs.markdown import ROOT
from tests.lab.browsers.browser import browser, prefer, resize
from tests.lab.browsers.household import household

SIZES: Final = {"web": (1280, 1790), "web-phone": (360, 1700)}
"""Width and greatest height of each picture, in CSS pixels."""
FRENCH: Final = Path("/usr/lib/chromium/locales/fr.pak")
"""The French words of Debian's chromium itself, such as jj/mm/aaaa."""

_BOTTOM: Final = """
const [most, margin] = arguments;
const bottoms = [...document.querySelectorAll(".card")].map((card) => card.getBoundingClientRect().bottom);
return Math.ceil(Math.max(...bottoms.filter((bottom) => bottom + margin <= most)) + margin);
"""
"""The height of a picture, at most the first argument, that cuts no card; the second is the margin below."""
MARGIN: Final = 12
"""CSS pixels below the last card."""


def path(name: str, language: Language) -> str:
    """Return the place of a picture in the checkout."""
    folder = "docs/fr" if language is Language.FR else "docs"
    return f"{folder}/images/{name}.png"


def with_palette(png: bytes) -> bytes:
    """Return the picture with 256 colours: it is part of the package."""
    return subprocess.run(["pngquant", "256", "-"], input=png, stdout=subprocess.PIPE, check=True).stdout


def main() -> None:
    """Draw the pictures."""
    if not FRENCH.exists():
        sys.exit(f"There is no {FRENCH}. Please install it: sudo apt install chromium-l10n")
    for language in Language:
        with household(400) as served, browser(language=language) as driver:
            for name, (width, height) in SIZES.items():
                resize(driver, width, height)
                prefer(driver, "light")
                driver.get(served.url)
                while "open" not in str(driver.execute_script("return document.documentElement.className")):
                    time.sleep(0.1)
                time.sleep(3.0)  # for the history to be loaded and drawn
                bottom = int(driver.execute_script(_BOTTOM, height, MARGIN))
                resize(driver, width, bottom)
                time.sleep(0.5)  # for the page to be laid out again
                png = with_palette(driver.get_screenshot_as_png())
                (ROOT / path(name, language)).write_bytes(png)
                drawn.record([path(name, language)])


if __name__ == "__main__":
    main()
