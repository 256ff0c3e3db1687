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
    """Return `message` in the language of the locale, or unchanged if it has no translation."""
    texts = catalogue(language())
    if not isinstance(message, Message):
        return texts.get(message, message)
    if isinstance(message, Designation):
        return message.french if language() is Language.FR else message
    fields = {
        name: _(field) if isinstance(field, Message) else field for name, field in message.fields.items()
    }
    return texts.get(message.template, message.template).format(**fields)


def in_words(value: T) -> T:
    """Return a JSON value, such as the decoded state, with each `Message` in the language of the locale."""
    if isinstance(value, dict):
        return cast("T", {name: in_words(inner) for name, inner in value.items()})
    return cast("T", _(value)) if isinstance(value, Message) else value


def inline(text: str) -> str:
    """Return words of the vocabulary for use within a sentence: translated, without their capital."""
    words = _(text)
    return words[:1].lower() + words[1:]


def decimal(figure: str) -> str:
    """Return `figure`, a number with a decimal point, in the notation of the locale's language."""
    return figure.replace(".", ",") if language() is Language.FR else figure


def plural(count: int, one: str, other: str) -> str:
    """Return `one` or `other`, marked with `N_`, in the language of the locale; in French 0 is singular."""
    return _(one if count == 1 or (count == 0 and language() is Language.FR) else other)


def N_(message: str) -> str:  # noqa: N802 - gettext's name for it
    """Return `message` unchanged: `_` translates it when it is shown."""
    return message


def language() -> Language:
    """
    Return the language of `use_language`, else the language that the environment asks for.

    As in gettext, the first variable that is set decides, and LANGUAGE is ignored in the locale C.
    """
    if chosen := _chosen.get():
        return chosen
    locale = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), "C")
    listed = "" if locale.partition(".")[0] in {"C", "POSIX"} else os.environ.get("LANGUAGE", "")
    wanted = [name for name in listed.split(":") if name] or [locale]
    spoken = [re.split(r"[_.@]", name)[0].lower() for name in wanted]
    return next((known for name in spoken for known in Language if name == known), Language.EN)


@contextlib.contextmanager
def use_language(chosen: Language) -> Iterator[None]:
    """Translate into this language inside the block, for a reader who does not use the locale."""
    token = _chosen.set(chosen)
    try:
        yield
    finally:
        _chosen.reset(token)


def accepted(header: str) -> Language:
    """Return the language that an `Accept-Language` (RFC 9110 §12.5.4) prefers, else English."""
    wanted: dict[str, float] = {}
    for part in header.split(","):
        match = _ACCEPTED.fullmatch(part.strip().lower())
        if match is not None:
            wanted.setdefault(match[1], float(match[2] or 1))
    best = max(Language, key=lambda name: wanted.get(name, 0.0))
    return best if wanted.get(best) else Language.EN


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
    entries = _ENTRY.findall(text.replace('"\n"', ""))  # each text on one line
    pairs = ((json.loads(message), json.loads(translation)) for message, translation in entries)
    return {message: translation for message, translation in pairs if message and translation}
