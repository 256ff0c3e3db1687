"""Check the settings: their file, their values, and which of them differ from the defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.cli.output import command_line
from teleinfo.common.file_errors import exists
from teleinfo.common.i18n import _
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
    from teleinfo.doctor.case import Case

# Settings that are shown without their values, which are secret or identify a person.
_HIDDEN = frozenset({"mqtt_password", "mqtt_username"})


async def check_settings(case: Case) -> list[Finding]:
    """Load and check the settings of the case; use the defaults if this user may not read the file."""
    path = case.env_file or default_env_file()
    case.assumed = _is_closed(path or SERVICE_FILE)
    try:
        case.valid_settings = load(Path(os.devnull) if case.assumed else path)
    except SettingsError as error:
        findings = _faults(error, None if case.assumed else path)
    else:
        if case.assumed:
            return [_assumed(path or SERVICE_FILE, case.valid_settings)]
        findings = [_valid(path), _changed(case.valid_settings)]
    return [*findings, *(warning("environment", _(message)) for message in unread_variables())]


def _is_closed(path: Path) -> bool:
    """True if the rights of the file, or of a folder above it, do not let this user read it."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.R_OK, effective_ids=True)


def _assumed(path: Path, settings: Settings) -> Finding:
    message = _(
        "this user may not read {path}, which may hold a password. What follows is checked with the "
        "defaults: the port {port}, the broker {broker}"
    ).format(path=path, port=settings.serial_port, broker=settings.broker.address)
    line = command_line("doctor", "--env-file", str(path), root=True)
    return skipped("file", message, _("To check what the settings say:"), line)


def _faults(error: SettingsError, path: Path | None) -> list[Finding]:
    *others, last = map(_, error.messages)
    if path is None:
        advice = _("There is no file: it is in the environment. To see the names:")
        line = "env | grep -o '^TELEINFO_[^=]*'"
    elif exists(path):
        advice = _("Correct it:")
        line = f"{'nano' if os.access(path, os.W_OK) else 'sudoedit'} {path}"
    else:
        advice = _("Give the path of a file that is there. The files of the service:")
        line = f"ls -l {SERVICE_FILE.parent}"
    return [*(fault("file", text) for text in others), fault("file", last, advice, line)]


def _valid(path: Path | None) -> Finding:
    if path is not None and exists(path):
        return ok("file", _("{path} and the environment: all valid").format(path=path), valid=True)
    message = _("there is no file, {here} or {service}: the environment and the defaults, all valid")
    return ok("file", message.format(here=".env", service=SERVICE_FILE), valid=True)


def _changed(settings: Settings) -> Finding:
    """List the settings that differ from the defaults, without the values of secrets."""
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
