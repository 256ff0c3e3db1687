"""
Translate messages into the language of the user: see `service_language`; without settings, of the locale.

`_(message)` translates; `N_(message)` marks a message that is translated later. A message is a literal with
named fields, `_("the port {path} is busy").format(path=path)`, or a `Message` with its fields. A test
collects the messages from the sources.

The catalogues are gettext's .po files, `locale/<language>/<part>.po`, one for each part of the program. They
are read as they are, in a few milliseconds: compiled ones would need a build step in each way of installing
teleinfo. The daemon works in the language of its settings (see `use_language`); `journal` translates its log.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

from teleinfo.vocabulary.words import Designation, Language, Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")

FOLDER: Final = Path(__file__).parents[1] / "locale"

_chosen: ContextVar[Language | None] = ContextVar("chosen", default=None)

# The variables of the locale, the strongest first; LANGUAGE, which may hold several languages, comes before.
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
_ACCEPTED = re.compile(r"([a-z]{2,3})(?:-[a-z0-9-]+)?(?:\s*;\s*q=([01](?:\.\d{0,3})?))?")
_ENTRY = re.compile(r'^msgid (".*")\nmsgstr (".*")$', re.MULTILINE)


def _(message: str) -> str:
    """Return `message` in the language of the reader, or unchanged if it has no translation."""
    # A designation has both texts in itself, and is in no catalogue.
    if isinstance(message, Designation):
        return message.french if language() is Language.FR else message
    translations = catalogue(language())
    if not isinstance(message, Message):
        return translations.get(message, message)
    fields: dict[str, object] = {}
    for name, field in message.fields.items():
        fields[name] = field
        if isinstance(field, Message):  # a designation is one, too
            fields[name] = _(field)
    template = translations.get(message.template, message.template)
    return template.format(**fields)


def in_words(value: T) -> T:
    """
    Return a JSON value, such as the decoded state, with each `Message` in the language of the reader.

    Objects are searched at any depth; arrays are returned as they are.
    """
    if isinstance(value, dict):
        return cast("T", {name: in_words(inner) for name, inner in value.items()})
    if isinstance(value, Message):
        return cast("T", _(value))
    return value


def inline(text: str) -> str:
    """Return words of the vocabulary for use within a sentence: translated, without their capital."""
    words = _(text)
    return words[:1].lower() + words[1:]


def decimal(figure: str) -> str:
    """Return `figure`, a number with a decimal point, in the notation of the locale's language."""
    return figure.replace(".", ",") if language() is Language.FR else figure


def plural(count: int, one: str, other: str) -> str:
    """Return `one` or `other`, marked with `N_`, in the language of the reader; in French 0 is singular."""
    is_singular = count == 1 or (count == 0 and language() is Language.FR)
    if is_singular:
        return _(one)
    return _(other)


def N_(message: str) -> str:  # noqa: N802 - gettext's name for it
    """Return `message` unchanged: `_` translates it when it is shown."""
    return message


def language() -> Language:
    """
    Return the language of `use_language`, else the language that the environment asks for.

    As in gettext, the first variable that is set decides, and LANGUAGE is ignored in the locale C.
    """
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    for locale in _wanted_locales():
        code = re.split(r"[_.@]", locale)[0].lower()  # "fr" of "fr_FR.UTF-8"
        for known in Language:
            if code == known:
                return known
    return Language.EN


def _wanted_locales() -> list[str]:
    """Return the names of the locales that the environment asks for, at least one, the preferred first."""
    locale = "C"
    for variable in _VARIABLES:
        value = os.environ.get(variable)
        if value:  # an empty variable counts as not set
            locale = value
            break
    if locale.partition(".")[0] in {"C", "POSIX"}:
        return [locale]
    listed = [name for name in os.environ.get("LANGUAGE", "").split(":") if name]
    return listed or [locale]


@contextlib.contextmanager
def use_language(chosen: Language) -> Iterator[None]:
    """Translate into this language inside the block, for a reader who does not use the locale."""
    token = _chosen.set(chosen)
    try:
        yield
    finally:
        _chosen.reset(token)


def accepted(header: str) -> Language:
    """
    Return the language that an `Accept-Language` (RFC 9110 §12.5.4) prefers.

    English if it has none of ours, or each with the weight 0, and if English has the same weight as another.
    """
    weights: dict[str, float] = {}
    for entry in header.split(","):
        match = _ACCEPTED.fullmatch(entry.strip().lower())
        if match is None:
            continue
        code, weight = match.groups()
        if code in weights:
            continue  # "fr-FR, fr;q=0.5": browsers list the best variant of a language first
        weights[code] = 1.0 if weight is None else float(weight)
    preferred = Language.EN
    for known in Language:
        if weights.get(known, 0.0) > weights.get(preferred, 0.0):
            preferred = known
    return preferred


@functools.cache
def catalogue(name: Language) -> Mapping[str, str]:
    """Return the translations of all parts into the language `name`, by message."""
    messages: dict[str, str] = {}
    for path in sorted((FOLDER / name).glob("*.po")):
        messages |= parse_catalogue(path.read_text(encoding="utf-8"))
    return messages


def parse_catalogue(text: str) -> dict[str, str]:
    """
    Return the messages of a .po file that have a translation.

    Of the format (gettext manual, "The Format of PO Files") only msgid and msgstr are read: texts of one or
    several lines with the escapes of JSON, without a comment between msgid and msgstr.
    """
    text_by_line = text.replace('"\n"', "")  # joins the lines of each text
    translations: dict[str, str] = {}
    for quoted_message, quoted_translation in _ENTRY.findall(text_by_line):
        message = json.loads(quoted_message)
        translation = json.loads(quoted_translation)
        if message and translation:  # the header of the file is the translation of the empty message
            translations[message] = translation
    return translations
