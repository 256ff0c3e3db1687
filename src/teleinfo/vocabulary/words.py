"""
Languages, messages, and codes that have words.

Words are English here: the English text is the key of its French translation in `locale/fr`. `i18n._`
translates it where it is shown; nothing here depends on the language of the reader.
"""

from __future__ import annotations

import enum
from functools import partial
from typing import Any, Self


class Language(enum.StrEnum):
    """The languages of the program."""

    EN = "en"
    FR = "fr"


class Message(str):
    """
    A message whose fields are filled in: a `str` in English, which `i18n._` translates for the reader.

    `template` is the literal text in the catalogue of translations; a field may itself be a message.
    """

    __slots__ = ("fields", "template")

    template: str
    fields: dict[str, object]

    def __new__(cls, template: str, /, **fields: object) -> Self:
        """Return `template` with its fields filled in."""
        message = super().__new__(cls, template.format(**fields))
        message.template = template
        message.fields = fields
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the message as its template and fields: `str` would make its text the template."""
        return partial(type(self), self.template, **self.fields), ()


class Designation(Message):
    """The name of an étiquette: `french` is the désignation, the text its English gloss."""

    __slots__ = ("french",)

    french: str

    def __new__(cls, english: str, /, *, french: str) -> Self:
        """Return the name in both languages."""
        name = super().__new__(cls, english)
        name.french = french
        return name

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the name as its two texts."""
        return partial(type(self), self.template, french=self.french), ()


class Code(enum.StrEnum):
    """
    A code in the MQTT messages, with `words` for people.

    A member is written as code, English words. Without words, they are the code with a capital.
    """

    _value_: str
    words: Message

    def __new__(cls, code: str, words: str = "") -> Self:
        """Return the member of this code and these English words."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.words = Message(words or code.capitalize())
        return member
