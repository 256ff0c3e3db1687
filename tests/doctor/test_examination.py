"""The order of the checks, their bounds in time, and settings that are wrong or assumed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from teleinfo.doctor import command
from teleinfo.doctor.findings import fault, ok, warning
from teleinfo.doctor.report import AREAS
from tests.doctor.machine_tree import case_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    from teleinfo.doctor.case import Case
    from teleinfo.doctor.findings import Finding


def examined(
    monkeypatch: pytest.MonkeyPatch, case: Case, make: Callable[[Case], Awaitable[list[Finding]]]
) -> dict[str, str]:
    """Return the severities of each area where every check is made by `make`, within 50 ms."""
    checks = tuple(replace(check, make=make, seconds=0.05) for check in command.CHECKS)
    monkeypatch.setattr(command, "CHECKS", checks)
    found = asyncio.run(command.examine(case))

    assert list(found) == list(AREAS)
    return {area: " ".join(finding.severity for finding in findings) for area, findings in found.items()}


async def troubled(case: Case) -> list[Finding]:
    """Return a finding of each kind."""
    del case
    return [ok("name", "x"), warning("name", "x", "y", "z"), fault("name", "x", "y", "z")]


def test_a_check_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The area is marked ?, and the next one is checked."""

    async def for_ever(case: Case) -> list[Finding]:
        del case
        await asyncio.Event().wait()
        return []

    found = examined(monkeypatch, case_of(), for_ever)

    assert found == dict.fromkeys(AREAS, "skipped")


def test_with_assumed_settings_port_line_and_broker_have_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the service may differ; it is judged all the same."""
    case = case_of()
    case.assumed = True
    found = examined(monkeypatch, case, troubled)
    judged = dict.fromkeys(("settings", "service"), "ok warning fault")

    assert found == dict.fromkeys(AREAS, "ok skipped skipped") | judged


def test_with_wrong_settings_only_the_settings_and_the_service_are_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Port, line and broker are named by the settings."""
    case = case_of()
    case.valid_settings = None
    found = examined(monkeypatch, case, troubled)

    assert [area for area, verdicts in found.items() if verdicts == "skipped"] == ["port", "line", "broker"]
