"""
The apparent powers in VA: drawn on each phase, and injected.

Pure. Sources: as in `fields`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.state.fields import number
from teleinfo.tic import registers
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import STATUS_REGISTER
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import Phase

if TYPE_CHECKING:
    from teleinfo.state.fields import Values


def drawn(values: Values) -> int | None:
    """Return the apparent power that is drawn, VA."""
    return number(values, "SINSTS", "PAPP")


def of_phase(values: Values, phase: Phase) -> int | None:
    """Return the apparent power of a phase in VA; some meters send an impossible one, which is left out."""
    power, most = number(values, f"SINSTS{phase}"), 2 * 1000 * (number(values, "PREF") or 0)
    total = drawn(values)
    return None if power is None or total is None or power > max(total, most) else power


def injected(values: Values, *, has_exported: bool) -> tuple[int | None, bool]:
    """
    Return the apparent power that is injected, VA, and True if it is an estimate.

    A meter without a contract to sell has no étiquette for it: its register says that power flows out while
    SINSTS is 0, and IRMS × URMS tells how much. Once it `has_exported`, nothing is injected while the
    register does not say so.
    """
    if (power := number(values, "SINSTI")) is not None:
        return power, False
    if drawn(values) == 0 and exports(values):
        return _estimate(values), True
    return (0 if has_exported and STATUS_REGISTER in values else None), False


def exports(values: Values) -> bool:
    """Return True if STGE says that power flows out to the grid."""
    status = registers.status(values.get(STATUS_REGISTER, ""))
    return status is not None and registers.EXPORTING.of(status) == 1


def _estimate(values: Values) -> int | None:
    pairs = [(number(values, f"IRMS{phase}"), number(values, f"URMS{phase}")) for phase in Phase]
    known = [amperes * volts for amperes, volts in pairs if amperes is not None and volts is not None]
    return sum(known) if known else None


def time_of(values: Values, *labels: str) -> str | None:
    """Return the horodate of the first of these étiquettes that has one, in ISO 8601."""
    keys = (f"{label}{HORODATE_SUFFIX}" for label in labels)
    return next((iso(values[key]) for key in keys if key in values), None)
