"""Where settings come from: the environment, which wins, and one file. No value is judged here."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import Message
from teleinfo.settings import env_file as env_files
from teleinfo.settings.checks import why_unreadable
from teleinfo.settings.faults import PREFIX, SECRET, unknown, variable_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


SERVICE_FILE: Final = Path("/etc/teleinfo/teleinfo.env")
"""The settings of the service, which `make install` and the package put there; root's alone."""


def beside_the_service(env_file: Path | None) -> Path | None:
    """
    Return the file of settings for a command that looks on at the service: `env_file`, or the usual one.

    Where there is no `.env` either, that is the file of the service; None where that is not there.
    """
    if env_file is not None or Path(".env").exists():
        return env_file
    return SERVICE_FILE if os.path.exists(SERVICE_FILE) else None  # noqa: PTH110 - no error where it is hidden


def gather(
    names: Collection[str], env_file: Path | None, environ: Mapping[str, str] | None
) -> tuple[dict[str, str], list[Message]]:
    """
    Return what is given for the settings `names`, an empty value as none, and the faults.

    The file is `env_file`, which must be there, else `.env` in the working directory, which may be missing;
    `environ` None is the process's own.
    """
    fields = {variable_of(name): name for name in names}
    variables, faults = _from_file(env_file, fields)
    environment = os.environ if environ is None else environ
    variables.update((name, value) for name, value in environment.items() if _is_ours(name, fields))
    faults += [unknown(name, names) for name in variables if name not in fields]
    given = {
        name: value if name == SECRET else value.strip()
        for variable, name in fields.items()
        if (value := variables.get(variable, "")).strip()
    }
    return given, faults


def _from_file(env_file: Path | None, fields: Collection[str]) -> tuple[dict[str, str], list[Message]]:
    path = Path(".env") if env_file is None else env_file
    if env_file is None and not path.exists():
        return {}, []
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        if path == SERVICE_FILE and isinstance(error, PermissionError):
            return {}, [Message("{path}: the settings of the service are root's: try with sudo", path=path)]
        return {}, [Message("{path}: {reason}", path=path, reason=why_unreadable(error))]
    except ValueError:
        return {}, [Message("{path}: is not text in UTF-8", path=path)]
    parsed = env_files.parse(text)
    lines = [line for line in parsed if _is_ours(line.name, fields)]
    values = {line.name: line.value for line in lines if line.value is not None}
    # Another file may be shared with programs that have a MQTT_HOST of their own; this one is ours.
    bare = [line for line in parsed if path == SERVICE_FILE and PREFIX + line.name.upper() in fields]
    return values, [
        Message(
            "{path} line {number}: {name} is no setting; did you mean {variable}?",
            path=path,
            number=line.number,
            name=line.name,
            variable=PREFIX + line.name.upper(),
        )
        for line in bare
    ] + [
        Message(
            "{path} line {number}: {variable}: {fault}",
            path=path,
            number=line.number,
            variable=line.name,
            fault=line.fault,
        )
        for line in lines
        if line.fault is not None
    ]


def _is_ours(variable: str, fields: Collection[str]) -> bool:
    """Tell whether a variable is meant for us: by its prefix, in any case, or by one that is nearly it."""
    prefix, _, rest = variable.upper().partition("_")
    if prefix + "_" == PREFIX:
        return True
    return PREFIX + rest in fields and bool(difflib.get_close_matches(prefix + "_", [PREFIX], cutoff=0.8))
