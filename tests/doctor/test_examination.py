"""The order of the checks, their bounds in time, and settings that are wrong or assumed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor import command
from teleinfo.doctor.finding import Finding, Severity
from teleinfo.doctor.report import AREAS, worst
from tests.doctor.machine_tree import case_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from teleinfo.doctor.case import Case


def examined(
    monkeypatch: pytest.MonkeyPatch, case: Case, *checks: Callable[[Case], AsyncIterator[Finding]]
) -> dict[str, list[Finding]]:
    """Return the findings of each area where these are its checks, each within 50 ms."""
    monkeypatch.setattr(command, "CHECKS", dict.fromkeys(command.CHECKS, (0.05, checks)))
    found = asyncio.run(command.examine(case))

    assert list(found) == list(AREAS)
    return found


async def troubled(case: Case) -> AsyncIterator[Finding]:
    """Yield a finding of each kind."""
    del case
    for severity in (Severity.OK, Severity.WARNING, Severity.FAULT):
        yield Finding("name", severity, "x")


async def for_ever(case: Case) -> AsyncIterator[Finding]:
    """Yield a finding, and no other."""
    del case
    yield Finding("name", Severity.OK, "x")
    await asyncio.Event().wait()


async def broken(case: Case) -> AsyncIterator[Finding]:
    """Yield a finding, and raise an error."""
    yield Finding("name", Severity.OK, "x")
    known: dict[str, str] = {}
    yield Finding("name", Severity.WARNING, known[case.unit])


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (for_ever, r"could not be judged: it took longer than 0.05 s.*"),
        (broken, r"could not be judged: .* \(KeyError\('teleinfo'\), test_examination\.py:\d+\)"),
    ],
)
def test_a_check_that_breaks_or_takes_too_long_is_a_line_of_the_report(
    monkeypatch: pytest.MonkeyPatch, check: Callable[[Case], AsyncIterator[Finding]], words: str
) -> None:
    found = examined(monkeypatch, case_of(), check, troubled)
    severities = {area: " ".join(one.severity for one in made) for area, made in found.items()}

    assert severities == dict.fromkeys(AREAS, "ok skipped ok warning fault")
    assert {bool(re.fullmatch(words, made[1].message)) for made in found.values()} == {True}
    assert worst(found) is Severity.FAULT


def test_without_the_settings_nothing_is_judged_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(monkeypatch, replace(case_of(), valid_settings=None), troubled)

    for area in ("port", "line", "broker"):
        assert [(one.check, one.severity) for one in found[area]] == [(area, Severity.SKIPPED)]
    assert [one.severity for one in found["service"]] == ["ok", "warning", "fault"]
