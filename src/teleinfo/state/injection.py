"""
The power that flows out to the grid, by the étiquettes of a frame. Pure.

Only a producer's meter has étiquettes for it (SINSTI, EAIT). For any other meter its currents estimate it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state.active_power import Flow
from teleinfo.state.fields import (
    UNKNOWN,
    current,
    drawn_power,
    has_several_currents,
    import_total,
    number,
    phases,
    power_of_phase,
    status,
)
from teleinfo.tic import registers
from teleinfo.tic.labels import STATUS_REGISTER
from teleinfo.vocabulary.codes import Phase

if TYPE_CHECKING:
    from teleinfo.state.fields import Unknown, Values


NOMINAL_VOLTAGE: Final = 230
HIGHEST_VOLTAGE: Final = 253
"""Volts between a phase and the neutral conductor of the public grid (EN 50160: ±10 %)."""

OF_FLOW: Final = frozenset(
    {"SINSTI", STATUS_REGISTER, "IINST", "PREF"}
    | {f"{name}{phase.number}" for name in ("IINST", "IRMS", "URMS", "SINSTS") for phase in Phase}
)
"""The étiquettes that show whether, and how much, power flows out while none is drawn."""


class Outflow(NamedTuple):
    """A power that flows out, estimated by the currents: in VA, and the most that it may be in W."""

    apparent: int
    most: float


class Injected(NamedTuple):
    """A power that is injected, VA, and True if it is an estimate; both None if there is none."""

    power: int | Unknown | None
    is_estimated: bool | None


def injected_power(values: Values, outflow: Outflow | Unknown | None, *, has_exported: bool) -> Injected:
    """
    Return the apparent power that is injected, VA, and True if it is an estimate.

    A meter without a contract to sell has no étiquette for it: while it draws no power, its `outflow` is the
    estimate. At any other time the power is 0 for a meter that `has_exported`, and unknown for another meter.
    """
    measured = number(values, "SINSTI")
    if measured is not None:
        return Injected(measured, is_estimated=False)
    drawn = drawn_power(values)
    if drawn == 0 and outflow is not None:
        if isinstance(outflow, Outflow):
            return Injected(outflow.apparent, is_estimated=True)
        return Injected(UNKNOWN, is_estimated=True)
    # STGE shows whether power flows out; without it, the drawn power does.
    shows_direction = STATUS_REGISTER in values or drawn is not None
    if has_exported and shows_direction:
        return Injected(0, is_estimated=False)
    return Injected(None, None)


def flow(values: Values, outflow: Outflow | Unknown | None) -> Flow | None:
    """
    Return the apparent power of a frame, and the index that counts it; None if the frame lacks either.

    PAPP is rounded to 10 VA (02E), SINSTS and SINSTI to 1 VA (54E). A meter without a contract to sell has no
    index of its `outflow`. The current, in whole amperes, and the highest voltage then bound the power.
    """
    drawn = drawn_power(values)
    imported = import_total(values)
    if drawn is None or imported is None:
        return None
    injected = number(values, "SINSTI")
    if injected:
        exported_index = number(values, "EAIT")
        if exported_index is None:
            return None
        return Flow(-injected, rounding=1, energy=exported_index)
    rounding = 1 if "SINSTS" in values else 10
    if drawn or outflow is None:
        _counter, imported_index = imported
        return Flow(drawn, rounding, imported_index)
    if isinstance(outflow, Outflow):
        return Flow(-outflow.apparent, rounding, energy=None, most=outflow.most)
    return Flow(0, rounding, energy=None)


def exports(values: Values) -> bool:
    """True if STGE shows that power flows out to the grid."""
    return registers.EXPORTING.of(status(values) or 0) == 1


def exports_by_current(values: Values) -> bool:
    """
    True if PAPP is 0 although a current flows: Linky counts no injected power in PAPP (historique).

    Currents are whole amperes, so that 1 A is 115 VA or more, but PAPP is rounded to 10 VA.
    """
    return number(values, "PAPP") == 0 and any(current(values, phase) for phase in Phase)


def outflow(values: Values) -> Outflow | Unknown:
    """
    Return the power that flows out by IRMS × URMS, or in historique by IINST at the nominal voltage.

    Currents have no sign. Where several phases have a current, the power of each (SINSTSn) shows if it draws;
    in historique that is unknown. Phases that draw lower the apparent power, but not the most.
    """
    has_several = has_several_currents(values)
    has_currents = False
    apparent = 0  # VA
    most_amperes = 0.5 * phases(values)  # a current is rounded to whole amperes
    for phase in Phase:
        amperes = current(values, phase)
        if amperes is None:
            continue
        has_currents = True
        volts: int | None = NOMINAL_VOLTAGE
        if "PAPP" not in values:
            volts = number(values, f"URMS{phase.number}")
        drawn: int | None = 0
        if has_several:
            drawn = power_of_phase(values, phase)
        if volts is None or drawn is None:
            return UNKNOWN
        if drawn:
            apparent -= drawn
        else:
            apparent += amperes * volts
            most_amperes += amperes
    if not has_currents:
        return UNKNOWN
    return Outflow(max(0, apparent), most_amperes * HIGHEST_VOLTAGE)
