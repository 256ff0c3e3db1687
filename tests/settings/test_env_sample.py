"""`.env-sample` is complete and true: it is held against the model and against other readers of its kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from teleinfo.settings.sources import load
from tests.settings import sample
from tests.support.settings import documented

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = sample.ENGLISH
ENTRY = re.compile(r"^# (?P<explanation>.+)\n#(?P<variable>[A-Z_]+)=(?P<default>.*)$", re.MULTILINE)


def everything_uncommented() -> str:
    """Return the sample as it is when every setting is made active."""
    return re.sub(r"^#(?=TELEINFO_)", "", SAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_both_samples_have_the_settings_of_the_model() -> None:
    """Each with its default and its explanation, in French by the words of the catalogue."""
    entries = ENTRY.finditer(SAMPLE.read_text(encoding="utf-8"))
    said = [(entry["variable"], entry["default"], entry["explanation"]) for entry in entries]

    assert sorted(documented()) == sorted(said), "make generated"
    assert sample.FRENCH.read_text(encoding="utf-8") == sample.in_french(), "make generated"


def test_the_sample_with_every_line_active_or_none_gives_the_defaults(tmp_path: Path) -> None:
    """Taking away a # changes nothing before the value is edited."""
    active = tmp_path / "active"
    active.write_text(everything_uncommented(), encoding="utf-8")

    assert load(active) == load(SAMPLE) == load()


def test_other_programs_read_the_sample_as_we_do() -> None:
    """An active line has nothing that systemd or python-dotenv treats apart: quote, backslash, comment, $."""
    active = [line for line in everything_uncommented().splitlines() if line.startswith("TELEINFO_")]

    assert len(active) == len(documented())
    assert not [line for line in active if re.search(r"[\\'\"`$#;]|\s", line)]
