"""The findings about the settings."""

from __future__ import annotations

from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.doctor.finding import Finding, Severity

SETTINGS_UNREAD: Final = Finding(
    "file",
    Severity.SKIPPED,
    N_("could not be judged: this user may not read {path}, which may hold a password"),
    N_("To check what the settings say:"),
)

WRONG_SETTING: Final = Finding(
    "file",
    Severity.FAULT,
    "{text}",
)

LAST_WRONG_SETTING: Final = Finding(
    "file",
    Severity.FAULT,
    "{text}",
    N_("Correct it:"),
    ("{editor} {path}",),
)

LAST_WRONG_VARIABLE: Final = Finding(
    "file",
    Severity.FAULT,
    "{text}",
    N_("There is no file: it is in the environment. To see the names:"),
    ("env | grep -o '^TELEINFO_[^=]*'",),
)

NO_SETTINGS_FILE: Final = Finding(
    "file",
    Severity.FAULT,
    "{text}",
    N_("Give the path of a file that is there. The files of the service:"),
    ("ls -l {folder}",),
)

SETTINGS_VALID: Final = Finding(
    "file",
    Severity.OK,
    N_("{path} and the environment: all valid"),
)

SETTINGS_DEFAULT: Final = Finding(
    "file",
    Severity.OK,
    N_("there is no file, {here} or {service}: the environment and the defaults, all valid"),
)

SETTINGS_CHANGED: Final = Finding(
    "changed",
    Severity.OK,
    "{text}",
)

NOTHING_CHANGED: Final = Finding(
    "changed",
    Severity.OK,
    N_("nothing differs from the defaults"),
)

NOT_LOADED: Final = Finding(
    "changed",
    Severity.FAULT,
    N_("the service was started with other settings, and knows nothing of the change yet"),
    N_("It reads its settings when it starts:"),
    ("sudo systemctl restart {unit}",),
)

ODD_VARIABLE: Final = Finding(
    "environment",
    Severity.WARNING,
    "{text}",
)
