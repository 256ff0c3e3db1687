"""The fields of the energy: the total, each index, and days and months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.state import fields
from teleinfo.state.daily_energy import SPANS, SpanName
from teleinfo.state.energy_span import EXPORTED
from teleinfo.state.field_entry import Field, FieldReader, StateType
from teleinfo.state.snapshot import part_of
from teleinfo.vocabulary.codes import TariffPeriod

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.state.fields import Json
    from teleinfo.state.import_total import ImportTotal
    from teleinfo.state.tariffs import Index


def _of_total(get: Callable[[ImportTotal], Json]) -> FieldReader:
    """Return the reader of a part of the total; before the first index there is no value."""
    return lambda now: part_of(now.facts.total, get)


def _of_indexes(get: Callable[[Index], Json]) -> FieldReader:
    """Return the reader of a part of each index of the supplier, by key."""
    return lambda now: {key: get(index) for key, index in now.indexes.items()}


def _is_complete(span: SpanName) -> Field:
    return Field(
        f"energy.{span}.complete",
        StateType.BOOLEAN,
        "False if a part of this energy is missing or belongs to another day, see below.",
        read=lambda now: now.is_complete(span),
    )


def _by_index(span: SpanName) -> Field:
    return Field(
        f"energy.{span}.indexes.*",
        StateType.NUMBER,
        "Energy that this index counted.",
        unit="Wh",
        read=lambda now: now.energy_by_index(span),
    )


FIELDS: Final = (
    Field(
        "energy.import_total",
        StateType.NUMBER,
        "Energy drawn in all, which never falls: `import_index` + `import_offset`.",
        unit="Wh",
        sources=("EAST",),
        read=lambda now: now.import_total,
        name="Imported energy",
    ),
    Field(
        "energy.import_labels",
        StateType.LIST,
        "Étiquettes whose sum is `import_index`; never null.",
        nullable=False,
        read=lambda now: now.import_labels,
    ),
    Field(
        "energy.import_index",
        StateType.NUMBER,
        "Reading of the meter: its total, or the sum of the contract's indexes; never null.",
        unit="Wh",
        nullable=False,
        read=_of_total(lambda total: total.index),
    ),
    Field(
        "energy.import_offset",
        StateType.NUMBER,
        "Energy added so that the total goes on when another index counts; 0 until then, never null.",
        unit="Wh",
        signed=True,
        nullable=False,
        read=_of_total(lambda total: total.offset),
    ),
    Field(
        "energy.export_total",
        StateType.NUMBER,
        "Energy injected (with a contract to sell).",
        unit="Wh",
        sources=("EAIT",),
        name="Exported energy",
    ),
    Field(
        "energy.indexes.*.name",
        StateType.TEXT,
        "Name of what this index of the supplier counts.",
        read=_of_indexes(lambda index: index.name),
    ),
    Field(
        "energy.indexes.*.code",
        StateType.ENUM,
        "Tariff period that it counts, by the contract or the text of the supplier; null for any other.",
        codes=tuple(TariffPeriod),
        read=_of_indexes(lambda index: index.code),
    ),
    Field(
        "energy.indexes.*.label",
        StateType.TEXT,
        "Étiquette of this index in the present mode; never null.",
        nullable=False,
        read=_of_indexes(lambda index: index.label),
    ),
    Field(
        "energy.indexes.*.value",
        StateType.NUMBER,
        "Reading of this index.",
        unit="Wh",
        sources=(*fields.INDEXES, EXPORTED),
        read=_of_indexes(lambda index: index.value),
    ),
    Field(
        "energy.today.imported",
        StateType.NUMBER,
        "Energy drawn since midnight in France.",
        unit="Wh",
        read=lambda now: now.imported("today"),
        name="Imported energy today",
    ),
    Field(
        "energy.today.exported",
        StateType.NUMBER,
        unit="Wh",
        read=lambda now: now.exported("today"),
        name="Exported energy today",
    ),
    Field(
        "energy.yesterday.imported",
        StateType.NUMBER,
        "Energy drawn yesterday; null if there was no reading on that day.",
        unit="Wh",
        read=lambda now: now.imported("yesterday"),
        name="Imported energy yesterday",
        momentary=False,
    ),
    Field(
        "energy.yesterday.exported",
        StateType.NUMBER,
        unit="Wh",
        read=lambda now: now.exported("yesterday"),
        name="Exported energy yesterday",
        momentary=False,
    ),
    # It changes as often as that of today: Home Assistant would store each change twice.
    Field(
        "energy.this_month.imported",
        StateType.NUMBER,
        "Energy drawn since the first day of the month.",
        unit="Wh",
        read=lambda now: now.imported("this_month"),
        name="Imported energy this month",
        enabled=False,
    ),
    Field(
        "energy.this_month.exported",
        StateType.NUMBER,
        unit="Wh",
        read=lambda now: now.exported("this_month"),
        name="Exported energy this month",
        enabled=False,
    ),
    Field(
        "energy.last_month.imported",
        StateType.NUMBER,
        "Energy drawn last month; null if there was no reading in that month.",
        unit="Wh",
        read=lambda now: now.imported("last_month"),
        name="Imported energy last month",
        momentary=False,
    ),
    Field(
        "energy.last_month.exported",
        StateType.NUMBER,
        unit="Wh",
        read=lambda now: now.exported("last_month"),
        name="Exported energy last month",
        momentary=False,
    ),
    *map(_is_complete, SPANS),
    *map(_by_index, SPANS),
)
