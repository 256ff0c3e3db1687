"""The findings about the examination itself."""

from __future__ import annotations

from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.doctor.finding import Finding, Severity

# They stand in place of the checks of any area, or after them, with the name of that area as their check.
SETTINGS_FIRST: Final = Finding(
    "settings",
    Severity.SKIPPED,
    N_("the settings come first"),
)

TOO_SLOW: Final = Finding(
    "settings",
    Severity.SKIPPED,
    N_("could not be judged: it took longer than {seconds} s, and was given up"),
)

BROKEN: Final = Finding(
    "settings",
    Severity.SKIPPED,
    N_("could not be judged: the doctor has an error ({error}, {where})"),
    N_("Please report it, with the file that this writes:"),
    ("{line}",),
)
