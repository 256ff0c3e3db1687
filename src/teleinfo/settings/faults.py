"""
Messages about wrong settings, a line for each fault, to be shown in English or in the user's language.

A line has the variable, the value (unless it may hold a secret), the allowed values, and the default. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from teleinfo.settings.checks import RefusalError, nearest
from teleinfo.settings.values import DEFAULTS
from teleinfo.vocabulary.words import Language, Message

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from teleinfo.settings.allowed import InWords

PREFIX: Final = "TELEINFO_"
SECRETS: Final = ("mqtt_password", "web_token")

_LONGEST_SHOWN: Final = 80  # characters of a wrong value
_OUR_FIRST_WORD: Final = re.compile(r"TELEINFO(?![A-Z0-9])")
_ANY_FIRST_WORD: Final = re.compile(r"^[^\W_]*[\W_]?")
"""The first word of a variable, with the sign behind it."""
_LIKE_OURS: Final = 0.8
"""Likeness from which a prefix is ours with a typing error, such as TELINFO_."""


class SettingsError(Exception):
    """
    Raised for wrong or unreadable settings; `messages` has a line for each fault, without any secret.

    `language` is the language of the log, if it could be read from the settings.
    """

    def __init__(self, messages: Sequence[Message], language: Language = Language.FR) -> None:
        super().__init__("\n".join(messages))
        self.messages = tuple(messages)
        self.language = language


class ConflictError(RefusalError):
    """Raised for a setting that contradicts the setting `other`; the message does not show the value."""

    def __init__(self, reason: str, other: str) -> None:
        super().__init__(reason, other=variable_of(other))


def variable_of(name: str) -> str:
    """Return the variable of the setting `name`."""
    return PREFIX + name.upper()


def is_ours(variable: str, fields: Collection[str]) -> bool:
    """True if a variable has our prefix, or is one of `fields` with a prefix similar to ours."""
    variable = variable.upper()
    if _OUR_FIRST_WORD.match(variable):
        return True
    prefix, separator, name = variable.partition("_")
    if PREFIX + name not in fields:
        return False
    return nearest(prefix + separator, [PREFIX], most=1, least_likeness=_LIKE_OURS) != []


# Other programs' names for our settings; names similar to ours need no entry.
_SYNONYMS: Final = {
    "DEVICE": "SERIAL_PORT",
    "SERIAL_DEVICE": "SERIAL_PORT",
    "BROKER": "MQTT_HOST",
    "MQTT_BROKER": "MQTT_HOST",
    "MQTT_SERVER": "MQTT_HOST",
}


def unknown(variable: str, names: Collection[str]) -> Message:
    """Return the message for a variable that is no setting; `names` are the names of all settings."""
    without_prefix = _ANY_FIRST_WORD.sub("", variable.upper())
    name = without_prefix.replace("-", "_").replace(".", "_")
    if name in _SYNONYMS:
        suggestions = [_SYNONYMS[name]]
    else:
        suggestions = nearest(name, [each.upper() for each in names], most=1)
    if not suggestions:
        return Message("{variable}: there is no such setting; .env-sample lists them all", variable=variable)
    near = PREFIX + suggestions[0]
    return Message("{variable}: there is no such setting; did you mean {near}?", variable=variable, near=near)


def wrong(name: str, in_words: InWords, cause: object, given: Mapping[str, object]) -> Message:
    """
    Return the message for an invalid value of the setting `name`, which may have the values `in_words`.

    `cause` is the exception that a function of `checks` raised, if any; `given` has the given values by name.
    """
    variable = variable_of(name)
    if isinstance(cause, ConflictError):
        return Message("{variable}: {reason}", variable=variable, reason=cause.reason)
    shown = _quoted(name, given)
    # A reason may quote a part of the value: it is left out with a value that is not shown.
    if isinstance(cause, RefusalError) and shown is not None:
        line = Message("{variable}: {shown} {reason}", variable=variable, shown=shown, reason=cause.reason)
    else:
        allowed = Message(in_words.allowed, name="{hostname}")
        if shown is None:
            shown = Message("what was given (not shown)")
        line = Message(
            "{variable}: {shown} is not {allowed}", variable=variable, shown=shown, allowed=allowed
        )
    default = Message(in_words.default) if in_words.default else written(DEFAULTS[name])
    if not default:
        return line
    return Message("{line}; default {default}", line=line, default=default)


def _quoted(name: str, given: Mapping[str, object]) -> str | None:
    """
    Return the given value of a setting in quotes, shortened, and without a character that does not print.

    None if it is a secret, contains one, or may contain one (user:password@host).
    """
    value = str(given.get(name, ""))
    if name in SECRETS or "@" in value:
        return None
    for secret in SECRETS:
        if given.get(secret) and str(given[secret]) in value:
            return None
    if len(value) > _LONGEST_SHOWN:
        value = value[:_LONGEST_SHOWN] + "…"
    return '"' + "".join(map(_in_print, value)) + '"'


def _in_print(char: str) -> str:
    """Return a character, or its Python escape if it does not print."""
    if char.isprintable():
        return char
    return ascii(char).strip("'")


def written(default: object) -> str:
    """Return a default as it is written in a settings file; empty if the setting has none."""
    if default is None or default == frozenset():
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return str(default)
