"""
The powers in the state: drawn and injected, their maxima of two days, and the load curves.

Pure. Apparent powers are in VA, load curves in W. Sources: as in `fields`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.state.fields import number
from teleinfo.tic import registers
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import STATUS_REGISTER
from teleinfo.vocabulary.codes import Phase

if TYPE_CHECKING:
    from teleinfo.state.fields import Json, Values

_MAXIMA: Final = {
    "max_today": ("SMAXSN", "PMAX"),
    "max_yesterday": ("SMAXSN-1",),
    "max_injected_today": ("SMAXIN",),
    "max_injected_yesterday": ("SMAXIN-1",),
}


def power(values: Values, *, has_exported: bool) -> dict[str, Json]:
    """
    Return apparent powers in VA: drawn, of each phase, injected, net, and the maxima of two days.

    `net` is drawn less injected. A meter without a contract to sell has no étiquette of what is injected: its
    register says that power flows out while SINSTS is 0, and IRMS × URMS tells how much (`estimated`). Once
    it `has_exported`, nothing is injected while the register does not say so.
    """
    found: dict[str, Json] = {}
    drawn = number(values, "SINSTS", "PAPP")
    injected, estimated = _injected(values, drawn, has_exported=has_exported)
    if drawn is not None:
        found["apparent"] = drawn
        if by_phase := _phase_powers(values, drawn):
            found["apparent_by_phase"] = by_phase
    if injected is not None:
        found["injected"] = injected
        found["estimated"] = estimated
    if STATUS_REGISTER in values or injected is not None:
        found["exporting"] = exports(values) or bool(injected)
    if drawn is not None:
        found["net"] = drawn - (injected or 0)
    for name, labels in _MAXIMA.items():
        if (value := number(values, *labels)) is not None:
            found[name] = value
            if (time := _time(values, *labels)) is not None:
                found[f"{name}_time"] = time
    return found


def _injected(values: Values, drawn: int | None, *, has_exported: bool) -> tuple[int | None, bool]:
    """Return what is injected in VA, and whether that is an estimate."""
    if (injected := number(values, "SINSTI")) is not None:
        return injected, False
    if drawn == 0 and exports(values):
        return _estimate(values), True
    return (0 if has_exported and STATUS_REGISTER in values else None), False


def _phase_powers(values: Values, drawn: int) -> dict[str, Json]:
    """Return the power of each phase in VA; some meters send more than is possible, which is left out."""
    most = max(drawn, 2 * 1000 * (number(values, "PREF") or 0))
    return {
        phase: value
        for phase in Phase
        if (value := number(values, f"SINSTS{phase}")) is not None and value <= most
    }


def exports(values: Values) -> bool:
    """Return whether STGE says that power flows out to the grid."""
    status = registers.status(values.get("STGE", ""))
    return status is not None and registers.EXPORTING.of(status) == 1


def _estimate(values: Values) -> int | None:
    pairs = [(number(values, f"IRMS{phase}"), number(values, f"URMS{phase}")) for phase in Phase]
    known = [amperes * volts for amperes, volts in pairs if amperes is not None and volts is not None]
    return sum(known) if known else None


def _time(values: Values, *labels: str) -> str | None:
    return next((iso(values[f"{label}_HORODATE"]) for label in labels if f"{label}_HORODATE" in values), None)


def load_curve(values: Values) -> dict[str, Json]:
    """Return the last complete point of the load curves, in W, and when its interval ended."""
    found: dict[str, Json] = {}
    for name, label in (("imported", "CCASN"), ("exported", "CCAIN")):
        if (watts := number(values, label)) is not None:
            found[name] = {"value": watts, "time": _time(values, label)}
    return found
