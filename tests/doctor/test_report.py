"""What is printed and written: the report, JSON and the screen."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
from pathlib import Path

import pytest

from teleinfo.doctor import findings, report
from teleinfo.doctor.command import CHECKS
from teleinfo.doctor.finding import Finding, Severity
from teleinfo.doctor.findings import of_line
from teleinfo.doctor.machine import Machine
from tests.support.settings import settings_of

PASSWORD = 'c4nary"s3cret'
USER = "canary-user"
HOST = "canary.example"
METER = "041961123456"
SITE = "21104512345678"
VARIABLES = {
    "TELEINFO_MQTT_PASSWORD": PASSWORD,
    "TELEINFO_MQTT_USERNAME": USER,
    "TELEINFO_MQTT_HOST": HOST,
    "TELEINFO_MQTT_CLIENT_ID": "canary-client",
    "TELEINFO_MQTT_TOPIC": "canary house/canary topic",
    "TELEINFO_HOMEASSISTANT_PREFIX": "canary-prefix",
    "TELEINFO_WEB_URL": "http://page.canary/",
    "TELEINFO_METER_NAME": "canary's meter",
    "TELEINFO_WEB_HOSTS": "web.canary",
    "TELEINFO_WEB_TOKEN": "canary-of-the-page",
}


def areas(*words: str) -> dict[str, list[Finding]]:
    """Return findings that have these words in every place where words can stand."""
    said = " ".join(words)
    return {
        "settings": [Finding("file", Severity.OK, said, facts={"said": said})],
        "broker": [Finding("login", Severity.FAULT, "", said, [said])],
    }


@pytest.mark.parametrize(
    "canary",
    [
        PASSWORD, USER, HOST, "canary-client", "canary house/canary topic", "canary-prefix",
        METER, SITE, os.uname().nodename, "192.168.17.23", "canary's meter", "web.canary", "http://page.canary/",
        "fe80::a1b2:c3d4:e5f6:1234", "2001:db8:1:2:3:4:5:6", "canary-of-the-page",
        "fe80::1a2b", "FE80::1A2B", "fe80::1a2b%eth0", "2001:db8::1a2b", "2001:db8:1a2b::", "fd00:1:2::3:4",
    ],
)  # fmt: skip
def test_no_identifier_and_no_secret_is_in_the_report(canary: str) -> None:
    read = settings_of(VARIABLES)
    text = report.as_report(areas(canary, f"x={canary},", f"({canary})"), "teleinfo", read, Machine())

    assert canary not in text
    assert json.dumps(canary)[1:-1] not in text


@pytest.mark.parametrize(
    "text", ["21:07:15", "127.0.0.1", "::1", "[::1]:8080", "3:4", "a: b", "01/12/2026 21:07"]
)
def test_what_is_no_address_of_the_household_is_not_masked(text: str) -> None:
    assert report.masked(f"at {text}, so", []) == f"at {text}, so"


def test_a_secret_with_a_blank_is_masked_where_its_line_is_wrapped() -> None:
    """The report wraps its lines at 100 columns."""
    read = settings_of(VARIABLES)
    for length in range(60, 100):
        text = report.as_report(
            areas("x" * length + " canary house/canary topic"), "teleinfo", read, Machine()
        )

        assert "canary" not in text


@pytest.mark.parametrize("secret", ['c4nary"s3cret', "c4nary\u202es3cret", 'c4nary"\u202es3cret'])
def test_a_secret_is_masked_as_text_and_json_and_terminal_change_it(secret: str) -> None:
    """JSON escapes a quotation mark, and no terminal gets a formatting character."""
    settings = settings_of({"TELEINFO_MQTT_USERNAME": "somebody", "TELEINFO_MQTT_PASSWORD": secret})
    text = report.as_report(areas(f"it is {secret}!"), "teleinfo", settings, Machine())

    assert "c4nary" not in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("severities", "user", "verdict"),
    [
        ([Severity.OK], 1000, "All is well."),
        (
            [Severity.SKIPPED] * 6,
            1000,
            "All that could be seen is well; things that could not be judged without sudo: 6.",
        ),
        ([Severity.SKIPPED], 0, "All that could be seen is well; things that could not be judged: 1."),
        ([Severity.SKIPPED, Severity.WARNING], 0, "What is marked ! could be better; things that could not"),
        ([Severity.SKIPPED, Severity.FAULT], 0, "Begin with the first fault"),
    ],
)
def test_the_verdict_counts_what_was_not_judged(
    monkeypatch: pytest.MonkeyPatch, severities: list[Severity], user: int, verdict: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    found = {"service": [Finding("running", severity, "") for severity in severities]}

    said = report.format_summary(found, "teleinfo", report.Screen())

    assert " ".join(said.split()).startswith(verdict)


def test_nothing_of_a_finding_is_obeyed_by_a_terminal() -> None:
    """Escape sequences, C1 controls and bidirectional marks: on the screen, in JSON, in the report."""
    hostile = "online\x1b]0;owned\a\x1b[2J\x9b31m\u202e\u200b\r\x7f"
    found = areas(hostile)
    texts = [
        *(report.format_area(area, made, report.Screen()) for area, made in found.items()),
        report.as_json(found),
        report.as_report(found, "teleinfo", None, Machine()),
    ]

    for text in texts:
        assert all(char.isprintable() or char in "\n\u00a0\u202f" for char in text)
        assert "owned" in text
        json.loads(report.as_json(found))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # A password is masked although it is a single letter.
        ("the word is x, x.", "the word is …, …."),
        ("/home/canary/.env", "/home/…/.env"),
        (
            "/dev/serial/by-id/usb-FTDI_UART_A1B2C3D4-if00-port0",
            "/dev/serial/by-id/usb-FTDI_UART_…-if00-port0",
        ),
        *[("teleinfo 1.0.0 127.0.0.1:1883 /dev/ttyAMA0 99999 groups at 9600 baud Linky monophasé",) * 2],
    ],
)
def test_what_identifies_is_masked_and_what_helps_is_not(text: str, shown: str) -> None:
    """Passwords, home folders and adapters; versions, counts, devices and the local host stay."""
    read = settings_of({"TELEINFO_MQTT_USERNAME": "somebody", "TELEINFO_MQTT_PASSWORD": "x"})

    assert report.masked(text, report.secrets_of(read)) == shown


def test_every_check_has_its_title_and_every_finding_is_found() -> None:
    """No finding is shown under a name of the program's own, and none is declared and not used."""
    folder = Path(report.__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    declared = {
        f"{module.name}.{name}": value
        for module in pkgutil.iter_modules(findings.__path__)
        for name, value in vars(importlib.import_module(f"teleinfo.doctor.findings.{module.name}")).items()
        if isinstance(value, Finding)
    }
    checks = {finding.check for finding in declared.values()}
    unused = {name for name in declared if not re.search(rf"\b{re.escape(name)}\b", text)}

    assert CHECKS.keys() == report.AREA_TITLES.keys() == {*report.AREAS}
    assert report.CHECK_TITLES.keys() == checks - {*report.AREAS} | {"port"}
    assert unused == {f"of_line.{cause.name}" for cause in of_line.BY_CAUSE}


@pytest.mark.parametrize("width", [40, 80, 200])
def test_sentences_fit_the_screen_and_lines_to_type_are_whole(width: int) -> None:
    """Words are wrapped, at 100 columns at most; a line to type is never broken."""
    line = "sudo systemctl edit teleinfo " + "x" * 150
    found = Finding("rights", Severity.FAULT, "many words " * 20, "and more words " * 20, [line])
    shown = report.format_area("port", [found], report.Screen(width))
    lines = shown.splitlines()

    assert f"        {line}" in lines
    assert min(len(each) for each in lines if each.startswith("  ✗")) > min(width, 100) - 20
    assert max(len(each) for each in lines if line not in each) <= min(width, 100)
