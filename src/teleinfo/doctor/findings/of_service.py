"""The findings about the service."""

from __future__ import annotations

from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.doctor.finding import Finding, Severity

NO_SYSTEMD: Final = Finding(
    "installed",
    Severity.OK,
    N_("this machine is not run by systemd: no service to look at"),
)

SYSTEMCTL_SILENT: Final = Finding(
    "installed",
    Severity.SKIPPED,
    N_("could not be judged: systemctl does not answer"),
)

AT_BOOT: Final = Finding(
    "enabled",
    Severity.OK,
    N_("it starts with the machine"),
)

NOT_AT_BOOT: Final = Finding(
    "enabled",
    Severity.WARNING,
    N_("it does not start with the machine ({state})"),
    N_("To change that:"),
    ("sudo systemctl enable {unit}",),
)

MASKED: Final = Finding(
    "installed",
    Severity.FAULT,
    N_("{unit} is masked: it cannot be started"),
    N_("To change that:"),
    (
        "sudo systemctl unmask {unit}",
        "sudo systemctl enable --now {unit}",
    ),
)

UNIT_WRONG: Final = Finding(
    "installed",
    Severity.FAULT,
    N_("the unit {unit} has a fault, and cannot be started"),
    N_("See which. If it is in a change of yours, correct that, or take all changes back:"),
    (
        "systemctl status {unit}",
        "sudo systemctl edit {unit}",
        "sudo systemctl revert {unit}",
    ),
)

NOT_INSTALLED: Final = Finding(
    "installed",
    Severity.FAULT,
    N_("{unit} is not installed as a service"),
    N_("It then runs only as long as somebody runs it. From a checkout of teleinfo:"),
    ("sudo make install",),
)

RUNS_BY_HAND: Final = Finding(
    "installed",
    Severity.WARNING,
    N_("{unit} is not installed as a service"),
    N_("It then runs only as long as somebody runs it. From a checkout of teleinfo:"),
    ("sudo make install",),
)

SANDBOX_UNTRIED: Final = Finding(
    "sandbox",
    Severity.SKIPPED,
    N_("what its sandbox lets it reach could not be tried"),
    N_("To try it as well:"),
    ("{as_root}",),
)

RUNS: Final = Finding(
    "running",
    Severity.OK,
    N_("it runs: {text}"),
)

RUNS_SHARED: Final = Finding(
    "running",
    Severity.SKIPPED,
    N_("the port comes first"),
)

STARTED_JUST_NOW: Final = Finding(
    "running",
    Severity.SKIPPED,
    N_("could not be judged: it was started just now, and has no frame yet"),
    N_("Look again in a moment:"),
    ("{again}",),
)

COMPLAINS: Final = Finding(
    "running",
    Severity.FAULT,
    N_("it runs: {text}"),
    N_("See why:"),
    ("sudo journalctl -u {unit} -n 30",),
)

CONFIGURATION: Final = Finding(
    "running",
    Severity.FAULT,
    N_("it does not run: a setting was wrong when it was started"),
    N_("See which, correct it, and start it again:"),
    (
        "sudo journalctl -u {unit} -n 20",
        "sudo systemctl restart {unit}",
    ),
)

FAILS: Final = Finding(
    "running",
    Severity.FAULT,
    N_("it fails again and again; restarts so far: {restarts}"),
    N_("See why:"),
    ("sudo journalctl -u {unit} -n 30",),
)

STOPPED: Final = Finding(
    "running",
    Severity.FAULT,
    N_("it does not run ({state})"),
    N_("Start it:"),
    ("sudo systemctl restart {unit}",),
)

PAGE_STOPPED: Final = Finding(
    "page",
    Severity.FAULT,
    N_("the page (teleinfo-web) is to start with the machine, and does not stay up ({state})"),
    N_("See why:"),
    ("sudo journalctl -u teleinfo-web -n 10",),
)

JOURNAL_UNREAD: Final = Finding(
    "journal",
    Severity.SKIPPED,
    N_("could not be judged: the journal cannot be read"),
    N_("To look at it as well:"),
    ("{as_root}",),
)

NO_COMPLAINT: Final = Finding(
    "journal",
    Severity.OK,
    N_("no complaint in its journal"),
)

REFUSED: Final = Finding(
    "journal",
    Severity.FAULT,
    N_("the broker refused a message of the service, {ago} ago: {words}"),
    N_("Once the broker allows it, restart the service:"),
    ("sudo systemctl restart {unit}",),
)

LAST_COMPLAINT: Final = Finding(
    "journal",
    Severity.WARNING,
    N_("its last complaint, {ago} ago: {words}"),
)

COMPLAINT_OVER: Final = Finding(
    "journal",
    Severity.OK,
    N_("its last complaint is over; {ago} ago: {words}"),
)

BROKER_FIRST: Final = Finding(
    "status",
    Severity.SKIPPED,
    N_("the broker comes first"),
)

ONLINE: Final = Finding(
    "status",
    Severity.OK,
    N_("{topic}: {status}"),
)

OFFLINE: Final = Finding(
    "status",
    Severity.FAULT,
    N_("{topic}: {status}"),
    N_("No readings come."),
)

FOREIGN: Final = Finding(
    "status",
    Severity.FAULT,
    N_("{topic}: {status}"),
    N_("Another program publishes there. Give teleinfo a topic of its own:"),
    ("TELEINFO_MQTT_TOPIC=",),
)

STATUS_UNREAD: Final = Finding(
    "status",
    Severity.SKIPPED,
    N_("could not be judged: the broker does not let this account read {topic}"),
)

NOT_PUBLISHED: Final = Finding(
    "status",
    Severity.FAULT,
    N_("no teleinfo has published on {topic} yet"),
)
