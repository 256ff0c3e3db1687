"""
Check the settings: which file they come from, whether they are valid, what differs from the defaults.

The file is the one that `watch` and `record` read too: see `default_env_file`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.cli.program import command_line
from teleinfo.common.i18n import _
from teleinfo.doctor.findings import fault, ok, skipped, warning
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
    from teleinfo.doctor.findings import Finding

# Shown by their names only: they are secret, or identify a person.
_HIDDEN = frozenset({"mqtt_password", "mqtt_username"})
_SERVICE_FILES = (f"ls -l {SERVICE_FILE.parent}",)
_NAMES_IN_ENVIRONMENT = ("env | grep -o '^TELEINFO_[^=]*'",)


@dataclass(frozen=True, slots=True)
class CheckedSettings:
    """
    The findings, and the settings, None where they are wrong.

    `assumed`: this user may not read the file of the settings, so that these are the defaults and what the
    environment has.
    """

    findings: list[Finding]
    settings: Settings | None
    assumed: bool = False


def check_settings(env_file: Path | None) -> CheckedSettings:
    """Return what there is to say of the settings in `env_file` (the usual file when None)."""
    path = env_file or default_env_file()
    if _is_closed(path or SERVICE_FILE):
        return _assume_defaults(path or SERVICE_FILE)
    exists = path is not None and path.exists()
    try:
        settings = load(path)
    except SettingsError as error:
        return CheckedSettings([*_faults(error, path, exists=exists), *_unread()], None)
    findings = [_valid(str(path) if exists else ""), _changed(settings), *_unread()]
    return CheckedSettings(findings, settings)


def _unread() -> list[Finding]:
    return [warning("environment", _(message)) for message in unread_variables()]


def _is_closed(path: Path) -> bool:
    """Tell whether the file is kept from this user, by its own rights or by those of a folder above it."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.R_OK, effective_ids=True)


def _assume_defaults(path: Path) -> CheckedSettings:
    try:
        settings = load(Path(os.devnull))
    except SettingsError as error:
        return CheckedSettings(_faults(error, None, exists=False), None)
    message = _(
        "this user may not read {path}, which may hold a password. What follows is checked with the "
        "defaults: the port {port}, the broker {broker}"
    ).format(path=path, port=settings.serial_port, broker=settings.broker.address)
    line = command_line("doctor", "--env-file", str(path), root=True)
    finding = skipped("file", message, _("To check what the settings say:"), line)
    return CheckedSettings([finding], settings, assumed=True)


def _faults(error: SettingsError, path: Path | None, *, exists: bool) -> list[Finding]:
    *others, last = map(_, error.messages)
    if exists:
        editor = "nano" if os.access(str(path), os.W_OK) else "sudoedit"
        advice, lines = _("Correct it:"), (f"{editor} {path}",)
    elif path is not None:
        advice, lines = _("Give the path of a file that is there. The files of the service:"), _SERVICE_FILES
    else:
        advice = _("There is no file: it is in the environment. To see the names:")
        lines = _NAMES_IN_ENVIRONMENT
    return [*(fault("file", text) for text in others), fault("file", last, advice, *lines)]


def _valid(path: str) -> Finding:
    if path:
        return ok("file", _("{path} and the environment: all valid").format(path=path), valid=True)
    message = _("there is no file, {here} or {service}: the environment and the defaults, all valid")
    return ok("file", message.format(here=".env", service=SERVICE_FILE), valid=True)


def _changed(settings: Settings) -> Finding:
    """Return the settings that differ from the defaults; secrets by their names only."""
    shown: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name in settings.model_fields_set and value != field.default:
            written = ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)
            shown[variable_of(name)] = "…" if name in _HIDDEN else written
    if not shown:
        return ok("changed", _("nothing differs from the defaults"), variables=[])
    text = " ".join(f"{variable}={value}" for variable, value in shown.items())
    return ok("changed", text, variables=list(shown))
