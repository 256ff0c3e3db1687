"""
.env-sample, and systemd/teleinfo.fr.env in French: every setting with its default and its explanation.

`make generated` writes both. Defaults and explanations come from the model; head, sections and order stay as
they are. A new setting is added behind its predecessor in the model.
"""

from __future__ import annotations

import re
from pathlib import Path

from teleinfo.common import i18n
from tests.support.settings import documented

ROOT = Path(__file__).parents[2]
ENGLISH = ROOT / ".env-sample"
FRENCH = ROOT / "systemd/teleinfo.fr.env"
SENTENCE = re.compile(r"(?<=^# ).+$", re.MULTILINE)


def in_english() -> str:
    """Return .env-sample with the settings of the model."""
    text = ENGLISH.read_text(encoding="utf-8")
    before = ""
    for variable, default, explanation in documented():
        entry = f"# {explanation}\n#{variable}={default}\n"
        is_new = f"#{variable}=" not in text
        place = before if is_new else variable
        [entry_there] = re.findall(rf"# .*\n#{place}=.*\n", text)
        text = text.replace(entry_there, f"{entry_there}\n{entry}" if is_new else entry)
        before = variable
    return text


def sentences() -> list[str]:
    """Return every sentence of .env-sample: what stands on a line of its own behind `# `."""
    return SENTENCE.findall(in_english())


def in_french() -> str:
    """Return .env-sample in French."""
    catalogue = i18n.catalogue("fr")
    return SENTENCE.sub(lambda line: catalogue[line[0]], in_english())


def main() -> None:
    """Write both."""
    ENGLISH.write_text(in_english(), encoding="utf-8")
    FRENCH.write_text(in_french(), encoding="utf-8")
