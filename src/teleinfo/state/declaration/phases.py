"""The fields of the headroom below the subscribed power, and of currents and voltages."""

from __future__ import annotations

from typing import Final

from teleinfo.state import business_meters, fields
from teleinfo.state.field_entry import Field, StateType
from teleinfo.vocabulary.codes import Phase


def _current_left(phase: Phase) -> Field:
    return Field(
        f"headroom.current.{phase}",
        StateType.NUMBER,
        "Current left on this phase below that limit: negative while more is drawn; of one phase, never "
        "above 0 during an overrun.",
        unit="A",
        signed=True,
        read=lambda now: fields.current_left(now.values, phase),
        name="Current left",
        phase=phase,
        enabled=False,
    )


def _current(phase: Phase, *more_sources: str) -> Field:
    return Field(
        f"current.{phase}",
        StateType.NUMBER,
        unit="A",
        sources=(f"IRMS{phase.number}", f"IINST{phase.number}", *more_sources),
        name="Current",
        phase=phase,
    )


def _voltage(phase: Phase) -> Field:
    return Field(
        f"voltage.{phase}",
        StateType.NUMBER,
        unit="V",
        sources=(f"URMS{phase.number}",),
        name="Voltage",
        phase=phase,
    )


def _mean_voltage(phase: Phase) -> Field:
    return Field(
        f"mean_voltage.{phase}",
        StateType.NUMBER,
        unit="V",
        sources=(f"UMOY{phase.number}",),
        name="Mean voltage",
        phase=phase,
        enabled=False,
    )


FIELDS: Final = (
    Field(
        "headroom.used_percent",
        StateType.NUMBER,
        "How much of the subscribed power, or of a lower cut-off power, is drawn; with three phases, "
        "by the phase that draws most.",
        unit="%",
        read=lambda now: fields.used_of_limit(now.values),
        read_site=lambda now: business_meters.used_of_limit(now.values),
        name="Subscription used",
        key="headroom_used",
        icon="mdi:gauge",
    ),
    Field(
        "headroom.power",
        StateType.NUMBER,
        "Power left below that limit, with three phases on the phase that draws most: negative while "
        "more is drawn.",
        unit="VA",
        signed=True,
        read=lambda now: fields.power_left(now.values),
        read_site=lambda now: business_meters.power_left(now.values),
        name="Power left",
        enabled=False,
    ),
    *map(_current_left, Phase),
    _current(Phase.ONE, "IINST"),  # of a meter with one phase
    _current(Phase.TWO),
    _current(Phase.THREE),
    *map(_voltage, Phase),
    *map(_mean_voltage, Phase),
)
