"""
The fields of the state, from the values of one meter: étiquettes in, names, numbers and codes out.

Pure. Each function returns one part of the state (docs/state.md); a field whose étiquette is missing is left
out. Units: Wh, VA, W, A, V. Sources: Enedis-NOI-CPT_02E v6 and 54E v3, named with the étiquettes in
`teleinfo.tic.tables`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from teleinfo.state import tariffs
from teleinfo.tic import registers
from teleinfo.tic.labels import CONTRACTS, parse_uint
from teleinfo.vocabulary.codes import Alert, Colour, Phase, TariffPeriod

if TYPE_CHECKING:
    from collections.abc import Mapping


Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Values: TypeAlias = "Mapping[str, str]"

VA_PER_AMPERE: Final = 200
"""A subscription of 1 kVA is 5 A a phase (02E, "ISOUSC")."""

COLOUR_CODES: Final = {"BLEU": Colour.BLUE, "BLAN": Colour.WHITE, "ROUG": Colour.RED}
"""The colours as DEMAIN says them (02E)."""


def number(values: Values, *labels: str) -> int | None:
    """Return the whole number of the first of these étiquettes that has one."""
    return next((n for label in labels if (n := parse_uint(values.get(label, ""))) is not None), None)


def phases(values: Values) -> int:
    """Return how many phases the meter has: 1 or 3."""
    return 3 if any(label in values for label in ("IINST2", "IINST3", "IRMS2", "IRMS3")) else 1


def contract(values: Values) -> dict[str, Json]:
    """Return the contract: its code and name, the subscribed power in VA, the current of it in A a phase."""
    found: dict[str, Json] = {}
    text = values.get("OPTARIF", values.get("NGTF"))
    if text is not None:
        found["code"] = tariffs.contract_of(text)
        found["name"] = tariffs.contract_name(text)
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
    return None if text is None else (tariffs.contract_of(text) or tariffs.collapse(text))


def tariff(values: Values) -> dict[str, Json]:
    """Return the tariff period in force: its code, its name, and the étiquette of the index that counts."""
    found: dict[str, Json] = {}
    text = values.get("PTEC", values.get("LTARF"))
    if text is not None:
        period = tariffs.period_of(text)
        found["code"] = period
        found["name"] = tariffs.period_name(text)
        if "PTEC" in values:
            found["index"] = None if period is None else tariffs.INDEX_OF_PERIOD.get(period)
    if (running := number(values, "NTARF")) is not None:
        found["index"] = f"EASF{running:02}"
    return found


def tempo(values: Values) -> dict[str, Json]:
    """
    Return the colours of Tempo, today's and tomorrow's: None where it is not known.

    From STGE (54E), else from PTEC and DEMAIN (02E). The day of a colour runs from 06:00 to 06:00. Empty for
    a meter without Tempo.
    """
    status = registers.status(values.get("STGE", ""))
    if status is not None:
        today = registers.colour(status, registers.TODAY)
        tomorrow = registers.colour(status, registers.TOMORROW)
    else:
        period = tariffs.period_of(values.get("PTEC", ""))
        today = None if period is None else period.colour
        tomorrow = COLOUR_CODES.get(values.get("DEMAIN", ""))
    return {} if today is None else {"today": today, "tomorrow": tomorrow}


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


def indexes(values: Values, *, periods: dict[str, str]) -> dict[str, Json]:
    """
    Return each index of the supplier by its étiquette: `name` in words, `period`, `value` in Wh.

    In standard those that never counted and do not count now are left out. `periods`: as in
    `tariffs.index_name`.
    """
    running = f"EASF{number(values, 'NTARF') or 0:02}"
    own = values.get("OPTARIF", values.get("NGTF"))
    found: dict[str, Json] = {}
    for label in values:
        index = number(values, label)
        supplier = label.startswith("EASF") and (index or label == running)
        if index is not None and (supplier or label in tariffs.INDEX_OF_PERIOD.values()):
            name = tariffs.index_name(label, contract=own, periods=periods)
            period = tariffs.index_period(label, contract=own)
            found[label] = {"name": name, "period": period, "value": index}
    return found


def per_phase(values: Values, *labels: str) -> dict[str, Json]:
    """Return a quantity of each phase, by the number of the phase; one without a number is phase 1."""
    found: dict[str, Json] = {}
    for phase in Phase:
        names = [f"{label}{phase}" for label in labels] + (list(labels) if phase is Phase.ONE else [])
        if (value := number(values, *names)) is not None:
            found[phase] = value
    return found


def contacts(values: Values) -> dict[str, Json]:
    """Return the breaker, the dry contact, and each relay (true: closed; 1 is the dry contact)."""
    found: dict[str, Json] = {}
    status = registers.status(values.get("STGE", ""))
    if status is not None:
        found["breaker"] = registers.breaker(status)
        found["dry_contact"] = registers.dry_contact(status)
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
        "dry_contact": slot.dry,
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
        found |= {alert: bits.of(status) != 0 for alert, bits in registers.ALERTS.items()}
    elif "OPTARIF" in values or "ISOUSC" in values:
        found[Alert.OVERRUN] = _overrun(values, sends_alarms=sends_alarms)
    if values.get("OPTARIF") == "EJP":
        found[Alert.MOBILE_PEAK_NOTICE] = "PEJP" in values
        found[Alert.MOBILE_PEAK] = values.get("PTEC") == TariffPeriod.PM
    missing = registers.missing_phases(values.get("PPOT", ""))
    if missing is not None:
        found[Alert.PHASE_MISSING] = bool(missing)
    return found


def _overrun(values: Values, *, sends_alarms: bool) -> bool:
    if any(label in values for label in ("ADPS", "ADIR1", "ADIR2", "ADIR3")):
        return True
    limit = number(values, "ISOUSC")
    if sends_alarms or limit is None:
        return False
    return any((number(values, f"IINST{phase}") or 0) > limit for phase in Phase)
