"""The declared fields of the state, read from its message, in the language of the reader. Pure."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from teleinfo.common.i18n import N_, _, decimal
from teleinfo.common.terminal_text import printable
from teleinfo.state.declaration import FIELD_OF_PATH, FIELDS
from teleinfo.state.field_entry import ANY_LABEL, Field, FieldPath, StateType
from teleinfo.state.labels import MAX_TEXT
from teleinfo.state.tariffs import unnamed_index
from teleinfo.vocabulary.codes import Alert, Contract, TariffPeriod
from teleinfo.vocabulary.words import Code, Designation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.state.fields import Json

MINUS: Final = "\N{MINUS SIGN}"

POSSIBLE: Final = 10**12
"""A bound of the numbers in the state of a daemon."""

_SPANS: Final = ("today", "yesterday", "this_month", "last_month")

_MEMORY: Final = ("cost.", "tariff.next.", *(f"energy.{span}." for span in _SPANS))
"""The fields that need the memory or the settings of the daemon, by the beginning of their paths."""

_SHOWN_UNITS: Final = {"Wh": "kWh", "EUR": "€", "EUR/kWh": "€/kWh"}
"""The units for people, by unit of a field; any other unit stays as it is."""

_WH_PER_KWH: Final = 1000
_KWH_DECIMALS: Final = 2

_INCOMPLETE: Final = ("complete", False, N_("{value} (incomplete)"))
_MARKS: Final = {
    "power.apparent_export": ("apparent_export_estimated", True, N_("{value} (estimated)")),
    "tariff.next.time": ("learned", True, N_("{value} (learned)")),
    **{f"energy.{span}.{way}": _INCOMPLETE for span in _SPANS for way in ("imported", "exported")},
    **{f"cost.{span}.value": _INCOMPLETE for span in _SPANS},
}
"""By path of a field: the field beside it, and its value with which the text is marked."""

_ROWS: Final = [
    field
    for field in FIELDS
    if field.name and field.type in {StateType.NUMBER, StateType.TEXT, StateType.TIME}
    if not (field.path.endswith(".time") and f"{field.path.removesuffix('.time')}.value" in FIELD_OF_PATH)
]
"""The fields that have a row: those with a name and a quantity, a text or a time of their own."""


def find(state: Json, path: str) -> Json:
    """Return the value or the part at a path of the state, or None."""
    for name in path.split("."):
        state = state.get(name) if isinstance(state, dict) else None
    return state


def integer(state: Json, path: str) -> int | None:
    """Return the number at a path of the state; None if it is unknown."""
    value = find(state, path)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None


def title(path: str) -> str:
    """Return the name of a field, without its phase."""
    return _(FIELD_OF_PATH[path].title(single=True))


def text(state: Json, path: str) -> str:
    """
    Return a number in its unit, a time, or a code or text in the language of the reader; empty if unknown.

    Neighbouring fields may add the time or the bounds of a number, and mark it as estimated, for example.
    """
    section = path.rpartition(".")[0]
    field = FIELD_OF_PATH.get(path) or FIELD_OF_PATH[f"{section}.{ANY_LABEL}"]
    value = find(state, path)
    if field.type is StateType.TIME:
        time_of_state = find(state, "time")
        today = None
        if isinstance(time_of_state, str):
            today = dt.datetime.fromisoformat(time_of_state).date()
        shown = clock(value, today=today)
    elif isinstance(value, Code):
        shown = printable(_(value.words))
    elif isinstance(value, str):
        shown = printable(_(value))
    else:
        shown = _quantity(state, field, value)
    if shown and path in _MARKS:
        mark, marking, template = _MARKS[path]
        if find(state, f"{section}.{mark}") is marking:
            return _(template).format(value=shown)
    return shown


def _quantity(state: Json, field: Field, value: Json) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    path = field.path
    unit = field.unit or ""
    decimals = field.precision or 0
    divisor = 1
    if unit == "Wh":
        decimals = _KWH_DECIMALS
        divisor = _WH_PER_KWH
    quantity = number(value / divisor, decimals)
    errors = []
    for bound in (find(state, f"{path}_lower"), find(state, f"{path}_upper")):
        if isinstance(bound, int | float):
            errors.append(abs(bound - value))
    if errors:
        quantity += f" ± {number(max(errors) / divisor, decimals)}"
    if unit:  # a share such as the power factor has none
        quantity += f" {_SHOWN_UNITS.get(unit, unit)}"
    if field.parts[0] == "cost" and field.parts[-1] == "value":
        return _("{cost}, subscription included").format(cost=quantity)
    time = clock(find(state, f"{path.removesuffix('.value')}.time"))
    if time:
        return _("{power} at {time}").format(power=quantity, time=time)
    if find(state, f"{path}_is_upper_bound") is True:
        return _("at most {power}").format(power=quantity)
    return quantity


def rows(state: Json) -> Iterator[tuple[Field, str, str]]:
    """Yield each field whose row is known, with its name and its text."""
    single = find(state, "meter.phases") == 1
    for field in _ROWS:
        if field.beside is not None and find(state, field.beside.path) is None:
            continue
        shown = text(state, field.path)
        if shown:
            yield field, _(field.title(single=single)), shown


def remembered(published: Any) -> dict[FieldPath, Json]:  # noqa: ANN401 - JSON of anybody
    """
    Return what a daemon knows by its memory and its settings, by path, from the state that it `published`.

    Anybody may have published it: a value that is not of the type of its field is None. So is the cost of its
    energies if it has no prices: our own cost covers only what this process has seen.
    """
    values: dict[FieldPath, Json] = {}
    if find(published, "energy.today") is not None:
        for span in _SPANS:
            values["cost", span, "value"] = None
            values["cost", span, "complete"] = None
    for field in FIELDS:
        if not field.path.startswith(_MEMORY):
            continue
        before_star, star, after_star = field.path.partition(f".{ANY_LABEL}")
        if after_star:
            continue
        value = find(published, before_star)
        if not star:
            if value is not None:
                values[field.parts] = _checked(field, value)
        elif isinstance(value, dict):
            for label, of_label in value.items():
                values[*before_star.split("."), label] = _checked(field, of_label)
    values |= _names_of_indexes(find(published, "energy.indexes"))
    code = values.get(("tariff", "next", "code"))
    if isinstance(code, Code):
        values["tariff", "next", "name"] = code.words
    return values


def _names_of_indexes(published: Any) -> dict[FieldPath, Json]:  # noqa: ANN401 - JSON of anybody
    """
    Return name and code of each index of an uncommon contract, by path, as a daemon `published` them.

    The daemon has seen the periods of all indexes in the course of a week; this process has not.
    """
    values: dict[FieldPath, Json] = {}
    if not isinstance(published, dict):
        return values
    for key, index in published.items():
        if key in TariffPeriod.__members__:
            continue  # the index of a usual contract
        name = find(index, "name")
        if find(index, "label") != key or not isinstance(name, str):
            continue
        path = ("energy", "indexes", key)
        code = _checked(FIELD_OF_PATH["energy.indexes.*.code"], find(index, "code"))
        if isinstance(code, TariffPeriod):
            values[*path, "code"] = code
            values[*path, "name"] = code.words
        elif len(name) <= MAX_TEXT and not _is_of_unnamed_index(name, key):
            values[*path, "name"] = name
    return values


def _is_of_unnamed_index(name: str, key: str) -> bool:
    """True if `name` is the title that an index of the étiquette `key` has while its period is unknown."""
    title = unnamed_index(key)
    if isinstance(title, Designation):
        return name in {title, title.french}  # the daemon may speak the other language
    return name == title


def _checked(field: Field, value: Any) -> Json:  # noqa: ANN401 - JSON of anybody
    """Return a value if its type fits the field and its size is possible, else None."""
    if field.codes:
        for code in field.codes:
            if code == value:
                return code
        return None
    if field.type is StateType.NUMBER:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if is_number and -POSSIBLE < value < POSSIBLE else None
    type_of_field = bool if field.type is StateType.BOOLEAN else str
    return value if isinstance(value, type_of_field) else None


def alerts_of(state: Json) -> Iterator[Alert]:
    """Yield the alerts that mean something with this contract: with Tempo, a mobile peak is a red day."""
    contract = find(state, "contract.code")
    for alert in Alert:
        field = FIELD_OF_PATH[f"alerts.{alert}.active"]
        if not isinstance(field.enabled, Contract) or field.enabled == contract:
            yield alert


def number(figure: float, digits: int = 0) -> str:
    """Return a number with a blank between the thousands and a typographic minus sign, but no "−0"."""
    return decimal(f"{figure:z,.{digits}f}".replace(",", " ").replace("-", MINUS))


def clock(time: Json, *, today: dt.date | None = None, seconds: bool = False) -> str:
    """Return the time of day of a time in ISO 8601, with its date unless that is `today`; empty for none."""
    try:
        moment = dt.datetime.fromisoformat(str(time))
    except ValueError:
        return ""
    shown = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    if today is None or today == moment.date():
        return shown
    return f"{moment:%d/%m} {shown}"
