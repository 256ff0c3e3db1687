"""Findings of the checks: their severity, the message, the advice, and the commands to type."""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from teleinfo.common.terminal_text import printable


class Severity(enum.StrEnum):
    """Severity of a finding. The values are part of the output of `--json`."""

    OK = "ok"
    WARNING = "warning"  # it works, but not as well as it could, or not for long
    FAULT = "fault"  # nothing is published because of it
    SKIPPED = "skipped"  # it could not be checked


@dataclass(frozen=True, slots=True)
class Finding:
    """
    The result of one check: `check` is its name for programs, one word.

    `message` describes what was seen, `advice` what to do, both in the language of the user. `commands` are
    to be typed, or pasted into the settings, exactly as they are. `facts` are for programs, and hold no
    identifier and no secret.
    """

    check: str
    severity: Severity
    message: str
    advice: str = ""
    commands: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


Findings = Mapping[str, Sequence[Finding]]
"""The findings of each area, in the order of the report: settings, port, line, broker, service."""


def _finding(
    severity: Severity, check: str, message: str, advice: str = "", /, *commands: str, **facts: object
) -> Finding:
    # Parts of the texts may come from the broker or from other programs.
    return Finding(
        check, severity, printable(message), printable(advice), tuple(map(printable, commands)), facts
    )


# Positional arguments: check, message, advice, commands. Keyword arguments: the facts.
ok = functools.partial(_finding, Severity.OK)
warning = functools.partial(_finding, Severity.WARNING)
fault = functools.partial(_finding, Severity.FAULT)
skipped = functools.partial(_finding, Severity.SKIPPED)


def worst(findings: Findings) -> Severity:
    """Return the severity of the whole report; a check that was skipped does not count."""
    severities = {finding.severity for area in findings.values() for finding in area}
    return next((one for one in (Severity.FAULT, Severity.WARNING) if one in severities), Severity.OK)
