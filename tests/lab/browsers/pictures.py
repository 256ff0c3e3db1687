"""
Pictures of the page, wide and on a phone: English ones in docs/images, French ones in docs/fr/images.

After a change that is meant, draw them anew and look at them (it takes the browser of `make test-web`, and
pngquant, which makes a third of their size):

    python -m tests.lab.browsers.pictures

Two versions of a browser draw the same page with other pixels. So `pictures.json` holds a digest of the
source of each picture, the page and what it is sent on that evening but for the history, and a test compares
that.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import Final

from teleinfo.common.i18n import use_language
from teleinfo.page import view
from teleinfo.page.server import ASSETS, FOLDER, page
from teleinfo.vocabulary.words import Language
from tests.docs.markdown import ROOT
from tests.page.scenario import HOUR, evening, household
from tests.support.browser import browser, prefer, resize

METER: Final = "standard-tempo"
SIZES: Final = {"web": (1280, 1790), "web-phone": (360, 960)}
"""Width and height of each picture, in CSS pixels."""

DIGESTS: Final = Path(__file__).parent / "pictures.json"


def path(name: str, language: Language) -> str:
    """Return the place of a picture in the checkout."""
    return f"{ {'en': 'docs', 'fr': 'docs/fr'}[language] }/images/{name}.png"


def digest(png: bytes, name: str, language: Language) -> str:
    """Return the digest of a picture and its source: the page, its files, what it is sent, and its size."""
    model = evening(METER, now=2 * HOUR).model
    with use_language(language):
        parts = [view.now_part(model, now=2 * HOUR), view.words_part(model)]
    files = [png, page(language), *((FOLDER / each).read_bytes() for each in ASSETS)]
    made_of = [*files, json.dumps([*parts, SIZES[name]], sort_keys=True).encode()]
    return hashlib.sha256(b"\0".join(made_of)).hexdigest()


def with_palette(png: bytes) -> bytes:
    """Return the picture with 256 colours: it is part of the package."""
    return subprocess.run(["pngquant", "256", "-"], input=png, stdout=subprocess.PIPE, check=True).stdout


def main() -> None:
    """Draw the pictures, and write their digests."""
    digests = {}
    for language in Language:
        with household(400) as served, browser(language=language) as driver:
            for name, (width, height) in SIZES.items():
                resize(driver, width, height)
                prefer(driver, "light")
                driver.get(served.url)
                while "open" not in str(driver.execute_script("return document.documentElement.className")):
                    time.sleep(0.1)
                time.sleep(3.0)  # for the history to be loaded and drawn
                png = with_palette(driver.get_screenshot_as_png())
                (ROOT / path(name, language)).write_bytes(png)
                digests[path(name, language)] = digest(png, name, language)
    DIGESTS.write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
