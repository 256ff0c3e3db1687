"""
The values of the fields, read from the étiquettes of blue meters and Linky: texts in, numbers and codes out.

Pure. The declaration says which function here reads each field. Units: Wh, VA, W, A, V. Sources:
Enedis-NOI-CPT_02E v6 and 54E v3, named with the étiquettes in `teleinfo.tic.tables`.
"""

from __future__ import annotations

import enum
from bisect import bisect_left, bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from teleinfo.state import tariffs
from teleinfo.tic import registers
from teleinfo.tic.horodate import iso, moment
from teleinfo.tic.labels import ALARMS, CONTRACTS, STATUS_REGISTER, parse_uint
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import Alert, Colour, DryContact, Phase, TariffPeriod

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Unknown(enum.Enum):
    """The value of a field that the meter has, but that is unknown at present: null in the message."""

    UNKNOWN = enum.auto()


UNKNOWN: Final = Unknown.UNKNOWN

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Value: TypeAlias = "Json | Unknown"
"""The value of a field; None if the étiquettes do not give the field, which is then left out."""

MeanName: TypeAlias = Literal["active_import_mean", "active_export_mean"]
"""The mean powers, by the last part of their path."""

Values: TypeAlias = "Mapping[str, str]"
"""Texts by étiquette."""

VA_PER_AMPERE: Final = 200
"""VA for each ampere of a phase: a subscription of 1 kVA allows 5 A (02E, "ISOUSC")."""

_OF_OTHER_PHASES: Final = frozenset({"IINST2", "IINST3", "IRMS2", "IRMS3"})
_IINST: Final = ("IINST1", "IINST2", "IINST3")
_CURRENTS: Final[Mapping[str, tuple[str, ...]]] = {
    Phase.ONE: ("IRMS1", "IINST1", "IINST"),
    Phase.TWO: ("IRMS2", "IINST2"),
    Phase.THREE: ("IRMS3", "IINST3"),
}
_POWERS: Final[Mapping[str, str]] = {phase: f"SINSTS{phase.number}" for phase in Phase}
"""The étiquettes of the current and of the apparent power of each phase."""

POWERS: Final = {"active_import_mean": "SINSTS", "active_export_mean": "SINSTI"}
"""The étiquette of the present power, for each mean power; its VA are not rounded (54E)."""

USED_MARKS: Final = (80, 90, 100)
"""Shares of the limit, in %, that are published at once when they are passed."""

PMAX: Final = "PMAX"
"""A greatest power: of a Linky that of yesterday (54E §6.1); 02E names no day for a CBETM."""

INDEXES: Final = (*tariffs.INDEX_OF_PERIOD.values(), *(f"EASF{number:02}" for number in range(1, 11)))
"""The étiquettes of the indexes of the suppliers."""

COLOUR_CODES: Final = {"BLEU": Colour.BLUE, "BLAN": Colour.WHITE, "ROUG": Colour.RED}
"""The colours for the codes of DEMAIN (02E)."""


def number(values: Values, *labels: str, times: int = 1) -> int | None:
    """Return the number of the first of these étiquettes that has a whole number, multiplied by `times`."""
    for label in labels:
        if label in values and (found := parse_uint(values[label])) is not None:
            return found * times
    return None


def phases(values: Values) -> int:
    """Return 3 for a meter of three phases, else 1."""
    return 1 if values.keys().isdisjoint(_OF_OTHER_PHASES) else 3


def contract_text(values: Values) -> str | None:
    """Return the contract as the meter sends it."""
    return values.get("OPTARIF", values.get("NGTF"))


def subscribed_power(values: Values) -> int | None:
    """Return the subscribed power in VA."""
    by_current = number(values, "ISOUSC", times=VA_PER_AMPERE * phases(values))
    return number(values, "PREF", times=1000) if by_current is None else by_current


def subscribed_current(values: Values) -> int | None:
    """Return the subscribed current of a phase in A."""
    subscribed = subscribed_power(values)
    return None if subscribed is None else subscribed // (VA_PER_AMPERE * phases(values))


def power_limit(values: Values) -> int | None:
    """Return the most power that may be drawn, VA: the subscribed power, or a lower cut-off power."""
    return min(filter(None, (subscribed_power(values), cut_off_power(values))), default=None)


def used_of_limit(values: Values) -> Value:
    """Return how much of the limit is drawn, in %; with three phases, by the phase that draws most."""
    return _below_limit(values, lambda drawn, limit: round(100 * drawn / limit))


def passed(used: float) -> tuple[int, int]:
    """Return how many of `USED_MARKS` lie below a share of the limit in %, and how many below or at it."""
    return bisect_left(USED_MARKS, used), bisect_right(USED_MARKS, used)


def power_left(values: Values) -> Value:
    """Return the power in VA that is left below the limit, negative above it; with three phases as above."""
    return _below_limit(values, lambda drawn, limit: round(limit - drawn))


def _below_limit(values: Values, of: Callable[[float, float], int]) -> Value:
    number_of_phases, limit = phases(values), power_limit(values)
    drawn = drawn_power(values) if number_of_phases == 1 else _most_of_a_phase(values)
    if not isinstance(drawn, int) or limit is None:
        return None if drawn is None else UNKNOWN
    return of(drawn, limit / number_of_phases)


def _most_of_a_phase(values: Values) -> int | Unknown | None:
    """
    Return the power in VA of the phase that draws most; None if no phase is known.

    Each phase has a third of the subscription (02E, "ISOUSC"). Where the meter does not send the power of a
    phase, its current gives it.
    """
    powers = {phase: power_of_phase(values, phase) for phase in Phase}
    currents = [_drawn_current(values, phase) for phase, power in powers.items() if power is None]
    if UNKNOWN in currents:
        return UNKNOWN
    by_current = [VA_PER_AMPERE * amperes for amperes in currents if isinstance(amperes, int)]
    return max((power for power in (*powers.values(), *by_current) if power is not None), default=None)


def _drawn_current(values: Values, phase: str) -> int | Unknown | None:
    """
    Return the current in A that a phase draws: 0 if no power is drawn, since its current then flows out.

    Currents have no sign: if several flow while no power is drawn, it is unknown which of them flow out.
    """
    amperes = current(values, phase)
    if not amperes:
        return amperes
    power_of_this_phase = number(values, _POWERS[phase])
    if power_of_this_phase is not None:
        return amperes if power_of_this_phase else 0
    is_power_drawn = drawn_power(values) != 0  # it is taken for drawn if it is unknown
    if is_power_drawn:
        return amperes
    return UNKNOWN if has_several_currents(values) else 0


def has_several_currents(values: Values) -> bool:
    """True if several phases have a current."""
    return len([phase for phase in Phase if current(values, phase)]) > 1


def cut_off_power(values: Values) -> int | None:
    """Return the power in VA at which the meter cuts off (standard)."""
    return number(values, "PCOUP", times=1000)


def current_left(values: Values, phase: str) -> Value:
    """
    Return the current in A that is left on a phase, negative above the limit.

    A meter that sends its voltage has a limit in VA, which is passed before the current of 200 V is: the
    power that is left counts. With one phase nothing is left while the meter reports an overrun.
    """
    amperes, limit = _drawn_current(values, phase), power_limit(values)
    if not isinstance(amperes, int) or limit is None:
        return None if amperes is None else UNKNOWN
    number_of_phases = phases(values)
    left = limit // (VA_PER_AMPERE * number_of_phases) - amperes
    power = drawn_power(values) if number_of_phases == 1 else power_of_phase(values, phase)
    voltage = number(values, f"URMS{Phase(phase).number}")
    if power is not None and voltage:
        left = min(left, (limit // number_of_phases - power) // voltage)
    if number_of_phases == 1 and alerts(values).get(Alert.OVERRUN):
        return min(left, 0)
    return left


def running_index(values: Values) -> Value:
    """Return the étiquette of the index that counts now."""
    if (running := number(values, "NTARF")) is not None:
        return f"EASF{running:02}"
    if "PTEC" not in values:
        return None
    period = tariffs.period_of(values["PTEC"])
    return UNKNOWN if period is None else tariffs.INDEX_OF_PERIOD.get(period, UNKNOWN)


def colour_today(values: Values) -> Colour | None:
    """
    Return the colour of today, from STGE (54E), else from PTEC (02E); None for a meter without Tempo.

    The day of a colour runs from 06:00 to 06:00.
    """
    if (word := status(values)) is not None:
        return registers.colour(word, registers.TODAY)
    period = tariffs.period_of(values.get("PTEC", ""))
    return None if period is None else period.colour


def colour_tomorrow(values: Values) -> Value:
    """
    Return the colour of the day of Tempo that begins at the next 06:00, if the meter knows it.

    It is in STGE, or in DPM1 and DPM2, which a Linky may send before (54E); else in DEMAIN (02E).
    """
    if colour_today(values) is None:
        return None
    word = status(values)
    if word is None:
        return COLOUR_CODES.get(values.get("DEMAIN", ""), UNKNOWN)
    if (announced := registers.colour(word, registers.TOMORROW)) is not None:
        return announced
    now = moment(values.get("DATE", ""))
    for label, colour in (("DPM1", Colour.WHITE), ("DPM2", Colour.RED)):
        start = moment(values.get(f"{label}{HORODATE_SUFFIX}", ""))
        if now is not None and start is not None and now < start <= now + timedelta(days=1):
            return colour
    return UNKNOWN


def import_total(values: Values) -> tuple[str, int] | None:
    """
    Return the total energy drawn, Wh, from EAST, BASE, or the sum of the contract's indexes.

    The first item names these étiquettes, with + between them.
    """
    for label in ("EAST", "BASE"):
        if (total := number(values, label)) is not None:
            return label, total
    contract = values.get("OPTARIF", "")
    labels = next((labels for option, labels in CONTRACTS.items() if contract.startswith(option)), ())
    known = [index for label in labels if (index := number(values, label)) is not None]
    return ("+".join(labels), sum(known)) if known and len(known) == len(labels) else None


def counters(values: Values) -> dict[MeanName, tuple[str, int]]:
    """Return the index behind each mean power: its étiquettes, and its reading in Wh."""
    imported, exported = import_total(values), number(values, "EAIT")
    found: dict[MeanName, tuple[str, int]] = {}
    if imported is not None:
        found["active_import_mean"] = imported
    if exported is not None:
        found["active_export_mean"] = "EAIT", exported
    return found


def indexes(values: Values, *, contract: str, periods: Mapping[str, str]) -> dict[str, tariffs.Index]:
    """
    Return each index of the supplier by its key.

    In mode standard, an index that is zero and does not count now is left out. `contract` and `periods` are
    those of `tariffs.index_of`.
    """
    running = running_index(values)
    found: dict[str, tariffs.Index] = {}
    for label in values:
        if label not in INDEXES:
            continue
        value = number(values, label)
        if value is None:
            continue
        if label.startswith("EASF") and not value and label != running:
            continue
        key = tariffs.index_key(label, contract)
        found[key] = tariffs.index_of(label, value, contract=contract, periods=periods)
    return found


def current(values: Values, phase: str) -> int | None:
    """Return the current of a phase in A; an étiquette without a number is of phase 1."""
    return number(values, *_CURRENTS[phase])


def drawn_power(values: Values) -> int | None:
    """Return the apparent power that is drawn, VA."""
    return number(values, "SINSTS", "PAPP")


def power_of_phase(values: Values, phase: str) -> int | None:
    """Return the apparent power of a phase in VA; some meters send an impossible one, which is left out."""
    power, most = number(values, _POWERS[phase]), number(values, "PREF", times=2 * 1000) or 0
    total = drawn_power(values)
    return None if power is None or total is None or power > max(total, most) else power


def time_of(values: Values, label: str) -> str | None:
    """Return the horodate (ISO 8601) of an étiquette that has a number and a horodate."""
    horodate = values.get(f"{label}{HORODATE_SUFFIX}")
    return None if horodate is None or number(values, label) is None else iso(horodate)


def status(values: Values) -> int | None:
    """Return the value of the status register STGE."""
    return registers.status(values.get(STATUS_REGISTER, ""))


def breaker(values: Values) -> Value:
    """Return the state of the breaker."""
    word = status(values)
    return None if word is None else registers.breaker(word)


def breaker_reason(values: Values) -> Value:
    """Return why the breaker is open; unknown while it is closed."""
    word = status(values)
    return None if word is None else registers.breaker_reason(word) or UNKNOWN


def dry_contact(values: Values) -> Value:
    """Return the state of the dry contact."""
    word = status(values)
    return None if word is None else registers.dry_contact(word)


def relay(values: Values, number: int) -> DryContact | None:
    """Return the state of the relay of this number; relay 1 is the dry contact."""
    closed = registers.closed_relays(values.get("RELAIS", ""))
    if closed is None:
        return None
    return DryContact.CLOSED if number in closed else DryContact.OPEN


def day_profile(values: Values, label: str, *, contract: str | None) -> Value:
    """
    Return the slots of a day (PJOURF+1, PPOINTE), in order, each with the key of its index.

    `contract` is that of `tariffs.index_key`, None while it is unknown.
    """
    slots = registers.profile(values.get(label, ""))
    if not slots:
        return None
    return [
        {
            "start": slot.start,
            "alternative_start": slot.alternative_start,
            "index": _key_of_slot(slot.index, contract),
            "dry_contact": slot.dry,
            "closed_relays": [contact + 1 for contact in slot.virtual],
        }
        for slot in slots
    ]


def _key_of_slot(number: int | None, contract: str | None) -> str | None:
    """Return the key of the supplier index with this number; None while it is unknown."""
    if number is None or contract is None:
        return None
    return tariffs.index_key(f"EASF{number:02}", contract)


def alerts(values: Values) -> dict[Alert, bool]:
    """
    Return each alert that this meter can report, True while it is active.

    `values` holds ADPS and ADIRn only while they are sent. Long frames of three phases have no ADIRn (02E),
    and some meters never send it: a current above the subscribed current is an overrun, too.
    """
    found: dict[Alert, bool] = {}
    if (word := status(values)) is not None:
        found |= registers.alerts(word)
        # A lower-case season in DATE has the same meaning as the bit (54E, horodate).
        found[Alert.CLOCK_DEGRADED] |= values.get("DATE", "").startswith(("e", "h"))
    elif "OPTARIF" in values or "ISOUSC" in values:
        is_alarm = not values.keys().isdisjoint(ALARMS)
        limit = number(values, "ISOUSC")
        currents = [number(values, label) or 0 for label in _IINST]
        found[Alert.OVERRUN] = is_alarm or (limit is not None and max(currents) > limit)
    if values.get("OPTARIF") == "EJP" and "PTEC" in values:
        is_peak = values.get("PTEC") == TariffPeriod.PM
        found[Alert.MOBILE_PEAK_NOTICE] = "PEJP" in values and not is_peak  # it is sent during the peak too
        found[Alert.MOBILE_PEAK] = is_peak
    if (missing := registers.missing_phases(values.get("PPOT", ""))) is not None:
        found[Alert.PHASE_MISSING] = bool(missing)
    return found
