"""
A finding of the doctor.

`findings.txt` has the words of most findings, and says how to add a finding; the others are templates of the
type `Finding`, beside their check.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from teleinfo.common.i18n import _
from teleinfo.console.output import command_line
from teleinfo.vocabulary.text_table import read_sections


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


def _template(notes: list[str], lines: list[str]) -> Finding:
    """Return a section of `findings.txt`, whose texts have their fields."""
    check, severity = notes
    message, advice, *commands = [*lines, ""]
    return Finding(check, Severity(severity), message, advice, [line for line in commands if line])


_SECTIONS: Final = read_sections(Path(__file__).with_name("findings.txt"))
TITLES: Final = {name: lines[0] for name, (notes, lines) in _SECTIONS.items() if not notes}
"""The titles of the areas and of the checks on the screen."""

TEMPLATES: Final = {name: _template(*section) for name, section in _SECTIONS.items() if section[0]}
"""The findings, by the name of their section."""


def find(
    of: str | Finding, /, *commands: str, facts: Mapping[str, object] | None = None, **fields: object
) -> Finding:
    """
    Return the finding `of` a section of `findings.txt`, or of a template whose texts are marked by `N_`.

    `commands` follow those of the template, and `fields` are those of its texts.
    """
    template = TEMPLATES[of] if isinstance(of, str) else of
    fields |= {"again": command_line("doctor"), "as_root": command_line("doctor", root=True)}
    message, advice = _(template.message).format(**fields), _(template.advice).format(**fields)
    lines = [line.format(**fields) for line in template.commands]
    return replace(template, message=message, advice=advice, commands=(*lines, *commands), facts=facts or {})
