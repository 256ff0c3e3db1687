"""Publish what the fields and the étiquettes of the meter are: kind, unit and meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.common.i18n import _, use_language
from teleinfo.state.declaration import FIELDS
from teleinfo.state.field_entry import ANY_LABEL, Field, FieldPath, StateType
from teleinfo.state.tracker import encode
from teleinfo.tic.labels import Mode, lookup
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from teleinfo.mqtt.outbox import Outbox
    from teleinfo.state.fields import Json


class MetaTopic:
    """The retained message on `topic`, published anew when the meter has shown another field or étiquette."""

    def __init__(self, topic: str, outbox: Outbox) -> None:
        self._topic = topic
        self._outbox = outbox
        self._described: tuple[Mode, frozenset[str], tuple[FieldPath, ...]] | None = None

    def describe(self, mode: Mode, keys: frozenset[str], paths: tuple[FieldPath, ...]) -> None:
        """Publish what these étiquettes and fields are, unless that is what was published last."""
        described = (mode, keys, paths)
        if described != self._described:
            self._described = described
            self._outbox.set(self._topic, meta(mode, keys, paths))


def meta(mode: Mode, keys: Iterable[str], paths: Collection[FieldPath]) -> bytes:
    """
    Return kind, unit and meaning, in each language, of these étiquettes and of the fields at these paths.

    A unit is null where there is none. Étiquettes outside the table are left out.
    """
    sections = {path[0] for path in paths}
    fields: dict[str, Json] = {}
    for field in FIELDS:
        # A field with `*` has no path of its own: it is described if its section has any field.
        is_shown = field.parts in paths or (ANY_LABEL in field.parts and field.parts[0] in sections)
        if is_shown:
            fields[field.path] = _entry(_kind(field), field.unit, field.meaning or field.title())
    labels: dict[str, Json] = {}
    for key in sorted(keys):
        label = lookup(mode, key)
        if label is not None:
            labels[key] = _entry(label.kind.value, label.unit, label.title)
    return encode({"fields": fields, "labels": labels})


def _kind(field: Field) -> str:
    """Return the kind of a field; a boolean with codes is published as one of them, such as a contact."""
    if field.type is StateType.BOOLEAN and field.codes:
        return StateType.ENUM.value
    return field.type.value


def _entry(kind: str, unit: str | None, meaning: str) -> Json:
    entry: dict[str, Json] = {"kind": kind, "unit": unit or None}
    for language in Language:
        with use_language(language):
            entry[language] = _(meaning)
    return entry
