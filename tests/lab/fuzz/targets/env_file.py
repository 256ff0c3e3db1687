"""Any settings file: never raises, never quotes a value; what a line says is what systemd reads in it."""

from __future__ import annotations

import re

from teleinfo.settings import env_file
from teleinfo.vocabulary.words import Message

SECRET = "S3cr3tCanary"


def seeds() -> dict[str, bytes]:
    """Return lines of every form that the grammar knows, sound or not."""
    return {
        "plain": b"TELEINFO_MQTT_HOST=broker\n# a comment\n; another\n\nA = b c \n",
        "quoted": b'A=\'it is $5 # or so\'\nB="a \\"word\\" \\$ \\\\ \\` \\n"\n',
        "wrong": b"export A=b\nA\nA=b # c\nA=b\\c\nA='b\nA=\"b' \n'A'=b\n=b\n",
        "ends": b"\xef\xbb\xbfA=b\r\nB=c\rC=d\n\tD\t=\te\t\nE=\n",
        "secret": b"PASSWORD=" + SECRET.encode() + b" # x\nPASSWORD='" + SECRET.encode() + b"\n",
    }


def check(data: bytes) -> None:
    """Read the file, and hold each line that is taken against what systemd makes of it alone."""
    text = data.decode("utf-8", "surrogateescape")
    written = re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff"))
    before = 0
    for number, name, value in env_file.parse(text):
        assert before < number <= len(written)
        before = number
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", name)
        if isinstance(value, Message):
            assert SECRET not in value or SECRET in name
        elif not name[0].isdigit():
            assert systemd(written[number - 1]) == (name, value)


def systemd(line: str) -> tuple[str, str] | None:  # noqa: C901, PLR0912 - a machine of states is a long choice
    """
    Return the name and the value that systemd reads in one line, None where it reads none.

    After parse_env_file_internal in systemd's src/basic/env-file.c, state by state.
    """
    key = ""
    value = ""
    state = "before"
    blanks = 0
    for character in f"{line}\n":
        match state:
            case "before" if character in "#;":
                return None
            case "before" if character not in " \t\n\r":
                key = character
                state = "key"
            case "key" if character in "\n\r":
                return None
            case "key" if character == "=":
                state = "before value"
            case "key":
                key += character
            case "before value" | "value" if character in "\n\r":
                return key.rstrip(" \t"), value[: len(value) - blanks]
            case "before value" if character == "'":
                state = "single"
            case "before value" if character == '"':
                state = "double"
            case "before value" | "value" if character == "\\":
                state = "escape"
            case "before value" if character not in " \t":
                value = value + character
                state = "value"
                blanks = 0
            case "value":
                value += character
                blanks = blanks + 1 if character in " \t" else 0
            case "escape":
                value = value + character
                state = "value"
                blanks = 0
            case "single" | "double" if character == ("'" if state == "single" else '"'):
                state = "before value"
                blanks = 0
            case "double" if character == "\\":
                state = "double escape"
            case "single" | "double":
                value += character
            case "double escape":
                value += character if character in '"\\`$' else f"\\{character}"
                state = "double"
    return None
