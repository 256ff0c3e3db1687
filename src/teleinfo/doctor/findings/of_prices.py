"""The findings about the files of prices."""

from __future__ import annotations

from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.doctor.finding import Finding, Severity

PRICES_VALID: Final = Finding(
    "prices",
    Severity.OK,
    N_("{path}: all valid"),
)

# Readings are published all the same, without costs or with the prices of before.
WRONG_PRICES: Final = Finding(
    "prices",
    Severity.WARNING,
    "{text}",
)

LAST_WRONG_PRICES: Final = Finding(
    "prices",
    Severity.WARNING,
    "{text}",
    N_("Correct it:"),
    ("{editor} {path}",),
)

PRICES_DAMAGED: Final = Finding(
    "prices",
    Severity.WARNING,
    "{text}",
    N_("The program has the present prices, too. To delete the file:"),
    ("sudo rm {path}",),
)

PRICES_CLOSED: Final = Finding(
    "prices",
    Severity.WARNING,
    N_("the service may not read {path}: it does not have its prices"),
    N_("Let the service read it:"),
    ("sudo chmod a+r {path}",),
)
