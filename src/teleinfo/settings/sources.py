"""
Where settings come from: the file and its lines, the directories of secrets, the names that no setting has.

pydantic-settings' own sources read the environment and the secrets (`load`).  Its source for files is not
used: python-dotenv expands `$`, drops a line that it cannot read, and has no line numbers.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.common.file_errors import file_error
from teleinfo.common.i18n import Message
from teleinfo.settings.env_file import parse
from teleinfo.settings.faults import PREFIX, is_ours, unknown, variable_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from teleinfo.settings.env_file import EnvLine

SERVICE_FILE: Final = Path("/etc/teleinfo/teleinfo.env")
"""The settings of the service, which `make install` and the package put there; root's alone."""

# The unit hands its file over as a credential (systemd.exec(5), LoadCredential=).
_CREDENTIAL = re.compile(r".*/credentials/teleinfo(?:@([^/]+))?\.service/teleinfo\.env")
_SECRETS = Path("/run/secrets")


@dataclass(slots=True)
class EnvFile:
    """
    What a file gives: the text of each setting, the settings whose line cannot be read, and the faults.

    `unreadable`: no line of it can be read.
    """

    values: dict[str, str] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)
    faults: list[Message] = field(default_factory=list)
    unreadable: bool = False


def default_env_file() -> Path | None:
    """
    Return the file for a command that looks at the service: `.env` here, else the service's, else None.

    The other commands read `.env` alone, which is what `load(None)` does.
    """
    return next((path for path in (Path(".env"), SERVICE_FILE) if _exists(path)), None)


def read_env_file(path: Path | None, names: Collection[str]) -> EnvFile:
    """Read the file at `path`, or `.env` if there is one, for the settings `names`."""
    file = EnvFile()
    if path is None and not _exists(Path(".env")):
        return file
    path = path or Path(".env")
    shown = _editable(path)
    try:
        lines = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return EnvFile({}, set(names), [_unreadable(shown, error)], unreadable=True)
    fields = {variable_of(name): name for name in names}
    seen: dict[str, int] = {}
    for line in lines:
        if fault := _fault(line, fields, seen):
            where = Message("{path} line {number}: {fault}", path=shown, number=line.number, fault=fault)
            file.faults.append(where)
        if name := fields.get(line.name.upper()):
            seen.setdefault(name, line.number)
            if line.value is None:
                file.damaged.add(name)
            else:
                file.values[name] = line.value
    return file


def secrets_directories() -> list[Path]:
    """Return the directories that hold a file for each secret: that of containers, systemd's credentials."""
    directories = [_SECRETS, *map(Path, filter(None, [os.environ.get("CREDENTIALS_DIRECTORY")]))]
    return [path for path in directories if path.is_dir() and os.access(path, os.R_OK | os.X_OK)]


def unreadable_secret(error: BaseException | None) -> Message:
    """Return the fault of a secret that cannot be read; `error` is what opening it raised."""
    place = getattr(error, "filename", None) or ", ".join(map(str, secrets_directories()))
    return _unreadable(place, error)


def unknown_variables(names: Collection[str]) -> list[Message]:
    """
    Return a warning for each name with our prefix, in the environment or among the secrets, that is unknown.

    It is no fault: an orchestrator may have put it there, as Docker's links and Kubernetes do.
    """
    fields = {variable_of(name) for name in names}
    secrets = {path.name for directory in secrets_directories() for path in directory.iterdir()}
    given = [*os.environ, *sorted(name for name in secrets if name.upper().startswith(PREFIX))]
    return [unknown(name, names) for name in given if is_ours(name, fields) and name.upper() not in fields]


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - no error where a directory on the way is closed to this user


def _editable(path: Path) -> Path:
    """Return the file that a user can edit: that of which a credential is a copy."""
    credential = _CREDENTIAL.fullmatch(str(path))
    return path if credential is None else SERVICE_FILE.with_stem(credential[1] or SERVICE_FILE.stem)


def _unreadable(path: Path | str, error: BaseException | None) -> Message:
    if not isinstance(error, OSError):
        return Message("{path}: is not text in UTF-8", path=path)
    if isinstance(error, PermissionError) and Path(path).parent == SERVICE_FILE.parent:
        return Message("{path}: the settings of the service are root's: try with sudo", path=path)
    return Message("{path}: cannot be read: {reason}", path=path, reason=file_error(error))


def _fault(line: EnvLine, fields: Mapping[str, str], seen: Mapping[str, int]) -> Message | None:
    """Return what is wrong with a line: its name, its form, or that it repeats a line that was `seen`."""
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
