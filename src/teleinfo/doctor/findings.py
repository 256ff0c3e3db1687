"""What a check found: how severe it is, what was seen, what to do, and the lines to type."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from teleinfo.common.terminal_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Severity(enum.StrEnum):
    """How severe a finding is. The values are part of the output of `--json`."""

    OK = "ok"
    WARNING = "warning"  # it works, but not as well as it could, or not for long
    FAULT = "fault"  # nothing is published because of it
    SKIPPED = "unseen"  # it could not be checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    The result of one check: `check` is its name for programs, one word.

    `message` says what was seen, `advice` what to do, both in the language of the reader. `lines` are to be
    typed, or pasted into the settings, exactly as they are. `facts` are for programs, and hold no identifier
    and no secret. Texts may come from the broker or from other programs: their control characters are
    replaced here.
    """

    check: str
    severity: Severity
    message: str
    advice: str = ""
    lines: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", printable(self.message))
        object.__setattr__(self, "advice", printable(self.advice))
        object.__setattr__(self, "lines", tuple(map(printable, self.lines)))


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
    """Return what keeps readings from being published."""
    return Finding(
        check=check, severity=Severity.FAULT, message=message, advice=advice, lines=lines, facts=facts
    )


def skipped(check: str, message: str, advice: str = "", lines: tuple[str, ...] = ()) -> Finding:
    """Return what could not be checked."""
    return Finding(check=check, severity=Severity.SKIPPED, message=message, advice=advice, lines=lines)


def as_skipped(findings: Iterable[Finding]) -> list[Finding]:
    """
    Return the findings with every fault and warning turned into "could not be checked".

    For checks with assumed settings: those of the service may differ. The advice is left out, since it is
    about a setting that may be another one.
    """
    return [
        one
        if one.severity in {Severity.OK, Severity.SKIPPED}
        else replace(one, severity=Severity.SKIPPED, advice="", lines=())
        for one in findings
    ]


def worst(areas: Iterable[Area]) -> Severity:
    """Return the severity of the whole report; a check that was skipped does not count."""
    found = {one.severity for area in areas for one in area.findings}
    order = (Severity.FAULT, Severity.WARNING)
    return next((severity for severity in order if severity in found), Severity.OK)
