"""
The values of the fields, read from the étiquettes of blue meters and Linky: texts in, numbers and codes out.

Pure. The declaration says which function here reads each field. Units: Wh, VA, W, A, V. Sources:
Enedis-NOI-CPT_02E v6 and 54E v3, named with the étiquettes in `teleinfo.tic.tables`.
"""

from __future__ import annotations

import enum
from bisect import bisect_left, bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from teleinfo.state import tariffs
from teleinfo.tic import registers
from teleinfo.tic.horodate import iso, moment
from teleinfo.tic.labels import ALARMS, CONTRACTS, STATUS_REGISTER, parse_uint
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import Alert, Colour, DryContact, Phase, TariffPeriod

if TYPE_CHECKING:
    from collections.abc import Mapping


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
"""Shares of the limit, in %; passing one, up or down, is published at once."""

PMAX: Final = "PMAX"
"""A greatest power: of a Linky that of yesterday (54E §6.1); 02E names no day for a CBETM."""

INDEXES: Final = (*tariffs.INDEX_OF_PERIOD.values(), *(f"EASF{number:02}" for number in range(1, 11)))
"""The étiquettes of the indexes of the suppliers."""

COLOUR_CODES: Final = {"BLEU": Colour.BLUE, "BLAN": Colour.WHITE, "ROUG": Colour.RED}
"""The colours for the codes of DEMAIN (02E)."""


def number(values: Values, *labels: str, times: int = 1) -> int | None:
    """Return the number of the first of these étiquettes that has a whole number, multiplied by `times`."""
    for label in labels:
        if label not in values:
            continue
        whole_number = parse_uint(values[label])
        if whole_number is not None:
            return whole_number * times
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
    subscribed = subscribed_power(values) or None  # 0 is no limit
    cut_off = cut_off_power(values) or None
    if subscribed is None or cut_off is None:
        return subscribed or cut_off
    return min(subscribed, cut_off)


def used_of_limit(values: Values) -> Value:
    """Return how much of the limit is drawn, in %; with three phases, by the phase that draws most."""
    power = _drawn_and_limit(values)
    return round(100 * power.drawn / power.limit) if isinstance(power, _DrawnAndLimit) else power


def marks_passed(used: float) -> tuple[int, int]:
    """Return how many of `USED_MARKS` lie below a share of the limit in %, and how many below or at it."""
    return bisect_left(USED_MARKS, used), bisect_right(USED_MARKS, used)


def power_left(values: Values) -> Value:
    """
    Return the power in VA that is left below the limit, negative above it.

    With three phases it is that of the phase that draws most.
    """
    power = _drawn_and_limit(values)
    return round(power.limit - power.drawn) if isinstance(power, _DrawnAndLimit) else power


class _DrawnAndLimit(NamedTuple):
    """A power that is drawn and its limit, VA; with three phases, those of the phase that draws most."""

    drawn: int
    limit: float


def _drawn_and_limit(values: Values) -> _DrawnAndLimit | Unknown | None:
    """Return the drawn power and its limit; None without a power, unknown without a limit."""
    number_of_phases = phases(values)
    drawn = drawn_power(values) if number_of_phases == 1 else _greatest_of_phases(values)
    if drawn is None:
        return None
    limit = power_limit(values)
    if isinstance(drawn, Unknown) or limit is None:
        return UNKNOWN
    return _DrawnAndLimit(drawn, limit / number_of_phases)


def _greatest_of_phases(values: Values) -> int | Unknown | None:
    """
    Return the power in VA of the phase that draws most; None if no phase is known.

    Each phase has a third of the subscription (02E, "ISOUSC"). Where the meter does not send the power of a
    phase, its current gives it.
    """
    powers = []
    for phase in Phase:
        power = power_of_phase(values, phase)
        if power is not None:
            powers.append(power)
            continue
        amperes = _drawn_current(values, phase)
        if isinstance(amperes, Unknown):
            return UNKNOWN
        if amperes is not None:
            powers.append(VA_PER_AMPERE * amperes)
    return max(powers, default=None)


def _drawn_current(values: Values, phase: str) -> int | Unknown | None:
    """
    Return the current in A that a phase draws; None if the meter does not send it.

    Currents have no sign. While no power is drawn, a single current flows out, and the phase draws 0 A. If
    several flow, it is unknown which of them flow out.
    """
    amperes = current(values, phase)
    if amperes is None or amperes == 0:
        return amperes
    power_of_this_phase = number(values, _POWERS[phase])
    if power_of_this_phase is not None:
        return 0 if power_of_this_phase == 0 else amperes
    is_power_drawn = drawn_power(values) != 0  # an unknown power is taken for drawn
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

    The limit in A is that in VA at 200 V. The voltage is higher, so the limit in VA is reached first: with a
    meter that sends its voltage, the power that is left counts, too. With one phase, nothing is left while
    the meter reports an overrun.
    """
    amperes = _drawn_current(values, phase)
    if amperes is None:
        return None
    limit = power_limit(values)
    if isinstance(amperes, Unknown) or limit is None:
        return UNKNOWN
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
    """Return the étiquette of the index that counts now; unknown in an uncommon period (historique)."""
    number_of_index = number(values, "NTARF")
    if number_of_index is not None:
        return f"EASF{number_of_index:02}"
    if "PTEC" not in values:
        return None
    period = tariffs.period_of(values["PTEC"])
    return UNKNOWN if period is None else tariffs.INDEX_OF_PERIOD.get(period, UNKNOWN)


def colour_today(values: Values) -> Colour | None:
    """
    Return the colour of today, from STGE (54E), else from PTEC (02E); None for a meter without Tempo.

    The day of a colour runs from 06:00 to 06:00.
    """
    word = status(values)
    if word is not None:
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
    in_status = registers.colour(word, registers.TOMORROW)
    if in_status is not None:
        return in_status
    now = moment(values.get("DATE", ""))
    if now is None:
        return UNKNOWN
    for label, colour in (("DPM1", Colour.WHITE), ("DPM2", Colour.RED)):
        start = moment(values.get(f"{label}{HORODATE_SUFFIX}", ""))
        if start is not None and now < start <= now + timedelta(days=1):
            return colour
    return UNKNOWN


def import_total(values: Values) -> tuple[str, int] | None:
    """
    Return the total energy drawn, Wh, from EAST, BASE, or the sum of the contract's indexes.

    The first item names these étiquettes, with + between them. None if one of the indexes is missing, or the
    contract is none of `CONTRACTS`.
    """
    for label in ("EAST", "BASE"):
        total = number(values, label)
        if total is not None:
            return label, total
    contract = values.get("OPTARIF", "")
    for option, labels in CONTRACTS.items():
        if not contract.startswith(option):
            continue
        total = 0
        for label in labels:
            index = number(values, label)
            if index is None:
                return None
            total += index
        return "+".join(labels), total
    return None


def counters(values: Values) -> dict[MeanName, tuple[str, int]]:
    """Return the index behind each mean power: its étiquettes, and its reading in Wh."""
    index_by_mean: dict[MeanName, tuple[str, int]] = {}
    imported = import_total(values)
    if imported is not None:
        index_by_mean["active_import_mean"] = imported
    exported = number(values, "EAIT")
    if exported is not None:
        index_by_mean["active_export_mean"] = ("EAIT", exported)
    return index_by_mean


def indexes(values: Values, *, contract: str, periods: Mapping[str, str]) -> dict[str, tariffs.Index]:
    """
    Return each index of the supplier by its key.

    In mode standard, an index that is zero and does not count now is left out. `contract` and `periods` are
    those of `tariffs.index_of`.
    """
    running = running_index(values)
    by_key: dict[str, tariffs.Index] = {}
    for label in values:
        if label not in INDEXES:
            continue
        value = number(values, label)
        if value is None:
            continue
        if label.startswith("EASF") and value == 0 and label != running:
            continue
        key = tariffs.index_key(label, contract)
        by_key[key] = tariffs.index_of(label, value, contract=contract, periods=periods)
    return by_key


def current(values: Values, phase: str) -> int | None:
    """Return the current of a phase in A; an étiquette without a number is of phase 1."""
    return number(values, *_CURRENTS[phase])


def drawn_power(values: Values) -> int | None:
    """Return the apparent power that is drawn, VA."""
    return number(values, "SINSTS", "PAPP")


def power_of_phase(values: Values, phase: str) -> int | None:
    """
    Return the apparent power of a phase in VA.

    Some meters send an impossible power, above that of all phases and above twice the subscribed power: it is
    left out.
    """
    power = number(values, _POWERS[phase])
    total = drawn_power(values)
    if power is None or total is None:
        return None
    twice_subscribed = number(values, "PREF", times=2 * 1000) or 0  # PREF is in kVA
    return power if power <= max(total, twice_subscribed) else None


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
    """Return why the breaker is open; unknown while it is closed, and for a reason without a name in 54E."""
    word = status(values)
    if word is None:
        return None
    return registers.breaker_reason(word) or UNKNOWN


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
    shown: list[Json] = []
    for slot in slots:
        closed_relays: list[Json] = [contact + 1 for contact in slot.virtual]
        shown.append(
            {
                "start": slot.start,
                "alternative_start": slot.alternative_start,
                "index": _key_of_slot(slot.index, contract),
                "dry_contact": slot.dry,
                "closed_relays": closed_relays,
            }
        )
    return shown


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
    is_active: dict[Alert, bool] = {}
    word = status(values)
    if word is not None:
        is_active |= registers.alerts(word)
        # A lower-case season in DATE has the same meaning as the bit (54E, horodate).
        has_degraded_season = values.get("DATE", "").startswith(("e", "h"))
        is_active[Alert.CLOCK_DEGRADED] |= has_degraded_season
    elif "OPTARIF" in values or "ISOUSC" in values:
        is_alarm_sent = not values.keys().isdisjoint(ALARMS)
        limit = number(values, "ISOUSC")
        currents = [number(values, label) or 0 for label in _IINST]
        is_above_limit = limit is not None and max(currents) > limit
        is_active[Alert.OVERRUN] = is_alarm_sent or is_above_limit
    if values.get("OPTARIF") == "EJP" and "PTEC" in values:
        is_peak = values["PTEC"] == TariffPeriod.PM
        # PEJP is sent during the peak, too.
        is_active[Alert.MOBILE_PEAK_NOTICE] = "PEJP" in values and not is_peak
        is_active[Alert.MOBILE_PEAK] = is_peak
    missing_phases = registers.missing_phases(values.get("PPOT", ""))
    if missing_phases is not None:
        is_active[Alert.PHASE_MISSING] = missing_phases != []
    return is_active
