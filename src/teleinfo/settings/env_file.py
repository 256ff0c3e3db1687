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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.common.file_errors import file_error
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

# The unit passes its settings file as a credential (systemd.exec(5), LoadCredential=).
_CREDENTIAL = re.compile(r".*/credentials/teleinfo(?:@([^/]+))?\.service/teleinfo\.env")

_NEWLINE = re.compile(r"\r\n|\n|\r")
# A name with - or . cannot be a variable; it is matched too, to suggest the variable that was meant.
_LINE = re.compile(r"[ \t]*(export[ \t]+)?([\w.-]*)[ \t]*(=?)(.*)", re.ASCII)
_SINGLE_QUOTED = re.compile(r"'([^']*)'")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r'\\(["\\`$])')
_AMBIGUOUS = re.compile(r"\\|[ \t]#")


@dataclass(frozen=True, slots=True)
class EnvLine:
    """A line that names a variable; its `value` is None if the line has a `fault`."""

    number: int
    name: str
    value: str | None
    fault: Message | None = None


def parse(text: str) -> list[EnvLine]:
    """Return the lines of `text` that name a variable, each with its line number in the file."""
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


@dataclass(slots=True)
class EnvFile:
    """The settings in a file, each a text or `DAMAGED`, and its faults."""

    values: dict[str, object] = field(default_factory=dict)
    faults: list[Message] = field(default_factory=list)


def default_env_file() -> Path | None:
    """
    Return the settings file for commands that examine the service: `.env`, else the service's, else None.

    All other commands call `load(None)`, which reads only `.env`.
    """
    return next((path for path in (Path(".env"), SERVICE_FILE) if _exists(path)), None)


def read_env_file(path: Path | None, names: Collection[str]) -> EnvFile:
    """Read the settings `names` from the file at `path`; if `path` is None, from `.env` if it exists."""
    file = EnvFile()
    if path is None and not _exists(Path(".env")):
        return file
    path = path or Path(".env")
    shown = _editable(path)
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))  # noqa: TRY301 - as the system says it
        lines = parse(content.decode("utf-8"))
    except (OSError, ValueError) as error:
        return EnvFile(dict.fromkeys(names, DAMAGED), [unreadable(shown, error)])
    fields = {variable_of(name): name for name in names}
    seen: dict[str, int] = {}
    for line in lines:
        if fault := _fault(line, fields, seen):
            where = Message("{path} line {number}: {fault}", path=shown, number=line.number, fault=fault)
            file.faults.append(where)
        if name := fields.get(line.name.upper()):
            seen.setdefault(name, line.number)
            file.values[name] = DAMAGED if line.value is None else line.value
    return file


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - no error where a directory on the way is closed to this user


def unreadable(path: Path | str, error: BaseException | None) -> Message:
    """Return the fault of a file that cannot be read because of `error`."""
    if not isinstance(error, OSError):
        return Message("{path}: is not text in UTF-8", path=path)
    if isinstance(error, PermissionError) and Path(path).parent == SERVICE_FILE.parent:
        return Message("{path}: the settings of the service are root's: try with sudo", path=path)
    return Message("{path}: cannot be read: {reason}", path=path, reason=file_error(error))


def _editable(path: Path) -> Path:
    """Return the file to edit: `path`, or if that is a credential of systemd, the file that was copied."""
    credential = _CREDENTIAL.fullmatch(str(path))
    return path if credential is None else SERVICE_FILE.with_stem(credential[1] or SERVICE_FILE.stem)


def _fault(line: EnvLine, fields: Mapping[str, str], seen: Mapping[str, int]) -> Message | None:
    """Return the fault of a line: an unknown name, a wrong form, or a setting that was `seen` before."""
    variable = line.name.upper()
    if PREFIX + variable in fields:
        return Message(
            "{name} is no setting; did you mean {variable}?", name=line.name, variable=PREFIX + variable
        )
    if not is_ours(line.name, fields):
        return None
    if variable not in fields:
        return unknown(line.name, fields.values())
    if line.fault is not None:
        return Message("{variable}: {fault}", variable=line.name, fault=line.fault)
    if first := seen.get(fields[variable]):
        return Message("{variable}: is given twice, first on line {first}", variable=line.name, first=first)
    return None
