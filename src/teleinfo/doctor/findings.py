"""What a check found: a verdict, what it message, what to do, and the lines to type."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(enum.StrEnum):
    """How it looks; only a fault makes the whole one."""

    OK = "ok"
    WARNING = "warning"  # it works, but not as well as it could, or not for long
    FAULT = "fault"  # nothing comes because of it
    SKIPPED = "unseen"  # it could not be checked; the value is part of the output of --json


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One check: `check` is its name for programs, one word; the sentences are in the language of the reader.

    `lines` are to be typed, or pasted into the settings, exactly as they are. `facts` are for programs, and
    hold no identifier and no secret.
    """

    check: str
    severity: Severity
    message: str
    advice: str = ""
    lines: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Area:
    """The findings of one area: settings, port, line, broker or service."""

    name: str
    findings: tuple[Finding, ...]


def ok(check: str, message: str, /, **facts: object) -> Finding:
    """Return that all is well."""
    return Finding(check=check, severity=Severity.OK, message=message, facts=facts)


def warning(
    check: str, message: str, advice: str = "", lines: tuple[str, ...] = (), /, **facts: object
) -> Finding:
    """Return what works, but should be better."""
    return Finding(
        check=check, severity=Severity.WARNING, message=message, advice=advice, lines=lines, facts=facts
    )


def fault(
    check: str, message: str, advice: str = "", lines: tuple[str, ...] = (), /, **facts: object
) -> Finding:
    """Return what is in the way."""
    return Finding(
        check=check, severity=Severity.FAULT, message=message, advice=advice, lines=lines, facts=facts
    )


def skipped(check: str, message: str, advice: str = "", lines: tuple[str, ...] = ()) -> Finding:
    """Return what could not be looked at."""
    return Finding(check=check, severity=Severity.SKIPPED, message=message, advice=advice, lines=lines)
