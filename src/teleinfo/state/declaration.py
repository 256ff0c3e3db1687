"""
The declaration of the fields of the state, read from `fields.txt`, which explains itself.

The message, its plain topics and the entities of Home Assistant derive from it; `tests/state/documents.py`
writes the JSON Schema and the tables of the documentation. Pure; a name that the table misspells raises an
error at import.
"""

from __future__ import annotations

import re
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from teleinfo.state import business_meters, fields
from teleinfo.state.field_entry import Field, FieldReader, StateType
from teleinfo.state.snapshot import Snapshot
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.codes import (
    Breaker,
    BreakerReason,
    Colour,
    Contract,
    DryContact,
    Phase,
    TariffPeriod,
)
from teleinfo.vocabulary.text_table import read_sections

if TYPE_CHECKING:
    import enum
    from collections.abc import Iterator


FORMS: Final[dict[str, StateType | type[enum.StrEnum]]] = {
    **{form.value: form for form in StateType},
    **{codes.__name__: codes for codes in (Breaker, BreakerReason, Colour, Contract, Mode, TariffPeriod)},
}
"""The types of values, and the classes of codes, by name."""

_NUMBERED: Final = {"phase": Phase, "precision": int}
_SAID: Final = {"": True, "no": False, "EJP": Contract.EJP}
_MODULES: Final = {"fields": fields, "business_meters": business_meters}


def read_fields(table: Path) -> Iterator[Field]:
    """Yield the fields of a table; raise KeyError, ValueError, TypeError or AttributeError if it is wrong."""
    for path, (notes, lines) in read_sections(table).items():
        series = re.search(r"\{(.+)\}", path)
        for member in series[1].split(",") if series else [""]:
            members_lines = [line.replace("{}", member) for line in lines]
            yield _field(re.sub(r"\{.+\}", member, path), notes, members_lines)


def _field(path: str, notes: list[str], lines: list[str]) -> Field:
    form, *of_field = notes
    said: dict[str, str] = dict(line.split(": ", 1) for line in lines)
    sources = tuple(said.get("étiquettes", "").split())
    more = _form(form)
    for note in (*of_field, *said.get("entity", "").split()):
        name, _, text = note.partition("=")
        more[name] = _NUMBERED[name](text) if name in _NUMBERED else _SAID.get(text, text)
    return Field(
        path,
        meaning=said.get("meaning", ""),
        sources=sources,
        read=_reader(said["value"]) if "value" in said else lambda now: fields.number(now.values, *sources),
        read_site=_reader(said["site"]) if "site" in said else None,
        name=said.get("name", ""),
        **more,
    )


def _form(word: str) -> dict[str, Any]:
    """Return the type of a field, and its unit or its codes, for the word of the table."""
    form = FORMS.get(word)
    if word == "contact":
        return {"type": StateType.BOOLEAN, "codes": (DryContact.OPEN, DryContact.CLOSED)}
    if form is None:
        return {"type": StateType.NUMBER, "unit": word.removeprefix("-")}
    if isinstance(form, StateType):
        return {"type": form}
    return {"type": StateType.ENUM, "codes": tuple(form)}


def _reader(words: str) -> FieldReader:
    """Return the function of these words of the table; raise AttributeError if there is none."""
    name, *arguments = words.split()
    first, _, rest = name.partition(".")
    if first in _MODULES:
        function = getattr(_MODULES[first], rest)
        return lambda now: function(now.values, *arguments)
    is_method = not rest and callable(getattr(Snapshot, name))
    return methodcaller(name, *arguments) if is_method else attrgetter(name)


FIELDS: Final = tuple(read_fields(Path(__file__).with_name("fields.txt")))
"""The fields of the state."""

FIELD_OF_PATH: Final = {field.path: field for field in FIELDS}
