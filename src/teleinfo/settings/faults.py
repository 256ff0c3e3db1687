"""
The messages about wrong settings: one line a fault, in English and in the language of the reader.

A line names the variable, the value unless it may hold a secret, what is allowed, and the default. Pure.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.settings.checks import RefusalError
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

PREFIX: Final = "TELEINFO_"
SECRET: Final = "mqtt_password"  # noqa: S105 (the name of the setting)

_LONGEST_SHOWN = 80  # characters of a wrong value


class SettingsError(Exception):
    """
    Settings are wrong; `messages` has one line for each fault, none of which shows a secret.

    `unreadable`: their file cannot be read, so that nobody knows whether one of them is wrong.
    """

    def __init__(self, messages: Sequence[Message], *, unreadable: bool = False) -> None:
        super().__init__("\n".join(messages))
        self.messages = tuple(messages)
        self.unreadable = unreadable

    def messages_of(self, path: object) -> list[Message]:
        """Return the messages with the file in front, unless they name it already."""
        return [
            message if str(path) in message else Message("{path}: {fault}", path=path, fault=message)
            for message in self.messages
        ]


class ConflictError(RefusalError):
    """Two settings contradict each other: the reason is the whole message, without the value."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The end of a sentence, `"abc" is not …`, and the default where that is not the setting's own."""

    what: Message
    default: Message | None = None


def variable_of(name: str) -> str:
    """Return the variable of the setting `name`."""
    return PREFIX + name.upper()


def is_ours(variable: str, fields: Collection[str]) -> bool:
    """Tell whether a variable is meant for one of `fields`: by its prefix, or by one that is nearly it."""
    prefix, _, rest = variable.upper().partition("_")
    if re.match(r"TELEINFO(?![A-Z0-9])", variable.upper()):
        return True
    return PREFIX + rest in fields and bool(difflib.get_close_matches(prefix + "_", [PREFIX], cutoff=0.8))


# What other programs call a setting, where that is not near its name.
_SYNONYMS: Final = {
    "DEVICE": "SERIAL_PORT",
    "SERIAL_DEVICE": "SERIAL_PORT",
    "BROKER": "MQTT_HOST",
    "MQTT_BROKER": "MQTT_HOST",
    "MQTT_SERVER": "MQTT_HOST",
    "MQTT_USER": "MQTT_USERNAME",
    "MQTT_PASS": "MQTT_PASSWORD",
}


def unknown(variable: str, names: Collection[str]) -> Message:
    """Return that no setting has this variable, and which one is meant; `names` are those of the settings."""
    rest = re.sub(r"^[^\W_]*[\W_]?", "", variable.upper()).replace("-", "_").replace(".", "_")
    known = [name.upper() for name in names]
    near = [_SYNONYMS[rest]] if rest in _SYNONYMS else difflib.get_close_matches(rest, known, n=1)
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


def wrong(
    name: str, cause: object, *, allowed: Allowed, default: str, given: Mapping[str, object]
) -> Message:
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


def _shown(name: str, given: Mapping[str, object]) -> str | None:
    """Quote what was given, unless it is the secret, holds it, or may hold another (user:password@host)."""
    value, secret = str(given.get(name, "")), given.get(SECRET)
    if name == SECRET or "@" in value or (secret and str(secret) in value):
        return None
    short = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
    return '"' + "".join(char if char.isprintable() else ascii(char)[1:-1] for char in short) + '"'
