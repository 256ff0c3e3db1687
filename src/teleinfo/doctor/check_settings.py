"""Check the settings: their file, their values, and which of them differ from the defaults."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from teleinfo.common.file_errors import exists
from teleinfo.common.i18n import _
from teleinfo.console.output import command_line
from teleinfo.doctor.finding import Finding, find
from teleinfo.settings import DEFAULTS, SECRETS, SERVICE_FILE, SettingsError, default_env_file, variable_of
from teleinfo.settings.model import SettingsModel
from teleinfo.settings.sources import load, unread_variables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from teleinfo.doctor.case import Case
    from teleinfo.settings import Settings

# Settings that are shown without their values, which are secret or identify a person.
_HIDDEN = frozenset({*SECRETS, "mqtt_username"})


async def check_settings(case: Case) -> AsyncIterator[Finding]:
    """Load and check the settings of the case."""
    path = case.env_file or default_env_file()
    if _is_closed(path or SERVICE_FILE):
        named = () if case.env_file is None else ("--env-file", str(path))
        yield find("SETTINGS_UNREAD", command_line("doctor", *named, root=True), path=path or SERVICE_FILE)
        return
    try:
        case.valid_settings = load(path)
    except SettingsError as error:
        *others, last = map(_, error.messages)
        for text in others:
            yield find("WRONG_SETTING", text=text)
        if path is None:
            yield find("LAST_WRONG_VARIABLE", text=last)
        elif exists(path):
            editor = "nano" if os.access(path, os.W_OK) else "sudoedit"
            yield find("LAST_WRONG_SETTING", text=last, editor=editor, path=path)
        else:
            yield find("NO_SETTINGS_FILE", text=last, folder=SERVICE_FILE.parent)
    else:
        if path is not None and exists(path):
            yield find("SETTINGS_VALID", path=path)
        else:
            yield find("SETTINGS_DEFAULT", here=".env", service=SERVICE_FILE)
        yield _changed(case.valid_settings)
        started_with = case.credentials / "teleinfo.env"
        is_of_service = path is not None and path.absolute().parent == SERVICE_FILE.parent
        if is_of_service and os.access(started_with, os.R_OK) and _differ(started_with, case.valid_settings):
            yield find("NOT_LOADED", unit=case.unit)
    for text in unread_variables():
        yield find("UNREAD_VARIABLE", text=_(text))


def _is_closed(path: Path) -> bool:
    """True if the rights of the file, or of a folder above it, do not let this user read it."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.R_OK, effective_ids=True)


def _differ(started_with: Path, settings: Settings) -> bool:
    """Return True if the service, which was `started_with` this file, has other settings."""
    try:
        return load(started_with) != settings
    except SettingsError:
        return True


def _changed(settings: Settings) -> Finding:
    """List the settings that differ from the defaults, without the values of secrets."""
    shown, usual = [], SettingsModel()
    for name in DEFAULTS:
        value = getattr(settings, name)
        if value != getattr(usual, name):
            written = ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)
            shown.append(f"{variable_of(name)}={'…' if name in _HIDDEN else written}")
    return find("SETTINGS_CHANGED" if shown else "NOTHING_CHANGED", text=" ".join(shown))
