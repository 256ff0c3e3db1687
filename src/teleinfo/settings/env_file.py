"""
Read a settings file, whose lines `NAME=value` must have the same meaning for every program.

systemd (`EnvironmentFile=`, env-file.c) and python-dotenv, which pydantic-settings uses, disagree on `$`,
` #` and backslashes, so that one line could give two passwords. Here a value has the meaning that systemd
gives it, and `$` is an ordinary character. An unquoted value that the two read differently is a fault.
Faults are returned, not raised, and never quote the value, which may be a password.

The file is in UTF-8. A byte that is not, in a comment or in a line of another program, does no harm.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.common.files import exists, file_error
from teleinfo.common.i18n import N_
from teleinfo.common.service_language import SERVICE_FILE
from teleinfo.settings.faults import PREFIX, is_ours, unknown, variable_of
from teleinfo.settings.renamed import RENAMED, warning
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_SETTINGS_BYTES: Final = 1 << 20
"""Limit of the file in bytes, over 100 times the size of .env-sample: /dev/zero, for example, has no end."""

DAMAGED: Final = object()
"""Value of a setting whose line cannot be read. No type accepts it; checks of two settings skip it."""

# The unit passes its settings file as a credential (systemd.exec(5), LoadCredential=); of a folder `meters`,
# the names of the files begin with meters_.
_CREDENTIAL = re.compile(
    r".*/credentials/teleinfo(?:-web)?(?:@(?P<instance>[^/]+))?\.service"
    r"/(?:teleinfo(?:@(?P<meter>[^/]+))?|meters_(?P<in_folder>[^/]+))\.env"
)

_NEWLINE = re.compile(r"\r\n|\n|\r")
# A name with - or . cannot be a variable; it is matched too, to suggest the variable that was meant.
_LINE = re.compile(r"[ \t]*(\w[\w.-]*)[ \t]*(=?)(.*)", re.ASCII)
# Before the name stands another word, such as export, the sign of a list, or a blank of a web page.
_MISPLACED = re.compile(
    r"[ \t]*(?=\S)([.-]+|[^#;=]*[^\w.#;=-])(TELEINFO_[\w.-]+)[ \t]*=", re.ASCII | re.IGNORECASE
)
_SINGLE_QUOTED = re.compile(r"'([^']*)'")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r'\\(["\\`$])')
_AMBIGUOUS = re.compile(r"\\|[ \t]#")
_QUOTES = "'\""
# Editors of text and telephones write these where ' or " was typed.
_TYPOGRAPHIC_QUOTES = "“”„‟‘’‚‛«»‹›"
# What the decoder makes of a byte that is not UTF-8 ("surrogateescape").
_UNDECODED = re.compile("[\udc80-\udcff]")


def parse(text: str) -> list[tuple[int, str, str | Message]]:
    """
    Return the number of each line of `text` that names a variable, this name, and the value.

    The value is a text, or the `Message` about a fault of the line.
    """
    lines: list[tuple[int, str, str | Message]] = []
    for number, line in enumerate(_NEWLINE.split(text.removeprefix("\ufeff")), start=1):
        misplaced = _MISPLACED.match(line)
        assignment = _LINE.match(line)
        if misplaced is not None:
            before, name = misplaced.groups()
            lines.append((number, name, _nothing_before(name, before)))
        elif assignment is not None:
            name, equals, written = assignment.groups()
            if equals:
                value = _value(written)
            else:
                value = Message("write {name}=value", name=name)
            lines.append((number, name, value))
        # Any other line is empty, or a comment.
    return lines


def _nothing_before(name: str, before: str) -> Message:
    """Return the fault of a line that has `before` in front of the name: its first word, or U+00A0."""
    words = before.split()
    if words and words[0].isprintable():
        shown = words[0]
    else:
        shown = f"U+{ord(before[0]):04X}"
    text = N_("write {name}=value, with nothing before it: delete {before} at the begin of the line")
    return Message(text, name=name, before=shown)


def _value(written: str) -> str | Message:
    """Return the value that stands behind the = as `written`, or the fault of the line."""
    if _UNDECODED.search(written):
        return Message(
            "a letter of the value is not in UTF-8: type the value again here, or save the file as UTF-8 "
            "where it was written"
        )
    stripped = written.strip(" \t")
    single_quoted = _SINGLE_QUOTED.fullmatch(stripped)
    if single_quoted is not None:
        return single_quoted[1]
    double_quoted = _DOUBLE_QUOTED.fullmatch(stripped)
    if double_quoted is not None:
        return _ESCAPE.sub(r"\1", double_quoted[1])
    if stripped.startswith((*_QUOTES, *_TYPOGRAPHIC_QUOTES)):
        return _wrongly_quoted(stripped)
    if _AMBIGUOUS.search(written):
        return Message(
            "a backslash, or a # after a blank, is not read alike by every program: "
            "write the value in single quotes, and comments on lines of their own"
        )
    return stripped


def _wrongly_quoted(stripped: str) -> Message:
    """
    Return the fault of a value that begins with a quote.

    The quote is a typographic one, or does not end the value, or is in it, too.
    """
    quote = stripped[0]
    last = stripped[-1]
    if quote in _TYPOGRAPHIC_QUOTES:
        return Message(
            "{quote} would be a part of the value: write the quote ' or \" of the keyboard in its place, or "
            "the whole value between two of them",
            quote=quote,
        )
    pattern = _SINGLE_QUOTED if quote == "'" else _DOUBLE_QUOTED
    # The quote at the begin is closed somewhere, but not by the one at the end.
    has_quote_within = last == quote and pattern.match(stripped) is not None
    if has_quote_within and quote == "'":
        return Message(
            "the value between the two ' has a ' in it: write it between two \", "
            'with a backslash before each " and each backslash in it'
        )
    if has_quote_within:
        return Message('the value between the two " has a " in it: put a backslash before each " in it')
    if last in _TYPOGRAPHIC_QUOTES:
        text = N_("{quote} begins the value, so {quote} must end the line, not {last}")
        return Message(text, quote=quote, last=last)
    text = N_("{quote} begins the value, so {quote} must end the line; comments stand on lines of their own")
    return Message(text, quote=quote)


def default_env_file() -> Path | None:
    """
    Return the settings file for commands that examine the service: the service's, else `.env`, else None.

    All other commands call `load(None)`, which reads only `.env`.
    """
    for path in (SERVICE_FILE, Path(".env")):
        if exists(path):
            return path
    return None


class EnvFile(NamedTuple):
    """
    Settings of a file by name, each a text or `DAMAGED`, and the first place of each.

    `faults` are refused; `warnings` are about lines that say again what an earlier line says, and about
    former names.
    """

    values: dict[str, object]
    places: dict[str, tuple[Path, int]]
    faults: list[Message]
    warnings: list[Message]


def read_env_file(path: Path | None, names: Collection[str]) -> EnvFile:
    """
    Return the settings `names` in the file, by default in `.env`; none if there is no `.env`.

    If the file cannot be read, this is its only fault, and each setting is `DAMAGED`. Of two lines of a
    setting, the second one counts.
    """
    if path is None:
        path = Path(".env")
        if not exists(path):
            return EnvFile({}, {}, [], [])
    shown = _file_to_edit(path)
    try:
        text = _decode(shown, _read(path))
    except (OSError, ValueError) as error:
        text = unreadable(shown, error)
    if isinstance(text, Message):
        # Any setting may be in it: no other one is to be refused because it goes with that one.
        return EnvFile(dict.fromkeys(names, DAMAGED), {}, [text], [])
    name_by_variable = {variable_of(name): name for name in names}
    name_by_variable |= {variable_of(former): name for former, name in RENAMED.items()}
    file = EnvFile({}, {}, [], [])
    for number, variable, value in parse(text):
        fault = _fault(variable, value, name_by_variable)
        if fault is not None:
            file.faults.append(at_line((shown, number), fault))
        # A line of another program, or a wrong name, is no setting.
        if variable.upper() in name_by_variable:
            _add_line(file, name_by_variable[variable.upper()], (shown, number), variable, value)
    return file


def _add_line(file: EnvFile, name: str, place: tuple[Path, int], variable: str, value: str | Message) -> None:
    """Add the line of the setting `name`, called `variable` there; a `Message` is the fault of its value."""
    present_variable = variable_of(name)
    if variable.upper() != present_variable:
        file.warnings.append(at_line(place, warning(variable, present_variable)))
    if name not in file.places:
        file.places[name] = place
    elif not isinstance(value, Message):
        _path, first = file.places[name]
        _add_second(file, place, variable, is_same=value == file.values[name], first=first)
    if isinstance(value, Message):
        file.values[name] = DAMAGED
    else:
        file.values[name] = value


def _file_to_edit(path: Path) -> Path:
    """Return the file that systemd copied as the credential at `path`; `path` if it is no credential."""
    credential = _CREDENTIAL.fullmatch(str(path))
    if credential is None:
        return path
    folder = SERVICE_FILE.parent
    if credential["in_folder"] is not None:
        return folder / "meters" / f"{credential['in_folder']}.env"
    for meter in (credential["instance"], credential["meter"]):
        if meter is not None:
            return folder / f"{meter}.env"
    return SERVICE_FILE


def _add_second(file: EnvFile, place: tuple[Path, int], variable: str, *, is_same: bool, first: int) -> None:
    """Add the message about a second line of a setting whose first one has the number `first`."""
    if is_same:
        text = N_("{variable}: is given twice with the same value, first on line {first}: one line is enough")
        file.warnings.append(at_line(place, Message(text, variable=variable, first=first)))
    else:
        text = N_(
            "{variable}: is given twice with different values, first on line {first}: remove one of the two"
        )
        file.faults.append(at_line(place, Message(text, variable=variable, first=first)))


def at_line(place: tuple[Path, int], fault: Message) -> Message:
    """Return the message about a fault with its place: a file, and the number of a line of it."""
    path, number = place
    return Message("{path} line {number}: {fault}", path=path, number=number, fault=fault)


def _read(path: Path) -> bytes:
    """Return the content of the file; raise OSError, or ValueError for a name that cannot be a path."""
    # Opening a FIFO without a writer would wait for one.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as opened:
        os.set_blocking(opened.fileno(), True)
        content = opened.read(MAX_SETTINGS_BYTES + 1)
        if not content and stat.S_ISFIFO(os.fstat(opened.fileno()).st_mode):
            raise OSError(errno.ENODATA, os.strerror(errno.ENODATA))
    if len(content) > MAX_SETTINGS_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content


def _decode(path: Path, content: bytes) -> str | Message:
    """
    Return the text of the file at `path`, in which a byte that is not UTF-8 is left as a surrogate.

    For a file in UTF-16, or with a part in it, return its fault.
    """
    first_zero = content.find(b"\0")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _in_utf_16(path, "UTF-16")
    if first_zero < 0:
        return content.decode("utf-8", errors="surrogateescape")
    # Nearly half of the bytes of UTF-16 are zeros: with fewer, only a part of the file is in UTF-16.
    if content.count(b"\0") <= len(content) // 3:
        line = content.count(b"\n", 0, first_zero) + 1
        text = N_("has a byte 0, as text in UTF-16 has: delete this line, and type it again")
        return at_line((path, line), Message(text))
    # The first letter is one of ASCII: its zero is behind it, or before it.
    if first_zero % 2 == 1:
        return _in_utf_16(path, "UTF-16LE")
    return _in_utf_16(path, "UTF-16BE")


def _in_utf_16(path: Path, encoding: str) -> Message:
    """Return the fault of a file in this encoding, with the command of a shell that converts the file."""
    quoted = shlex.quote(str(path))
    command = f"iconv -f {encoding} -t UTF-8 -o {quoted} {quoted}"
    if path.parent == SERVICE_FILE.parent:
        command = f"sudo {command}"
    text = N_("{path}: is in UTF-16: save it again as UTF-8 where it was written, or convert it: {command}")
    return Message(text, path=path, command=command)


def unreadable(path: Path | str, error: OSError | ValueError) -> Message:
    """Return the fault of a file that cannot be read because of `error`."""
    if isinstance(error, UnicodeError):
        return Message("{path}: is not text in UTF-8", path=path)
    if isinstance(error, PermissionError) and Path(path).parent == SERVICE_FILE.parent:
        return Message("{path}: the settings of the service are root's: try with sudo", path=path)
    return Message("{path}: cannot be read: {reason}", path=path, reason=file_error(error))


def _fault(name: str, value: str | Message, fields: Mapping[str, str]) -> Message | None:
    """Return the fault of a line: an unknown name, or a wrong form."""
    variable = name.upper()
    meant = PREFIX + variable  # MQTT_HOST=x
    if meant in fields:
        return Message("{name} is no setting; did you mean {variable}?", name=name, variable=meant)
    if not is_ours(name, fields):
        return None
    if variable not in fields:
        return unknown(name, fields.values())
    if isinstance(value, Message):
        return Message("{variable}: {fault}", variable=name, fault=value)
    return None
