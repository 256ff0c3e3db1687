"""
The fields of the state, from the values of one meter: étiquettes in, names, numbers and words out.

Pure. Each function returns one part of the state (docs/state.md); a field whose étiquette is missing is left
out. Units: Wh, VA, W, A, V. Sources: Enedis-NOI-CPT_02E v6 and 54E v3, named with the étiquettes in
`teleinfo.tic.tables`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from teleinfo.state import words
from teleinfo.tic import registers
from teleinfo.tic.labels import CONTRACTS, parse_uint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.state.words import Language

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Values: TypeAlias = "Mapping[str, str]"

VA_PER_AMPERE: Final = 200
"""A subscription of 1 kVA is 5 A a phase (02E, "ISOUSC")."""

PHASES: Final = (1, 2, 3)
_COLOURS: Final = {1: "blue", 2: "white", 3: "red"}
_COLOUR_CODES: Final = {"BLEU": "blue", "BLAN": "white", "ROUG": "red"}
_DRY_CONTACT: Final = {
    registers.DryContact.LEFT: "unchanged",
    registers.DryContact.TEMPO: "tempo",
    registers.DryContact.OPENED: "open",
    registers.DryContact.CLOSED: "closed",
}
_BREAKER: Final = (
    "closed",
    "open: overload",
    "open: overvoltage",
    "open: load shedding",
    "open: order of the distributor",
    "open: overheated, current too high to cut",
    "open: overheated",
)


def number(values: Values, *labels: str) -> int | None:
    """Return the whole number of the first of these étiquettes that has one."""
    return next((n for label in labels if (n := parse_uint(values.get(label, ""))) is not None), None)


def phases(values: Values) -> int:
    """Return how many phases the meter has: 1 or 3."""
    return 3 if any(f"{label}{phase}" in values for label in ("IINST", "IRMS") for phase in (2, 3)) else 1


def contract(values: Values, language: Language) -> dict[str, Json]:
    """Return the contract: its code and name, the subscribed power in VA, the current of it in A a phase."""
    found: dict[str, Json] = {}
    text = values.get("OPTARIF", values.get("NGTF"))
    if text is not None:
        found["code"] = words.contract_code(text)
        found["name"] = words.contract_name(text, language)
    if (subscribed := subscribed_power(values)) is not None:
        found["subscribed_power"] = subscribed
        found["subscribed_current"] = subscribed // (VA_PER_AMPERE * phases(values))
    if (cut_off := number(values, "PCOUP")) is not None:
        found["cut_off_power"] = cut_off * 1000
    return found


def subscribed_power(values: Values) -> int | None:
    """Return the subscribed power in VA."""
    amperes, kva = number(values, "ISOUSC"), number(values, "PREF")
    if amperes is not None:
        return amperes * VA_PER_AMPERE * phases(values)
    return None if kva is None else kva * 1000


def contract_key(values: Values) -> str | None:
    """Return a key that changes with the contract, in one mode; None where these values do not say."""
    text = values.get("OPTARIF", values.get("NGTF"))
    return None if text is None else (words.contract_code(text) or words.collapse(text))


def tariff(values: Values, language: Language) -> dict[str, Json]:
    """Return the tariff period in force: its code, its name, and the étiquette of the index that counts."""
    found: dict[str, Json] = {}
    text = values.get("PTEC", values.get("LTARF"))
    if text is not None:
        code = words.period_code(text)
        found["code"] = code
        found["name"] = words.period_name(text, language)
        if "PTEC" in values:
            found["index"] = words.INDEX_OF_PERIOD.get(code or "")
    if (running := number(values, "NTARF")) is not None:
        found["index"] = f"EASF{running:02}"
    return found


def tempo(values: Values) -> dict[str, Json]:
    """
    Return the colours of Tempo, today's and tomorrow's: "blue", "white", "red", None where it is not known.

    From STGE (54E), else from PTEC and DEMAIN (02E). The day of a colour runs from 06:00 to 06:00. Empty for
    a meter without Tempo.
    """
    status = registers.status(values.get("STGE", ""))
    if status is not None:
        today = registers.TODAY.of(status)
        if not today:
            return {}
        return {"today": _COLOURS[today], "tomorrow": _COLOURS.get(registers.TOMORROW.of(status))}
    code = re.fullmatch(r"H[CP]J([BWR])", values.get("PTEC", ""))
    if code is None:
        return {}
    today_name = _COLOURS[1 + "BWR".index(code[1])]
    return {"today": today_name, "tomorrow": _COLOUR_CODES.get(values.get("DEMAIN", ""))}


def import_total(values: Values) -> tuple[str, int] | None:
    """
    Return what counts all that was drawn, and its Wh: EAST, BASE, or the sum of the contract's indexes.

    The first item names the étiquettes, with + between them.
    """
    for label in ("EAST", "BASE"):
        if (total := number(values, label)) is not None:
            return label, total
    option = next((o for o in CONTRACTS if values.get("OPTARIF", "").startswith(o)), None)
    if option is None:
        return None
    found = [number(values, label) for label in CONTRACTS[option]]
    known = [index for index in found if index is not None]
    return ("+".join(CONTRACTS[option]), sum(known)) if len(known) == len(found) else None


def indexes(values: Values, *, periods: dict[str, str], language: Language) -> dict[str, Json]:
    """
    Return each index of the supplier by its étiquette: `name` in words, `period`, `value` in Wh.

    In standard those that never counted and do not count now are left out. `periods`: see `words.index_name`.
    """
    running = f"EASF{number(values, 'NTARF') or 0:02}"
    own = values.get("OPTARIF", values.get("NGTF"))
    found: dict[str, Json] = {}
    for label in values:
        index = number(values, label)
        supplier = label.startswith("EASF") and (index or label == running)
        if index is not None and (supplier or label in words.INDEX_OF_PERIOD.values()):
            name = words.index_name(label, contract=own, periods=periods, language=language)
            period = words.index_period(label, contract=own)
            found[label] = {"name": name, "period": period, "value": index}
    return found


def per_phase(values: Values, *labels: str) -> dict[str, Json]:
    """Return a quantity of each phase, by the number of the phase; one without a number is phase 1."""
    found: dict[str, Json] = {}
    for phase in PHASES:
        names = [f"{label}{phase}" for label in labels] + (list(labels) if phase == 1 else [])
        if (value := number(values, *names)) is not None:
            found[str(phase)] = value
    return found


def contacts(values: Values) -> dict[str, Json]:
    """Return the breaker, the dry contact, and each relay (true: closed; 1 is the dry contact)."""
    found: dict[str, Json] = {}
    status = registers.status(values.get("STGE", ""))
    if status is not None:
        breaker = registers.BREAKER.of(status)
        found["breaker"] = _BREAKER[breaker] if breaker < len(_BREAKER) else None
        found["dry_contact"] = "open" if registers.DRY_CONTACT.of(status) else "closed"
    closed = registers.closed_relays(values.get("RELAIS", ""))
    if closed is not None:
        found["relays"] = {str(relay): relay in closed for relay in range(1, 9)}
    return found


def day_profile(values: Values) -> dict[str, Json]:
    """Return the slots of tomorrow (PJOURF+1) and of the next day of mobile peak (PPOINTE), in order."""
    found: dict[str, Json] = {}
    for name, label in (("tomorrow", "PJOURF+1"), ("mobile_peak", "PPOINTE")):
        slots = registers.profile(values.get(label, ""))
        if slots:
            found[name] = [_slot(slot) for slot in slots]
    return found


def _slot(slot: registers.Slot) -> dict[str, Json]:
    return {
        "start": slot.start,
        "or_start": slot.or_start,
        "index": None if slot.index is None else f"EASF{slot.index:02}",
        "dry_contact": _DRY_CONTACT[slot.dry],
        "relays": [number + 1 for number in slot.virtual],
    }


def alerts(values: Values, *, sends_alarms: bool) -> dict[str, bool]:
    """
    Return each alert that this meter can give, and whether it stands.

    `values` holds ADPS and ADIRn only while they are sent. A three-phase meter that never sends them
    (`sends_alarms` false) has an overrun where a current is above the subscribed one (spec of the type 76).
    """
    found: dict[str, bool] = {}
    status = registers.status(values.get("STGE", ""))
    if status is not None:
        found |= {name: bits.of(status) != 0 for name, bits in _ALERTS.items()}
    elif "OPTARIF" in values or "ISOUSC" in values:
        found["overrun"] = _overrun(values, sends_alarms=sends_alarms)
    if values.get("OPTARIF") == "EJP":
        found |= {"mobile_peak_notice": "PEJP" in values, "mobile_peak": values.get("PTEC") == "PM"}
    missing = registers.phases(values.get("PPOT", ""))
    if missing is not None:
        found["phase_missing"] = missing != 0
    return found


_ALERTS: Final = {
    "overrun": registers.OVERRUN,
    "overvoltage": registers.OVERVOLTAGE,
    "breaker_open": registers.BREAKER,
    "terminal_cover_open": registers.TERMINAL_COVER,
    "clock_degraded": registers.CLOCK,
    "mobile_peak_notice": registers.PEAK_NOTICE,
    "mobile_peak": registers.PEAK,
}


def _overrun(values: Values, *, sends_alarms: bool) -> bool:
    if any(label in values for label in ("ADPS", "ADIR1", "ADIR2", "ADIR3")):
        return True
    limit = number(values, "ISOUSC")
    if sends_alarms or limit is None:
        return False
    return any((number(values, f"IINST{phase}") or 0) > limit for phase in PHASES)
