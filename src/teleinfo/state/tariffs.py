"""
Contracts, tariff periods and indexes, as a meter sends them: texts in, codes and names out.

Pure. A tariff period has the same code in both modes. Historique sends the code itself (`PTEC`, 02E). In
standard, the code is derived from the text of the supplier (`LTARF`, 54E §6.2), whose words may come in any
order and with any blanks (`HC  BLEU`, `BLEU HC`). A name is the `Message` of a code, or the
supplier's text if no code fits.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.tic.labels import ORDER, STANDARD, Kind, Mode
from teleinfo.vocabulary.codes import Contract, TariffPeriod

if TYPE_CHECKING:
    from collections.abc import Mapping


class Index(NamedTuple):
    """An index: its étiquette, the name and the code of what it counts, and its reading in Wh."""

    label: str
    name: str | None
    code: TariffPeriod | None
    value: int


INDEX_OF_PERIOD: Final = {
    label.period: label.name for label in ORDER[Mode.HISTORIQUE] if label.kind is Kind.INDEX
}
"""The index of historique that counts in each tariff period (02E)."""

CALENDARS: Final[Mapping[Contract, tuple[TariffPeriod, ...]]] = {
    Contract.BASE: (TariffPeriod.TH,),
    Contract.HC: (TariffPeriod.HC, TariffPeriod.HP),
    Contract.EJP: (TariffPeriod.HN, TariffPeriod.PM),
    Contract.TEMPO: (
        TariffPeriod.HCJB,
        TariffPeriod.HPJB,
        TariffPeriod.HCJW,
        TariffPeriod.HPJW,
        TariffPeriod.HCJR,
        TariffPeriod.HPJR,
    ),
    Contract.PRODUCER: (TariffPeriod.PRODUCER,),
}
"""The periods that EASF01, EASF02 … count with each contract, in this order (54E, tariff calendars)."""

_PERIOD_OF_INDEX: Final = {label: period for period, label in INDEX_OF_PERIOD.items()}
_SUPPLIER_INDEXES: Final[dict[tuple[str, str], TariffPeriod]] = {
    (contract, f"EASF{number:02}"): period
    for contract, periods in CALENDARS.items()
    for number, period in enumerate(periods, start=1)
}

# The words of suppliers.
_HOURS: Final[Mapping[str, frozenset[str]]] = {
    TariffPeriod.HSC: frozenset({"SUPER"}),
    TariffPeriod.HC: frozenset({"HC", "CREUSE", "CREUSES"}),
    TariffPeriod.HP: frozenset({"HP", "PLEINE", "PLEINES"}),
    TariffPeriod.PM: frozenset({"PM", "POINTE"}),
    TariffPeriod.HN: frozenset({"HN", "NORMALE", "NORMALES"}),
    TariffPeriod.TH: frozenset({"BASE", "TH"}),
}
"""The words for the hours of a period: the first part of its code."""
_DAYS: Final[Mapping[str, frozenset[str]]] = {
    "JB": frozenset({"BLEU"}),
    "JW": frozenset({"BLANC"}),
    "JR": frozenset({"ROUGE"}),
    "WE": frozenset({"WE", "WEEK", "END", "WEEKEND"}),
}
"""The words for the days of a period: the second part of its code."""
_WHOLE: Final[Mapping[str, frozenset[str]]] = {TariffPeriod.PRODUCER: frozenset({"CONSO"})}
"""The words for a period as a whole."""
_NEUTRAL: Final = frozenset(
    {"H", "HEURE", "HEURES", "JOUR", "JOURS", "EN", "ET", "INDEX", "NON", "MOBILE", "TARIF"}
)
"""The words that change no period."""
_UNDERSTOOD: Final = _NEUTRAL.union(*_HOURS.values(), *_DAYS.values(), *_WHOLE.values())
"""A text with any other word has no code: `HP MERCREDI` is not HP."""


_OFF_PEAK_WORDS: Final = frozenset(
    {"H", "HC", "HP", "HEURE", "HEURES", "CREUSE", "CREUSES", "PLEINE", "PLEINES"}
)
"""The words for the contract with off-peak hours; a text with any other word names an uncommon contract."""


@lru_cache(maxsize=32)
def collapse(text: str) -> str:
    """Return a text without padding, and with a single blank for each run of blanks."""
    return " ".join(text.split())


@lru_cache(maxsize=32)
def contract_of(text: str) -> Contract | None:
    """
    Return the contract for a text of OPTARIF or NGTF; None for an uncommon contract.

    A calendar with special days (`HC SEM WE MERCR`) is an uncommon contract.
    """
    words: set[str] = set(re.findall(r"[A-Z]+", text.upper()))
    # In historique, the letter after BBR is the programme of the contacts, and no part of the contract (02E).
    if text.startswith("BBR") or words == {"TEMPO"}:
        return Contract.TEMPO
    if "PRODUCTEUR" in words:
        return Contract.PRODUCER
    if words == {"BASE"}:
        return Contract.BASE
    if words == {"EJP"}:
        return Contract.EJP
    if words and words <= _OFF_PEAK_WORDS:
        return Contract.HC
    return None


def contract_identity(text: str) -> str:
    """Return the code of a common contract, else its text without padding and double blanks."""
    return contract_of(text) or collapse(text)


def periods_of(contract: str) -> list[TariffPeriod]:
    """Return the tariff periods of a common contract, by its code."""
    return list(CALENDARS[Contract(contract)])


def contract_name(text: str) -> str | None:
    """Return the name of a contract; None for an empty text."""
    contract = contract_of(text)
    if contract is not None:
        return contract.words
    return collapse(text) or None


@lru_cache(maxsize=32)
def period_of(text: str) -> TariffPeriod | None:
    """
    Return the tariff period for a text of PTEC or LTARF; None for an uncommon period.

    Every word must be understood: `HP MERCREDI` and `HC SEMAINE` are periods of their own.
    """
    if text in TariffPeriod.__members__:
        return TariffPeriod[text]
    words: set[str] = set(re.findall(r"\w+", text.upper()))
    if not words <= _UNDERSTOOD:
        return None
    whole = _codes_in(words, _WHOLE)
    hours = _codes_in(words, _HOURS)
    days = _codes_in(words, _DAYS)
    if TariffPeriod.HSC in hours:
        hours.discard(TariffPeriod.HC)
    # A text with two hours or two kinds of days is none of the common periods.
    if len(hours) > 1 or len(days) > 1:
        return None
    if whole and (hours or days):
        return None
    # Each set has one part of the code at most, such as HC and JB of HCJB.
    code = "".join((*whole, *hours, *days))
    return TariffPeriod.__members__.get(code)


def _codes_in(words: set[str], words_by_code: Mapping[str, frozenset[str]]) -> set[str]:
    """Return the codes for which the text has a word."""
    codes = set()
    for code, words_of_code in words_by_code.items():
        if words & words_of_code:
            codes.add(code)
    return codes


def period_name(text: str) -> str | None:
    """Return the name of a tariff period; None for an empty text."""
    period = period_of(text)
    if period is not None:
        return period.words
    return collapse(text) or None


def period_in_force(text: str, key: object) -> TariffPeriod | None:
    """
    Return the tariff period for a text of PTEC or LTARF, else that of the `key` of the index in force.

    It is None if the text is uncommon, and the key is unknown or no code of a period.
    """
    period = period_of(text)
    if period is not None:
        return period
    return TariffPeriod.__members__.get(str(key))


def calendar_period(label: str, contract: str) -> TariffPeriod | None:
    """
    Return the tariff period that an index counts by the documents' tables; None if they have none.

    `contract` is a `contract_identity`.
    """
    if label in _PERIOD_OF_INDEX:  # in historique, an étiquette has the same period in any contract
        return _PERIOD_OF_INDEX[label]
    return _SUPPLIER_INDEXES.get((contract, label))


def index_key(label: str, contract: str) -> str:
    """
    Return the key of an index, the same in both modes; `contract` is a `contract_identity`.

    It is the tariff period of the index by the documents' tables, else its étiquette. The text of a supplier
    makes no key: it is known only once its period is in force.
    """
    period = calendar_period(label, contract)
    if period is None:
        return label
    return period.value


def index_of(label: str, value: int, *, contract: str, periods: Mapping[str, str]) -> Index:
    """
    Return the index with this étiquette, which shows `value` Wh; `contract` is a `contract_identity`.

    `periods` maps the étiquette of a supplier index to the LTARF that was in force while it counted.
    """
    supplier_text = periods.get(label, "")
    period = calendar_period(label, contract)
    if period is None:
        period = period_of(supplier_text)
    if period is not None:
        return Index(label, period.words, period, value)
    name = collapse(supplier_text) or unnamed_index(label)
    return Index(label, name, None, value)


def unnamed_index(label: str) -> str:
    """Return the name of an index whose tariff period is unknown: the title of its étiquette."""
    if label not in STANDARD:
        return label
    return STANDARD[label].title


def codes_of_one_index(codes: Mapping[str, TariffPeriod | None]) -> dict[str, str]:
    """Return the code by key of each index whose code no other one of `codes` has."""
    uses = Counter(codes.values())
    unique = {}
    for key, code in codes.items():
        if code is not None and uses[code] == 1:
            unique[key] = code.value
    return unique
