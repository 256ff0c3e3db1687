"""A finding of the doctor; `findings` has those that a check may have."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from teleinfo.common.i18n import _
from teleinfo.console.output import command_line


class Severity(enum.StrEnum):
    """Severity of a finding. The values are part of the output of `--json`."""

    OK = "ok"
    WARNING = "warning"  # it works, but not as well as it could, or not for long
    FAULT = "fault"  # nothing is published because of it
    SKIPPED = "skipped"  # it could not be judged


@dataclass(frozen=True, slots=True)
class Finding:
    """
    The result of one check: `check` is its name for programs, one word.

    `message` describes what was seen, `advice` what to do, both in the language of the user. `commands` are
    to be typed, or pasted into the settings, exactly as they are. `facts` are for programs, and hold no
    identifier. Parts of the texts may come from other programs: only `report` prints them.
    """

    check: str
    severity: Severity
    message: str
    advice: str = ""
    commands: Sequence[str] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


Findings = Mapping[str, Sequence[Finding]]
"""The findings of each area, in the order of the report: settings, port, line, broker, service."""


def find(
    template: Finding, /, *commands: str, facts: Mapping[str, object] | None = None, **fields: object
) -> Finding:
    """
    Return the finding of a `template`, whose texts are marked by `N_`, in the language of the user.

    `commands` follow those of the template. `fields` are those of its texts, besides {again} and {as_root},
    the command line of the doctor.
    """
    fields |= {"again": command_line("doctor"), "as_root": command_line("doctor", root=True)}
    message = _(template.message).format(**fields)
    advice = _(template.advice).format(**fields)
    lines = [line.format(**fields) for line in template.commands]
    return replace(template, message=message, advice=advice, commands=(*lines, *commands), facts=facts or {})
