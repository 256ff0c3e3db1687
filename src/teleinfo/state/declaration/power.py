"""The fields of the power: apparent, active, mean, greatest, and the load curve."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from teleinfo.state import business_meters, fields
from teleinfo.state.field_entry import Field, FieldReader, StateType
from teleinfo.state.snapshot import part_of
from teleinfo.vocabulary.codes import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.state.active_power import Active
    from teleinfo.state.fields import Json, MeanName
    from teleinfo.state.mean_power import MeanPower
    from teleinfo.state.snapshot import DayOfMaximum, PowerFactor

Direction: TypeAlias = Literal["imported", "exported"]


def _of_active(get: Callable[[Active], Json]) -> FieldReader:
    """Return the reader of the active power, or one of its bounds."""
    return lambda now: part_of(now.active_power, get)


def _of_factor(get: Callable[[PowerFactor], Json]) -> FieldReader:
    """Return the reader of the power factor, or one of its bounds."""
    return lambda now: part_of(now.power_factor, get)


def _of_mean(name: MeanName, get: Callable[[MeanPower], Json]) -> FieldReader:
    """Return the reader of a part of a mean power."""
    return lambda now: part_of(now.means.get(name), get)


def _of_phase(phase: Phase) -> Field:
    return Field(
        f"power.apparent_import_{phase}",
        StateType.NUMBER,
        unit="VA",
        sources=(f"SINSTS{phase.number}",),
        read=lambda now: fields.power_of_phase(now.values, phase),
        name="Apparent power",
        phase=phase,
    )


def _greatest(label: str, day: DayOfMaximum, direction: Direction, name: str) -> Field:
    return Field(
        f"max_power.{day}.{direction}.value",
        StateType.NUMBER,
        unit="VA",
        sources=(label,),
        read=lambda now: now.maximum(label, day),
        name=name,
        key=f"max_power_{day}_{direction}",
        momentary=False,
    )


def _time_of_greatest(label: str, day: DayOfMaximum, direction: Direction, name: str) -> Field:
    return Field(
        f"max_power.{day}.{direction}.time",
        StateType.TIME,
        sources=(label,),
        read=lambda now: now.maximum_time(label, day),
        name=name,
        diagnostic=True,
        enabled=False,
    )


def _load_curve(label: str, direction: Direction, meaning: str, name: str) -> Field:
    return Field(
        f"load_curve.{direction}.value",
        StateType.NUMBER,
        meaning,
        unit="W",
        sources=(label,),
        name=name,
        key=f"load_curve_{direction}",
    )


def _time_of_load_curve(label: str, direction: Direction, name: str) -> Field:
    return Field(
        f"load_curve.{direction}.time",
        StateType.TIME,
        sources=(label,),
        read=lambda now: fields.time_of(now.values, label),
        name=name,
        diagnostic=True,
        enabled=False,
    )


_EXPORTED: Final = Field(
    "power.apparent_export",
    StateType.NUMBER,
    "Apparent power injected now.",
    unit="VA",
    sources=("SINSTI",),
    read=lambda now: now.injected.power,
    name="Exported apparent power",
)
_ACTIVE: Final = Field(
    "power.active",
    StateType.NUMBER,
    "Active power: the likeliest within its bounds, negative while injecting.",
    unit="W",
    signed=True,
    read=_of_active(lambda power: power.value),
    name="Active power",
)

FIELDS: Final = (
    Field(
        "power.apparent_import",
        StateType.NUMBER,
        "Apparent power drawn now.",
        unit="VA",
        sources=("SINSTS", "PAPP"),
        read=lambda now: fields.drawn_power(now.values),
        read_site=lambda now: business_meters.apparent_power(now.values),
        name="Apparent power",
        without=_ACTIVE,
    ),
    *map(_of_phase, Phase),
    _EXPORTED,
    Field(
        "power.apparent_export_estimated",
        StateType.BOOLEAN,
        "True if `apparent_export` is an estimate: IRMS × URMS, or IINST × 230 V in historique.",
        read=lambda now: now.injected.is_estimated,
    ),
    Field(
        "power.exporting",
        StateType.BOOLEAN,
        "True while power flows out to the grid.",
        read=lambda now: now.exporting,
        name="Export to the grid",
        key="exporting",
        icon="mdi:transmission-tower-import",
    ),
    # No entity for a meter that injects nothing: it would repeat the apparent power.
    Field(
        "power.apparent_net",
        StateType.NUMBER,
        "Apparent power drawn less injected: negative while more flows out than in.",
        unit="VA",
        signed=True,
        read=lambda now: now.net_power,
        name="Net apparent power",
        beside=_EXPORTED,
        without=_ACTIVE,
    ),
    _ACTIVE,
    Field(
        "power.active_lower",
        StateType.NUMBER,
        "Lower bound of the active power.",
        unit="W",
        signed=True,
        read=_of_active(lambda power: power.lower),
    ),
    Field(
        "power.active_upper",
        StateType.NUMBER,
        "Upper bound of the active power.",
        unit="W",
        signed=True,
        read=_of_active(lambda power: power.upper),
    ),
    Field(
        "power.factor",
        StateType.NUMBER,
        "Active by apparent power, 0 to 1; null below 50 VA.",
        unit="",
        precision=2,
        read=_of_factor(lambda factor: factor.value),
        name="Power factor",
        device_class="power_factor",
        enabled=False,
    ),
    Field(
        "power.factor_lower",
        StateType.NUMBER,
        "Lower bound of the power factor.",
        unit="",
        precision=2,
        read=_of_factor(lambda factor: factor.lower),
    ),
    Field(
        "power.factor_upper",
        StateType.NUMBER,
        "Upper bound of the power factor.",
        unit="",
        precision=2,
        read=_of_factor(lambda factor: factor.upper),
    ),
    Field(
        "power.active_import_mean",
        StateType.NUMBER,
        "Mean active power drawn, by the index, over the last minute or more.",
        unit="W",
        read=_of_mean("active_import_mean", lambda mean: mean.reported),
        read_site=lambda now: business_meters.glued(now.values, "PA1MN", "kW"),
        name="Mean active power (calculated)",
        without=_ACTIVE,
    ),
    Field(
        "power.active_import_mean_is_upper_bound",
        StateType.BOOLEAN,
        "True while the index stands still: the mean power is at most the published one.",
        read=_of_mean("active_import_mean", lambda mean: mean.is_bound),
        read_site=lambda now: business_meters.mean_is_bound(now.values, "PA1MN"),
    ),
    Field(
        "power.active_export_mean",
        StateType.NUMBER,
        "Mean active power injected, by the index, over the last minute or more.",
        unit="W",
        read=_of_mean("active_export_mean", lambda mean: mean.reported),
        read_site=lambda now: business_meters.glued(now.values, "IPA1MN", "kW"),
        name="Mean exported active power (calculated)",
        without=_ACTIVE,
    ),
    Field(
        "power.active_export_mean_is_upper_bound",
        StateType.BOOLEAN,
        "True while the index stands still: the mean power is at most the published one.",
        read=_of_mean("active_export_mean", lambda mean: mean.is_bound),
        read_site=lambda now: business_meters.mean_is_bound(now.values, "IPA1MN"),
    ),
    _greatest("SMAXSN", "today", "imported", "Max. imported power today"),
    _time_of_greatest("SMAXSN", "today", "imported", "Max. imported power today (time)"),
    _greatest("SMAXIN", "today", "exported", "Max. exported power today"),
    _time_of_greatest("SMAXIN", "today", "exported", "Max. exported power today (time)"),
    replace(
        _greatest("SMAXSN-1", "yesterday", "imported", "Max. imported power yesterday"),
        read=lambda now: now.max_yesterday,
    ),
    _time_of_greatest("SMAXSN-1", "yesterday", "imported", "Max. imported power yesterday (time)"),
    _greatest("SMAXIN-1", "yesterday", "exported", "Max. exported power yesterday"),
    _time_of_greatest("SMAXIN-1", "yesterday", "exported", "Max. exported power yesterday (time)"),
    _load_curve(
        "CCASN",
        "imported",
        "Mean active power drawn in the last complete interval (standard).",
        "Import load curve",
    ),
    _time_of_load_curve("CCASN", "imported", "Import load curve (time)"),
    _load_curve(
        "CCAIN",
        "exported",
        "Mean active power injected in the last complete interval (standard).",
        "Export load curve",
    ),
    _time_of_load_curve("CCAIN", "exported", "Export load curve (time)"),
)
