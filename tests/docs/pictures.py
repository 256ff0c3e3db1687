"""
Pictures of the screens of `watch` and `doctor`: English ones in docs/images, French ones in docs/fr/images.

After a change that is meant, draw them anew and look at them:

    python -m tests.docs.pictures
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from rich.text import Text

from teleinfo.doctor import report
from tests.docs import samples
from tests.docs.markdown import ROOT
from tests.support.picture import draw

COLUMNS = 82


LOCALES = {"docs": "C.UTF-8", "docs/fr": "fr_FR.UTF-8"}


def pictures() -> dict[Path, str]:
    """Return each picture by its path: those of the English pages, and those of the French ones."""
    found = {}
    for folder, locale in LOCALES.items():
        with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as machine:
            patch.setenv("LC_ALL", locale)
            patch.delenv("LANGUAGE", raising=False)
            watch = samples.watch_lines()
            style = report.Style(width=80, colours=True)
            doctor = samples.doctor_screen(Path(machine), style).split("\n")
        screens = {"watch": watch, "doctor": [Text.from_ansi(line) for line in doctor]}
        for name, lines in screens.items():
            found[ROOT / folder / f"images/{name}.svg"] = draw(lines, name=name, columns=COLUMNS)
    return found


def main() -> None:
    """Draw them anew."""
    for path, svg in pictures().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
