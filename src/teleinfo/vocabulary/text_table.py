"""Read a table of the package: texts in sections of a file, which belongs to the package like its modules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_sections(path: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Return the notes and the lines of each section, which begins with `[NAME] notes`; # begins comments."""
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {}
    for section in text.strip().split("\n\n"):
        head, *lines = map(str.strip, section.split("\n"))
        name, *notes = head.split()
        sections[name.strip("[]")] = notes, lines
    return sections
