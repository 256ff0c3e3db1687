"""The declared fields of the state, read from its message, in the language of the reader. Pure."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.state.declaration import FIELD_OF_PATH
from teleinfo.vocabulary.words import Code

if TYPE_CHECKING:
    from teleinfo.state.fields import Json


def find(state: Json, path: str) -> Json:
    """Return the value or the part at a path of the state; None if there is none."""
    for name in path.split("."):
        state = state.get(name) if isinstance(state, dict) else None
    return state


def integer(state: Json, path: str) -> int | None:
    """Return the number at a path of the state; None if it is unknown."""
    value = find(state, path)
    return value if isinstance(value, int) else None


def title(path: str) -> str:
    """Return the name of a field, without its phase."""
    return _(FIELD_OF_PATH[path].title(single=True))


def text(state: Json, path: str) -> str:
    """
    Return a number in its unit, or a code or text in the language of the reader; empty if it is unknown.

    A neighbouring field may add the time of a number, or mark the number as an upper bound.
    """
    value = find(state, path)
    if isinstance(value, str):
        return printable(_(value.words if isinstance(value, Code) else value))
    if not isinstance(value, int):
        return ""
    quantity, time = f"{number(value)} {FIELD_OF_PATH[path].unit}", clock(find(state, f"{path}_time"))
    if time:
        return _("{power} at {time}").format(power=quantity, time=time)
    is_bound = find(state, f"{path}_is_upper_bound") is True
    return _("at most {power}").format(power=quantity) if is_bound else quantity


def entries(state: Json, *paths: str) -> list[Json]:
    """Return the name and the text of each of these fields whose value is known."""
    return [[title(path), text(state, path)] for path in paths if text(state, path)]


def number(figure: float) -> str:
    """Return a number with a blank between the thousands."""
    return f"{figure:,.0f}".replace(",", " ")


def clock(time: Json, *, today: dt.date | None = None, seconds: bool = False) -> str:
    """Return the time of day of a time in ISO 8601, with its date unless that is `today`; empty for none."""
    try:
        read = dt.datetime.fromisoformat(str(time))
    except ValueError:
        return ""
    shown = f"{read:%H:%M:%S}" if seconds else f"{read:%H:%M}"
    return shown if today in {None, read.date()} else f"{read:%d/%m} {shown}"
