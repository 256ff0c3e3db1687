"""
Read the lines of a settings file, `NAME=value`, with one meaning whoever reads them.

systemd (`EnvironmentFile=`, env-file.c) and python-dotenv, which pydantic-settings uses, disagree on `$`,
` #` and backslashes, so that one line could give two passwords.  Here a value means what systemd makes of it,
`$` is an ordinary character, and an unquoted value that the two read differently is refused, never guessed.
Pure; raises nothing; a fault never quotes the value, which may be a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from teleinfo.common.i18n import Message

_NEWLINE = re.compile(r"\r\n|\n|\r")
# A name with - or . is no variable, but shows which one was meant.
_LINE = re.compile(r"[ \t]*(export[ \t]+)?([\w.-]*)[ \t]*(=?)(.*)", re.ASCII)
_SINGLE_QUOTED = re.compile(r"'([^']*)'")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r'\\(["\\`$])')
_AMBIGUOUS = re.compile(r"\\|[ \t]#")


@dataclass(frozen=True, slots=True)
class EnvLine:
    """One line that names a variable: its `value`, or the `fault` that leaves it without (`value` None)."""

    number: int
    name: str
    value: str | None
    fault: Message | None = None


def parse(text: str) -> list[EnvLine]:
    """Return the lines of `text` that name a variable, numbered from 1; others are passed over."""
    lines = []
    for number, line in enumerate(_NEWLINE.split(text.removeprefix("\ufeff")), start=1):
        parts = _LINE.match(line)
        if parts is None or not parts[2] or line.lstrip(" \t").startswith(("#", ";")):
            continue
        if parts[1] or not parts[3]:
            fault = Message("write {name}=value, with nothing before it", name=parts[2])
            lines.append(EnvLine(number, parts[2], None, fault))
        else:
            lines.append(_value(number, parts[2], parts[4]))
    return lines


def _value(number: int, name: str, written: str) -> EnvLine:
    stripped = written.strip(" \t")
    if quoted := _SINGLE_QUOTED.fullmatch(stripped):
        return EnvLine(number, name, quoted[1])
    if quoted := _DOUBLE_QUOTED.fullmatch(stripped):
        return EnvLine(number, name, _ESCAPE.sub(r"\1", quoted[1]))
    if stripped.startswith(("'", '"')):
        fault = Message("a quote opens the value, so the same quote must end the line")
        return EnvLine(number, name, None, fault)
    if _AMBIGUOUS.search(written):
        fault = Message(
            "a backslash, or a # after a blank, is not read alike by every program: "
            "write the value in single quotes, and comments on lines of their own"
        )
        return EnvLine(number, name, None, fault)
    return EnvLine(number, name, stripped)
