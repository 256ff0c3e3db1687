"""
.env-sample in French, systemd/teleinfo.fr.env: the same settings, explained by the catalogue.

After a change of .env-sample or of the catalogue, write it anew:

    python -m tests.settings.sample
"""

from __future__ import annotations

import re
from pathlib import Path

from teleinfo.common import i18n

ROOT = Path(__file__).parents[2]
ENGLISH = ROOT / ".env-sample"
FRENCH = ROOT / "systemd/teleinfo.fr.env"
SENTENCE = re.compile(r"(?<=^# ).+$", re.MULTILINE)


def sentences() -> list[str]:
    """Return every sentence of .env-sample: what stands on a line of its own behind `# `."""
    return SENTENCE.findall(ENGLISH.read_text(encoding="utf-8"))


def in_french() -> str:
    """Return .env-sample in French."""
    catalogue = i18n.catalogue("fr")
    return SENTENCE.sub(lambda line: catalogue[line[0]], ENGLISH.read_text(encoding="utf-8"))


if __name__ == "__main__":
    FRENCH.write_text(in_french(), encoding="utf-8")
