"""Check the settings: their file, their values, and which of them differ from the defaults."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from teleinfo.common.file_errors import exists
from teleinfo.common.i18n import _
from teleinfo.console.output import command_line
from teleinfo.doctor.report import Finding, fault, ok, skipped, warning
from teleinfo.settings import (
    SERVICE_FILE,
    Settings,
    SettingsError,
    default_env_file,
    load,
    unread_variables,
    variable_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from teleinfo.doctor.case import Case

# Settings that are shown without their values, which are secret or identify a person.
_HIDDEN = frozenset({"mqtt_password", "mqtt_username"})


async def check_settings(case: Case) -> AsyncIterator[Finding]:
    """Load and check the settings of the case."""
    path = case.env_file or default_env_file()
    case.are_unread = _is_closed(path or SERVICE_FILE)
    if case.are_unread:
        message = _("could not be judged: this user may not read {path}, which may hold a password")
        named = () if case.env_file is None else ("--env-file", str(path))
        line = command_line("doctor", *named, root=True)
        yield skipped(
            "file", message.format(path=path or SERVICE_FILE), _("To check what the settings say:"), line
        )
        return
    try:
        case.valid_settings = load(path)
    except SettingsError as error:
        *others, last = map(_, error.messages)
        for text in others:
            yield fault("file", text)
        if path is None:
            advice = _("There is no file: it is in the environment. To see the names:")
            line = "env | grep -o '^TELEINFO_[^=]*'"
        elif exists(path):
            advice = _("Correct it:")
            line = f"{'nano' if os.access(path, os.W_OK) else 'sudoedit'} {path}"
        else:
            advice = _("Give the path of a file that is there. The files of the service:")
            line = f"ls -l {SERVICE_FILE.parent}"
        yield fault("file", last, advice, line)
    else:
        message = _("there is no file, {here} or {service}: the environment and the defaults, all valid")
        if path is not None and exists(path):
            message = _("{path} and the environment: all valid")
        yield ok("file", message.format(path=path, here=".env", service=SERVICE_FILE))
        yield _changed(case.valid_settings)
    for text in unread_variables():
        yield warning("environment", _(text))


def _is_closed(path: Path) -> bool:
    """True if the rights of the file, or of a folder above it, do not let this user read it."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.R_OK, effective_ids=True)


def _changed(settings: Settings) -> Finding:
    """List the settings that differ from the defaults, without the values of secrets."""
    shown: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name in settings.model_fields_set and value != field.default:
            written = ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)
            shown[variable_of(name)] = "…" if name in _HIDDEN else written
    if not shown:
        return ok("changed", _("nothing differs from the defaults"))
    return ok("changed", " ".join(f"{variable}={value}" for variable, value in shown.items()))
