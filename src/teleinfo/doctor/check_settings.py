"""Check the settings: their file, their values, and which of them differ from the defaults."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Final

from teleinfo.common.files import exists
from teleinfo.common.i18n import N_, _
from teleinfo.console.output import command_line
from teleinfo.doctor.case import UNIT, editor_for
from teleinfo.doctor.finding import Finding, Severity, find
from teleinfo.doctor.findings import of_settings
from teleinfo.settings import (
    DEFAULTS,
    SECRETS,
    SERVICE_FILE,
    Settings,
    SettingsError,
    default_env_file,
    variable_of,
)
from teleinfo.settings.env_file import read_env_file
from teleinfo.settings.faults import written
from teleinfo.settings.model import SettingsModel
from teleinfo.settings.sources import environment_warnings, file_warnings, load, nested, nested_topics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping
    from pathlib import Path

    from teleinfo.doctor.case import Case

# Settings that are shown without their values, which are secret or identify a person.
_HIDDEN = frozenset({*SECRETS, "mqtt_username"})

_OF_PAGE: Final = frozenset(name for name in DEFAULTS if name.startswith("web_")) - {"web_url"}
"""Settings that only the page uses; the service of the meter takes from them the link for Home Assistant."""

_PACKAGED: Final = "/usr/lib/systemd/system/teleinfo.service"
"""The unit of the service, if the Debian package has installed it."""

_MISSING: Final = N_("the service is installed, and its settings file is missing: {path}")

FILE_MISSING: Final = Finding(
    "file",
    Severity.FAULT,
    _MISSING,
    N_("The service cannot start without it. In the folder of teleinfo, this writes one with the defaults:"),
    ("sudo make install",),
)
FILE_OF_PACKAGE_MISSING: Final = Finding(
    "file",
    Severity.FAULT,
    _MISSING,
    N_("The service cannot start without it. This writes one with the defaults:"),
    ("sudo dpkg-reconfigure teleinfo", "sudo systemctl restart {unit}"),
)
FILE_RENAMED: Final = Finding(
    "file",
    Severity.FAULT,
    _MISSING,
    N_("The service cannot start without it. {other} is beside it: give it its name back, if it is the one:"),
    ("sudo mv {other} {path}", "sudo systemctl restart {unit}"),
)
_OTHER_TOPIC: Final = N_(
    "Both would publish on the same topics. Write another one, and start its service again:"
)
LINK_NOT_LOADED: Final = Finding(
    "changed",
    Severity.WARNING,
    N_("the address of the page was changed after the start of the service"),
    N_("Home Assistant gets the link to the page when the service is started again:"),
    ("sudo systemctl restart {unit}",),
)
PAGE_NOT_LOADED: Final = Finding(
    "changed",
    Severity.WARNING,
    N_("the page was started with other settings, and knows nothing of the change yet"),
    N_("It reads its settings when it starts:"),
    ("sudo systemctl restart teleinfo-web",),
)


async def check_settings(case: Case) -> AsyncIterator[Finding]:
    """Load and check the settings of the case."""
    path = case.env_file or default_env_file()  # None if there is no file
    wanted_path = path or SERVICE_FILE
    if _is_closed(wanted_path):
        options = [] if case.env_file is None else ["--env-file", str(path)]
        as_root = command_line("doctor", *options, root=True)
        yield find(of_settings.SETTINGS_UNREAD, as_root, path=wanted_path)
        return
    is_of_service = case.env_file in {None, SERVICE_FILE}
    if is_of_service and not exists(SERVICE_FILE) and await _has_service(case):
        yield _missing(case)
        return
    try:
        case.valid_settings = load(path)
    except SettingsError as error:
        for finding in _wrong(error, path):
            yield finding
    else:
        for finding in _valid(case, case.valid_settings, path):
            yield finding
    for text in environment_warnings():
        yield find(of_settings.ODD_VARIABLE, text=_(text))


def _is_closed(path: Path) -> bool:
    """True if the rights of the file, or of a folder above it, do not let this user read it."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.R_OK, effective_ids=True)


def _wrong(error: SettingsError, path: Path | None) -> list[Finding]:
    """Return a finding for each wrong setting; the last one says where to correct them."""
    *others, last = map(_, error.messages)
    findings = [find(of_settings.WRONG_SETTING, text=text) for text in others]
    if path is None:
        findings.append(find(of_settings.LAST_WRONG_VARIABLE, text=last))
    elif exists(path):
        findings.append(find(of_settings.LAST_WRONG_SETTING, text=last, editor=editor_for(path), path=path))
    else:
        findings.append(find(of_settings.NO_SETTINGS_FILE, text=last, folder=SERVICE_FILE.parent))
    return findings


def _valid(case: Case, settings: Settings, path: Path | None) -> list[Finding]:
    """Return the findings on valid settings: their file, their changes, and who does not have them yet."""
    if path is None or not exists(path):
        first = find(of_settings.SETTINGS_DEFAULT, here=".env", service=SERVICE_FILE)
    else:
        first = find(of_settings.SETTINGS_VALID, path=path)
    warnings = [Finding("file", Severity.WARNING, _(text)) for text in file_warnings([path])]
    findings = [first, *warnings, _changed(settings, path)]
    if path is not None and path.absolute().parent == SERVICE_FILE.parent:
        findings += _nested_topics(settings, path)
        findings += _not_loaded(case, settings)
    return findings


def _nested_topics(settings: Settings, path: Path) -> list[Finding]:
    """
    Return a finding for each other meter of this machine with which this one is nested: see `nested`.

    The file of this meter is among those that are tried, and never nested with itself.
    """
    folder = SERVICE_FILE.parent
    findings = []
    for other_path in sorted([*folder.glob("*.env"), *folder.glob("meters/*.env")]):
        try:
            other = load(other_path)
        except SettingsError:  # the doctor of that service tells it
            continue
        lower = nested(settings, other)
        if lower is None:
            continue
        if lower is settings:
            lower_path = path
            upper_path = other_path
        else:
            lower_path = other_path
            upper_path = path
        text = _(nested_topics(lower.mqtt_topic, lower_path, upper_path))
        editor = f"{editor_for(lower_path)} {lower_path}"
        findings.append(Finding("file", Severity.FAULT, text, _(_OTHER_TOPIC), [editor]))
    return findings


async def _has_service(case: Case) -> bool:
    """Return True if the service of the machine is installed."""
    shown = await case.properties()
    return shown.get("LoadState") == "loaded"


def _missing(case: Case) -> Finding:
    """Return the finding that the file of the service is missing, with the command that brings one."""
    folder = SERVICE_FILE.parent
    unit = case.unit
    # An editor or a person may have renamed it: teleinfo.env.txt, teleinfo.env~, teleinfo.env.bak.
    others = [name for name in case.machine.names(str(folder)) if name.startswith(SERVICE_FILE.name)]
    if len(others) == 1:
        other = shlex.quote(str(folder / others[0]))
        return find(FILE_RENAMED, path=SERVICE_FILE, unit=unit, other=other)
    is_packaged = case.machine.path(_PACKAGED).exists()
    template = FILE_OF_PACKAGE_MISSING if is_packaged else FILE_MISSING
    return find(template, path=SERVICE_FILE, unit=unit)


def _not_loaded(case: Case, settings: Settings) -> list[Finding]:
    """Return a finding for each running service that was started with other settings than `settings`."""
    findings = []
    service = _started_with(case.credentials / "teleinfo.env")
    if _differ(service, settings, DEFAULTS.keys() - _OF_PAGE):
        findings.append(find(of_settings.NOT_LOADED, unit=case.unit))
    elif isinstance(service, Settings) and settings.homeassistant and service.page != settings.page:
        findings.append(find(LINK_NOT_LOADED, unit=case.unit))
    page = _started_with(case.credentials_of("teleinfo-web") / "teleinfo.env")
    if case.unit == UNIT and _differ(page, settings, _OF_PAGE):
        findings.append(find(PAGE_NOT_LOADED))
    return findings


def _started_with(copy: Path) -> Settings | SettingsError | None:
    """Return the settings in systemd's `copy` of the file; None if this user may not read the copy."""
    if not os.access(copy, os.R_OK):
        return None
    try:
        return load(copy)
    except SettingsError as error:
        return error


def _differ(before: Settings | SettingsError | None, now: Settings, names: Collection[str]) -> bool:
    """Return True if one of these settings has changed since `before`; False if that is unknown (None)."""
    if before is None:
        return False
    if isinstance(before, SettingsError):
        return True
    return any(getattr(before, name) != getattr(now, name) for name in names)


def _changed(settings: Settings, path: Path | None) -> Finding:
    """Return the finding with the settings that differ from the defaults; secrets without their values."""
    defaults = SettingsModel()
    given_texts = _given(path)
    changes = []
    for name in DEFAULTS:
        value = getattr(settings, name)
        if value == getattr(defaults, name):
            continue
        text = "…" if name in _HIDDEN else _text(value, given_texts.get(name))
        changes.append(f"{variable_of(name)}={text}")
    if not changes:
        return find(of_settings.NOTHING_CHANGED)
    return find(of_settings.SETTINGS_CHANGED, text=" ".join(changes))


def _given(path: Path | None) -> Mapping[str, str]:
    """Return the text of each setting that the file or the environment has, by its name."""
    texts = {}
    texts_in_file = read_env_file(path, DEFAULTS).values
    for name in DEFAULTS:
        text_in_file = texts_in_file.get(name)
        if isinstance(text_in_file, str):  # else the file lacks the setting, or its text is damaged
            texts[name] = text_in_file
        text_outside = os.environ.get(variable_of(name))
        if text_outside:  # it counts before that of the file; an empty one counts as none
            texts[name] = text_outside
    return texts


def _text(value: object, given: str | None) -> str:
    """Return the value of a setting as it is written in a file; `given` is its text there, if it has one."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, frozenset):
        return ",".join(sorted(value))
    if given is None:
        return written(value)
    return given  # prices and the like have a notation of their own
