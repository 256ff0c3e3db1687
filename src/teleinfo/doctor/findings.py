"""What a check found: a verdict, what it saw, what to do, and the lines to type."""

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
    UNSEEN = "unseen"  # nobody could look


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One check: `check` is its name for programs, one word; the sentences are in the language of the reader.

    `lines` are to be typed, or pasted into the settings, exactly as they are. `facts` are for programs, and
    hold no identifier and no secret.
    """

    check: str
    verdict: Severity
    saw: str
    advice: str = ""
    lines: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Area:
    """The findings of one area: settings, port, line, broker or service."""

    name: str
    findings: tuple[Finding, ...]


def ok(check: str, saw: str, /, **facts: object) -> Finding:
    """Return that all is well."""
    return Finding(check=check, verdict=Severity.OK, saw=saw, facts=facts)


def warning(
    check: str, saw: str, advice: str = "", lines: tuple[str, ...] = (), /, **facts: object
) -> Finding:
    """Return what works, but should be better."""
    return Finding(check=check, verdict=Severity.WARNING, saw=saw, advice=advice, lines=lines, facts=facts)


def fault(check: str, saw: str, advice: str = "", lines: tuple[str, ...] = (), /, **facts: object) -> Finding:
    """Return what is in the way."""
    return Finding(check=check, verdict=Severity.FAULT, saw=saw, advice=advice, lines=lines, facts=facts)


def unseen(check: str, saw: str, advice: str = "", lines: tuple[str, ...] = ()) -> Finding:
    """Return what could not be looked at."""
    return Finding(check=check, verdict=Severity.UNSEEN, saw=saw, advice=advice, lines=lines)
