"""
The settings: which file, valid or not, what was changed.

Without `--env-file` and without `.env` here, it is the file of the service that is looked at: it is the
service's meter that does not come.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.doctor.findings import fault, ok
from teleinfo.doctor.machine import command_name
from teleinfo.settings import SERVICE_FILE, Settings, SettingsError, field_specs, load

if TYPE_CHECKING:
    from teleinfo.doctor.findings import Finding
    from teleinfo.doctor.machine import Machine

PREFIX = "TELEINFO_"
# Values that are told by being there: they are secret, or say who lives here.
_HIDDEN = frozenset({"mqtt_password", "mqtt_username"})
_ENVIRONMENT = ("env | grep -o '^TELEINFO_[^=]*'",)


def check_settings(env_file: Path | None, machine: Machine) -> tuple[list[Finding], Settings | None]:
    """Return the findings, and the settings if they are right."""
    path = env_file or _default_file(machine)
    named = str(path) if path is not None and path.exists() else ""
    if named and not os.access(named, os.R_OK, effective_ids=True):
        return [_unreadable(named)], None
    try:
        settings = load(path)
    except SettingsError as error:
        editor = "nano" if named and os.access(named, os.W_OK) else "sudoedit"
        advice, lines = _("Correct it:"), (f"{editor} {named}",)
        if not named:
            advice, lines = _("There is no file: it is in the environment. To see the names:"), _ENVIRONMENT
        *others, last = error.localized
        return [*(fault("file", text) for text in others), fault("file", last, advice, lines)], None
    return [_read(named), _changed(settings)], settings


def _default_file(machine: Machine) -> Path | None:
    """Return the usual `.env`, else the file of the service, else None."""
    here, service = Path(".env"), machine.path(str(SERVICE_FILE))
    return next((path for path in (here, service) if path.exists()), None)


def _unreadable(named: str) -> Finding:
    return fault(
        "file",
        _("this user may not read {path}, which may hold a password").format(path=named),
        _("Look again with the rights to do so:"),
        (f"sudo {command_name()} doctor --env-file {named}",),
    )


def _read(named: str) -> Finding:
    if named:
        return ok("file", _("{path} and the environment: all valid").format(path=named), valid=True)
    message = _("there is no file, {here} or {service}: the environment and the defaults, all valid")
    return ok("file", message.format(here=".env", service=SERVICE_FILE), valid=True)


def _changed(settings: Settings) -> Finding:
    """Tell what is not as it comes; a secret only by its name."""
    names = [spec.variable for spec in field_specs()]
    given = settings.model_fields_set
    shown = []
    for variable in names:
        name = variable.removeprefix(PREFIX).lower()
        if name not in given or getattr(settings, name) == type(settings).model_fields[name].default:
            continue
        value = getattr(settings, name)
        written = ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)
        shown.append(f"{variable}={'…' if name in _HIDDEN else written}")
    if not shown:
        return ok("changed", _("nothing differs from the defaults"), variables=[])
    variables = [text.partition("=")[0] for text in shown]
    return ok("changed", " ".join(shown), variables=variables)
