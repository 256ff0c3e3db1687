"""
Read a settings file, whose lines `NAME=value` must have the same meaning for every program.

systemd (`EnvironmentFile=`, env-file.c) and python-dotenv, which pydantic-settings uses, disagree on `$`,
` #` and backslashes, so that one line could give two passwords. Here a value has the meaning that systemd
gives it, and `$` is an ordinary character. An unquoted value that the two read differently is a fault.
Faults are returned, not raised, and never quote the value, which may be a password.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.common.file_errors import exists, file_error
from teleinfo.settings.faults import PREFIX, is_ours, unknown, variable_of
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SERVICE_FILE: Final = Path("/etc/teleinfo/teleinfo.env")
"""The settings of the service, installed by `make install` and by the package; only root can read them."""

MAX_BYTES: Final = 1 << 20
"""Limit of the file in bytes, over 100 times the size of .env-sample: /dev/zero, for example, has no end."""

DAMAGED: Final = object()
"""Value of a setting whose line cannot be read. No type accepts it; checks of two settings skip it."""

# The unit passes its settings file as a credential (systemd.exec(5), LoadCredential=); of a folder `meters`,
# the names of the files begin with meters_.
_CREDENTIAL = re.compile(
    r".*/credentials/teleinfo(?:-web)?(?:@([^/]+))?\.service/(?:teleinfo(?:@([^/]+))?|(meters_[^/]+))\.env"
)

_NEWLINE = re.compile(r"\r\n|\n|\r")
# A name with - or . cannot be a variable; it is matched too, to suggest the variable that was meant.
_LINE = re.compile(r"[ \t]*(export[ \t]+)?([\w.-]+)[ \t]*(=?)(.*)", re.ASCII)
_SINGLE_QUOTED = re.compile(r"'([^']*)'")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r'\\(["\\`$])')
_AMBIGUOUS = re.compile(r"\\|[ \t]#")


def parse(text: str) -> list[tuple[int, str, str | Message]]:
    """
    Return the number of each line of `text` that names a variable, this name, and the value.

    The value is a text, or the `Message` about a fault of the line.
    """
    lines: list[tuple[int, str, str | Message]] = []
    for number, line in enumerate(_NEWLINE.split(text.removeprefix("\ufeff")), start=1):
        if parts := _LINE.match(line):  # else empty, or a comment
            export, name, equals, written = parts.groups()
            misplaced = Message("write {name}=value, with nothing before it", name=name)
            lines.append((number, name, misplaced if export or not equals else _value(written)))
    return lines


def _value(written: str) -> str | Message:
    """Return the value that stands behind the = as `written`, or the fault of the line."""
    stripped = written.strip(" \t")
    if quoted := _SINGLE_QUOTED.fullmatch(stripped):
        return quoted[1]
    if quoted := _DOUBLE_QUOTED.fullmatch(stripped):
        return _ESCAPE.sub(r"\1", quoted[1])
    if stripped.startswith(("'", '"')):
        return Message("a quote opens the value, so the same quote must end the line")
    if _AMBIGUOUS.search(written):
        return Message(
            "a backslash, or a # after a blank, is not read alike by every program: "
            "write the value in single quotes, and comments on lines of their own"
        )
    return stripped


def default_env_file() -> Path | None:
    """
    Return the settings file for commands that examine the service: the service's, else `.env`, else None.

    All other commands call `load(None)`, which reads only `.env`.
    """
    return next((path for path in (SERVICE_FILE, Path(".env")) if exists(path)), None)


class EnvFile(NamedTuple):
    """Settings of a file by name, each a text or `DAMAGED`, the place of each, and the faults of the file."""

    values: dict[str, object]
    places: dict[str, tuple[Path, int]]
    faults: list[Message]


def read_env_file(path: Path | None, names: Collection[str]) -> EnvFile:
    """Return the settings `names` in the file, by default in `.env` if it exists."""
    if path is None and not exists(Path(".env")):
        return EnvFile({}, {}, [])
    path = path or Path(".env")
    # Of a credential of systemd, show the file that was copied: that is the file to edit.
    shown = path
    if credential := _CREDENTIAL.fullmatch(str(path)):
        stem = next(filter(None, credential.groups()), SERVICE_FILE.stem)
        shown = SERVICE_FILE.parent / f"{stem.replace('meters_', 'meters/', 1)}.env"
    try:
        lines = parse(_read(path).decode("utf-8"))
    except (OSError, ValueError) as error:
        return EnvFile(dict.fromkeys(names, DAMAGED), {}, [unreadable(shown, error)])
    fields = {variable_of(name): name for name in names}
    found = EnvFile({}, {}, [])
    for number, variable, value in lines:
        place = (shown, number)
        if fault := _fault(variable, value, fields, found.places):
            found.faults.append(at_line(place, fault))
        if name := fields.get(variable.upper()):
            found.places.setdefault(name, place)
            found.values[name] = DAMAGED if isinstance(value, Message) else value
    return found


def at_line(place: tuple[Path, int], fault: Message) -> Message:
    """Return the message about a fault with its place: a file, and the number of a line of it."""
    path, number = place
    return Message("{path} line {number}: {fault}", path=path, number=number, fault=fault)


def _read(path: Path) -> bytes:
    """Return the content of the file; raise OSError, or ValueError for a name that cannot be a path."""
    # Opening a FIFO without a writer would wait for one.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as opened:
        os.set_blocking(opened.fileno(), True)
        content = opened.read(MAX_BYTES + 1)
        if not content and stat.S_ISFIFO(os.fstat(opened.fileno()).st_mode):
            raise OSError(errno.ENODATA, os.strerror(errno.ENODATA))
    if len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content


def unreadable(path: Path | str, error: BaseException | None) -> Message:
    """Return the fault of a file that cannot be read because of `error`."""
    if not isinstance(error, OSError):
        return Message("{path}: is not text in UTF-8", path=path)
    if isinstance(error, PermissionError) and Path(path).parent == SERVICE_FILE.parent:
        return Message("{path}: the settings of the service are root's: try with sudo", path=path)
    return Message("{path}: cannot be read: {reason}", path=path, reason=file_error(error))


def _fault(
    name: str, value: str | Message, fields: Mapping[str, str], seen: Mapping[str, tuple[Path, int]]
) -> Message | None:
    """Return the fault of a line: an unknown name, a wrong form, or a setting that was `seen` before."""
    variable = name.upper()
    meant = PREFIX + variable
    if meant in fields:
        return Message("{name} is no setting; did you mean {variable}?", name=name, variable=meant)
    if not is_ours(name, fields):
        return None
    if variable not in fields:
        return unknown(name, fields.values())
    if isinstance(value, Message):
        return Message("{variable}: {fault}", variable=name, fault=value)
    if fields[variable] in seen:
        _path, first = seen[fields[variable]]
        return Message("{variable}: is given twice, first on line {first}", variable=name, first=first)
    return None
