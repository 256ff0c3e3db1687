"""
What is said of a wrong setting: one sentence a fault, in English and in the language of the reader.

It has the variable, what was given unless it may hold a secret, what is allowed, and the default. Pure.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import Message
from teleinfo.settings.checks import RefusalError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

PREFIX: Final = "TELEINFO_"
SECRET: Final = "mqtt_password"  # noqa: S105 (the name of the setting)

_LONGEST_SHOWN = 80  # characters of a wrong value


class SettingsError(Exception):
    """Settings are wrong; `faults` has one line for each, none of which shows a secret."""

    def __init__(self, sentences: Sequence[Message]) -> None:
        super().__init__("\n".join(map(str, sentences)))
        self._sentences = tuple(sentences)

    @property
    def faults(self) -> list[str]:
        """The faults in English, as the log has them."""
        return [str(sentence) for sentence in self._sentences]

    @property
    def localized(self) -> list[str]:
        """The faults in the language of the reader."""
        return [sentence.localized() for sentence in self._sentences]


class ConflictError(RefusalError):
    """Two settings contradict each other: the reason says all, the value alone is not at fault."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The end of a sentence, `"abc" is not …`, and the default where that is not the setting's own."""

    what: Message
    default: Message | None = None


def variable_of(name: str) -> str:
    """Return the variable of the setting `name`."""
    return PREFIX + name.upper()


def unknown(variable: str, names: Collection[str]) -> Message:
    """Return that no setting has this variable; `names` are those of the settings."""
    rest = variable.upper().partition("_")[2]
    near = difflib.get_close_matches(rest, [name.upper() for name in names], n=1)
    if near:
        return Message(
            "{variable}: there is no such setting; did you mean {near}?",
            variable=variable,
            near=PREFIX + near[0],
        )
    return Message(
        "{variable}: there is no such setting; {sample} lists them all",
        variable=variable,
        sample=".env-sample",
    )


def wrong(name: str, cause: object, *, allowed: Allowed, default: str, given: Mapping[str, str]) -> Message:
    """
    Return that the setting `name` has a wrong value; `given` is all that was given, by name.

    `cause` is what the check raised, where it was one of `checks`; `default` is the setting's own.
    """
    variable = variable_of(name)
    if isinstance(cause, ConflictError):
        return Message("{variable}: {reason}", variable=variable, reason=cause.reason)
    shown = _shown(name, given)
    if isinstance(cause, RefusalError) and shown is not None:
        line = Message("{variable}: {shown} {reason}", variable=variable, shown=shown, reason=cause.reason)
    else:
        line = Message(
            "{variable}: {shown} is not {allowed}",
            variable=variable,
            shown=Message("what was given (not shown)") if shown is None else shown,
            allowed=allowed.what,
        )
    usual = allowed.default or default
    return Message("{line}; default {default}", line=line, default=usual) if usual else line


def _shown(name: str, given: Mapping[str, str]) -> str | None:
    """Quote what was given, unless it is the secret, holds it, or may hold another (user:password@host)."""
    value, secret = given.get(name, ""), given.get(SECRET)
    if name == SECRET or "@" in value or (secret and secret in value):
        return None
    short = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
    return '"' + "".join(char if char.isprintable() else ascii(char)[1:-1] for char in short) + '"'
