"""
Pictures of the page, wide and on a phone: English ones in docs/images, French ones in docs/fr/images.

After a change that is meant, draw them anew and look at them (it takes the browser of `make test-web`):

    python -m tests.watch.pictures

Two versions of a browser draw the same page with other pixels. So each picture holds a digest of what it was
made of, the page and what it was sent, and a test compares that.
"""

from __future__ import annotations

import hashlib
import json
import struct
import time
import zlib
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import use_language
from teleinfo.vocabulary.words import Language
from teleinfo.watch.web import view
from teleinfo.watch.web.assets import ASSETS, FOLDER, page
from teleinfo.watch.web.curve import curve_part
from tests.docs.markdown import ROOT
from tests.support.browser import browser, prefer, resize
from tests.watch.page_scenario import HOUR, Page, evening

if TYPE_CHECKING:
    from pathlib import Path


METER: Final = "standard-tempo"
SIZES: Final = {"web": (1280, 1160), "web-phone": (360, 960)}
"""Width and height of each picture, in CSS pixels."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEYWORD: Final = b"Source\0"


def path(name: str, language: Language) -> Path:
    """Return where a picture is."""
    return ROOT / {"en": "docs", "fr": "docs/fr"}[language] / f"images/{name}.png"


def digest(name: str, language: Language) -> str:
    """Return the digest of what a picture is made of: the page, its files, what it is sent, and its size."""
    model = evening(METER, now=2 * HOUR).model
    with use_language(language):
        parts = [
            view.now_part(model, now=2 * HOUR),
            curve_part(model, now=2 * HOUR),
        ]
    files = [page(language), *((FOLDER / each).read_bytes() for each in ASSETS)]
    made_of = [*files, json.dumps([*parts, SIZES[name]], sort_keys=True).encode()]
    return hashlib.sha256(b"\0".join(made_of)).hexdigest()


def with_digest(png: bytes, text: str) -> bytes:
    """Return a PNG with a text in it (PNG, third edition, section 11.3.3.2)."""
    assert png.startswith(_SIGNATURE)
    chunk = b"tEXt" + _KEYWORD + text.encode("ascii")
    end = len(_SIGNATURE) + 25  # behind the header, which is always as long
    return (
        png[:end]
        + struct.pack(">I", len(chunk) - 4)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + png[end:]
    )


def digest_of(png: bytes) -> str:
    """Return the text that `with_digest` has put into a PNG."""
    begin = png.index(b"tEXt" + _KEYWORD) + 4 + len(_KEYWORD)
    return png[begin : begin + 64].decode("ascii")


def draw(language: Language, served: Page) -> dict[str, bytes]:
    """Return the pictures in one language by name."""
    found = {}
    with browser(language=language) as driver:
        for name, (width, height) in SIZES.items():
            resize(driver, width, height)
            prefer(driver, "light")
            driver.get(served.url)
            while "live" not in str(driver.execute_script("return document.documentElement.className")):
                time.sleep(0.1)
            time.sleep(1.0)  # for the curve to be laid out
            found[name] = driver.get_screenshot_as_png()
    return found


def main() -> None:
    """Draw them anew."""
    for language in Language:
        with evening(METER) as served:
            for name, png in draw(language, served).items():
                path(name, language).write_bytes(with_digest(png, digest(name, language)))


if __name__ == "__main__":
    main()
