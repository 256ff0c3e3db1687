"""The entry of an étiquette in the documents, for programs that use the library (docs/library.md)."""

from __future__ import annotations

from dataclasses import fields

from teleinfo.tic import labels
from teleinfo.tic.labels import Mode
from teleinfo.tic.tables.reader import LabelSpec


def lookup(mode: Mode, name: str) -> LabelSpec | None:
    """
    Return what the documents say of the étiquette `name` in `mode`, None if no document names it.

    Raises ValueError if there is no such mode.
    """
    label = labels.lookup(Mode(mode), name)
    if label is None:
        return None
    return LabelSpec(**{field.name: getattr(label, field.name) for field in fields(LabelSpec)})
