"""The order of the checks, their bounds in time, and settings that are wrong or assumed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.doctor import command
from teleinfo.doctor.report import AREAS, fault, ok, warning
from tests.doctor.machine_tree import case_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from teleinfo.doctor.case import Case
    from teleinfo.doctor.report import Finding


def examined(
    monkeypatch: pytest.MonkeyPatch, case: Case, make: Callable[[Case], Awaitable[list[Finding]]]
) -> dict[str, str]:
    """Return the severities of each area where every check is made by `make`, within 50 ms."""
    monkeypatch.setattr(command, "CHECKS", dict.fromkeys(command.CHECKS, (make, 0.05)))
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


@pytest.mark.parametrize(
    ("state", "by_settings"),
    [({"assumed": True}, "ok skipped skipped"), ({"valid_settings": None}, "skipped")],
)
def test_without_the_settings_of_the_service_only_settings_and_service_are_judged(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], by_settings: str
) -> None:
    """1. The settings of the service may differ: no other area has a fault. 2. They are wrong."""
    found = examined(monkeypatch, replace(case_of(), **state), troubled)
    judged = dict.fromkeys(("settings", "service"), "ok warning fault")

    assert found == dict.fromkeys(AREAS, by_settings) | judged
