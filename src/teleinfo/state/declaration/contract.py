"""The fields of the contract, of its tariff periods, and of the days of Tempo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.state import business_meters, fields
from teleinfo.state.field_entry import Field, FieldReader, StateType
from teleinfo.state.snapshot import part_of
from teleinfo.vocabulary.codes import Colour, Contract, TariffPeriod

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.state.fields import Json
    from teleinfo.state.next_tariff import NextTariff


def _of_next(get: Callable[[NextTariff], Json]) -> FieldReader:
    """Return the reader of a part of the next change of tariff."""
    return lambda now: part_of(now.next_tariff, get)


FIELDS: Final = (
    Field(
        "contract.code",
        StateType.ENUM,
        "Kind of contract; null for a contract of any other kind.",
        codes=tuple(Contract),
        sources=("OPTARIF", "NGTF"),
        read=lambda now: now.contract_code,
    ),
    Field(
        "contract.name",
        StateType.TEXT,
        "Kind of contract in words; else the supplier's own name of it.",
        sources=("OPTARIF", "NGTF"),
        read=lambda now: now.contract_name,
        name="Contract",
        key="contract",
        icon="mdi:file-sign",
    ),
    Field(
        "contract.subscribed_power",
        StateType.NUMBER,
        unit="VA",
        sources=("ISOUSC", "PREF"),
        read=lambda now: fields.subscribed_power(now.values),
        read_site=lambda now: business_meters.subscribed_power(now.values),
        name="Subscribed power",
        key="subscribed_power",
        momentary=False,
        diagnostic=True,
    ),
    Field(
        "contract.subscribed_current",
        StateType.NUMBER,
        "Subscribed current of each phase.",
        unit="A",
        sources=("ISOUSC", "PREF"),
        read=lambda now: fields.subscribed_current(now.values),
        name="Subscribed current",
        key="subscribed_current",
        momentary=False,
        diagnostic=True,
    ),
    Field(
        "contract.cut_off_power",
        StateType.NUMBER,
        "Power at which the meter cuts off (standard).",
        unit="VA",
        sources=("PCOUP",),
        read=lambda now: fields.cut_off_power(now.values),
        name="Cut-off power",
        key="cut_off_power",
        momentary=False,
        diagnostic=True,
    ),
    Field(
        "tariff.code",
        StateType.ENUM,
        "Tariff period in force; null for any other period.",
        codes=tuple(TariffPeriod),
        sources=("PTEC", "LTARF"),
        read=lambda now: now.tariff_code,
    ),
    Field(
        "tariff.name",
        StateType.TEXT,
        "Tariff period in words; else the supplier's own text.",
        sources=("PTEC", "LTARF"),
        read=lambda now: now.tariff_name,
        name="Current tariff",
        key="tariff",
        icon="mdi:clock-outline",
    ),
    Field(
        "tariff.index",
        StateType.TEXT,
        "Key of the index that counts now, under which it is in `energy.indexes`.",
        sources=("NTARF",),
        read=lambda now: now.running_key,
    ),
    Field(
        "tariff.next.time",
        StateType.TIME,
        "Time of the next change of the tariff period; null while it is not certain.",
        read=_of_next(lambda change: change.time),
        name="Next tariff change",
    ),
    Field(
        "tariff.next.code",
        StateType.ENUM,
        "Tariff period from then on; null where it is unknown.",
        codes=tuple(TariffPeriod),
        read=_of_next(lambda change: change.code),
    ),
    Field(
        "tariff.next.name",
        StateType.TEXT,
        "Tariff period from then on, in words; else the supplier's own text.",
        read=_of_next(lambda change: change.name),
        name="Next tariff",
        key="tariff_next",
        icon="mdi:clock-end",
    ),
    Field(
        "tariff.next.index",
        StateType.TEXT,
        "Key of the index that counts from then on.",
        read=_of_next(lambda change: change.index),
    ),
    Field(
        "tariff.next.color",
        StateType.ENUM,
        "Colour of the day from then on, with a Tempo contract.",
        codes=tuple(Colour),
        read=lambda now: now.next_color,
    ),
    Field(
        "tariff.next.learned",
        StateType.BOOLEAN,
        "True if the change is learned from those of earlier days; false if meter or contract says it.",
        read=_of_next(lambda change: change.learned),
    ),
    Field(
        "tariff.next.learning_days_left",
        StateType.NUMBER,
        "Days until teleinfo has learned the hours, at the least; 0 once it has (historique with "
        "off-peak hours).",
        unit="",
        read=lambda now: now.days_to_learn,
        name="Days until the hours are learned",
        momentary=False,
        diagnostic=True,
    ),
    Field(
        "tempo.today",
        StateType.ENUM,
        "Colour of today with a Tempo contract; its day runs from 06:00 to 06:00.",
        codes=tuple(Colour),
        sources=("STGE",),
        read=lambda now: fields.colour_today(now.values),
        name="Today’s colour",
        icon="mdi:calendar-today",
    ),
    Field(
        "tempo.tomorrow",
        StateType.ENUM,
        "Colour of the day that begins at the next 06:00, known from about 20:00; null before.",
        codes=tuple(Colour),
        sources=("DEMAIN",),
        read=lambda now: fields.colour_tomorrow(now.values),
        name="Tomorrow’s colour",
        icon="mdi:calendar-arrow-right",
    ),
)
