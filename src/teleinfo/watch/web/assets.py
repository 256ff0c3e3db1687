"""Files of the page, and the text of the page itself in each language."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import _, use_language

if TYPE_CHECKING:
    from teleinfo.vocabulary.words import Language

FOLDER: Final = Path(__file__).parent / "page"

ASSETS: Final = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Files beside the page, with their types."""

MARKED: Final = re.compile(r"\[\[(.+?)\]\]")
"""Pattern of a message in the page."""


def page(language: Language) -> bytes:
    """Return the page, index.html with its messages in this language."""
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    with use_language(language):
        text = MARKED.sub(lambda marked: html.escape(_(marked[1])), text)
    return text.replace("$language", language).encode()
