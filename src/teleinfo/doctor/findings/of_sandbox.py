"""The findings about what the sandbox of the service keeps away."""

from __future__ import annotations

from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.doctor.finding import Finding, Severity

ADDRESS_KEPT_AWAY: Final = Finding(
    "sandbox",
    Severity.FAULT,
    N_("the sandbox of the service keeps it from {address}"),
    N_("Add these two lines to the unit, then restart it:"),
    (
        "sudo systemctl edit {unit}",
        "[Service]",
        "IPAddressAllow={allowed}",
    ),
)

NAME_SERVER_KEPT_AWAY: Final = Finding(
    "sandbox",
    Severity.FAULT,
    N_("the sandbox of the service keeps it from the name server {address}"),
    N_("Add these two lines to the unit, then restart it:"),
    (
        "sudo systemctl edit {unit}",
        "[Service]",
        "IPAddressAllow={allowed}",
    ),
)

UNREACHED: Final = Finding(
    "sandbox",
    Severity.FAULT,
    N_("this user reaches {address}, and the service in its sandbox does not ({error})"),
    N_("See why:"),
    ("sudo journalctl -u {unit} -n 30",),
)
