"""
Pictures of the screens of `watch` and `doctor`, as SVG in docs/images.

After a change that is meant, draw them anew and look at them:

    python -m tests.docs.pictures
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from rich.text import Text

from teleinfo.doctor import text_output
from tests.docs import samples
from tests.docs.markdown import ROOT
from tests.support.picture import draw

COLUMNS = 82


def path(name: str) -> Path:
    """Return where a picture is."""
    return ROOT / f"docs/images/{name}.svg"


def pictures() -> dict[str, str]:
    """Return the pictures by name."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("LC_ALL", samples.LOCALES["en"])
        patch.delenv("LANGUAGE", raising=False)
        watch = samples.watch_lines()
        style = text_output.Style(width=80, colours=True)
        doctor = [Text.from_ansi(line) for line in samples.doctor_screen(Path(folder), style).split("\n")]
    return {
        "watch": draw(watch, name="watch", columns=COLUMNS),
        "doctor": draw(doctor, name="doctor", columns=COLUMNS),
    }


def main() -> None:
    """Draw them anew."""
    for name, svg in pictures().items():
        path(name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
