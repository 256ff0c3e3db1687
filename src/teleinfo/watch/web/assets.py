"""The files of the page: read once, the text of the page itself in each language."""

from __future__ import annotations

import html
import string
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_, _, use_language

if TYPE_CHECKING:
    from teleinfo.vocabulary.words import Language

FOLDER: Final = Path(__file__).parent / "page"

ASSETS: Final = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""The files beside the page, each with its type."""

_WORDS: Final = {
    "meter": N_("Electricity meter"),
    "live": N_("live"),
    "connecting": N_("connecting …"),
    "cut": N_("Connection lost, this page tries again; the values are those of"),
    "silent": N_("The meter is silent"),
    "no_script": N_("This page needs JavaScript, which this browser does not run."),
    "power_now": N_("Power now"),
    "power_last": N_("Last known power"),
    "last_hour": N_("The last hour"),
    "phases": N_("Phases"),
    "phase": N_("Phase"),
    "power": N_("Power"),
    "current": N_("Current"),
    "voltage": N_("Voltage"),
    "tariff": N_("Tariff"),
    "energy": N_("Energy"),
    "index": N_("Index"),
    "reading": N_("Reading"),
    "line": N_("Line of the meter"),
    "last_frame": N_("Last frame:"),
    "all_labels": N_("All that the meter sends"),
}


def page(language: Language) -> bytes:
    """Return the page, index.html with its words in this language."""
    with use_language(language):
        words = {name: html.escape(_(text)) for name, text in _WORDS.items()}
    template = string.Template((FOLDER / "index.html").read_text(encoding="utf-8"))
    return template.substitute(words, language=language).encode()
