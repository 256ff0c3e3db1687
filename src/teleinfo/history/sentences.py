"""The sentences of `sentences.txt`, in the language of the reader. Pure."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from teleinfo.common.i18n import _
from teleinfo.contract.days import local
from teleinfo.live.declared import find, number
from teleinfo.vocabulary.text_table import read_sections

if TYPE_CHECKING:
    from collections.abc import Callable

_SECTIONS: Final = read_sections(Path(__file__).with_name("sentences.txt"))
SENTENCES: Final = {name: lines for name, (_notes, lines) in _SECTIONS.items()}
"""The lines of each section."""

FIELD: Final = re.compile(r"{([\w.]+):?(\w*)}")

MOST: Final = 5
"""The most days that are missing, or lines that are not understood, that are named."""


def told(section: str, values: dict[str, Any]) -> list[str]:
    """Return the sentences of a section whose fields are all known: neither absent, None, 0 nor empty."""
    return [
        FIELD.sub(lambda field: FORMS[field[2]](find(values, field[1])), _(line))
        for line in SENTENCES[section]
        if all(find(values, path) for path, _form in FIELD.findall(line))
    ]


def _day(day: object) -> str:
    return f"{dt.date.fromisoformat(str(day)):%d/%m/%Y}"


def _some(texts: list[str]) -> str:
    """Return the first texts, and the number of all if there are more."""
    return ", ".join(texts[:MOST]) + (f", … ({len(texts)})" if len(texts) > MOST else "")


FORMS: Final[dict[str, Callable[[Any], str]]] = {
    "": str,
    "number": number,
    "euros": lambda amount: f"{number(amount)} €",
    "kwh": lambda energy: f"{number(energy / 1000)} kWh",
    "day": _day,
    "some": _some,
    "spans": lambda spans: _some([" – ".join(map(_day, sorted({*span}))) for span in spans]),
    "time": lambda time: f"{local(time):%d/%m/%Y, %H:%M}",
}
"""
The forms in which a value is written: an energy is in Wh, a day in ISO 8601, a time in s since 1970.

A span has its first and its last day.
"""
