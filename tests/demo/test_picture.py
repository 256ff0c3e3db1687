"""The picture of the demo in the README is what the demo shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo.picture import PICTURE, expected_lines, picture
from tests.support.picture import text_of

ROOT = Path(__file__).parents[2]


def test_the_picture_is_current() -> None:
    """Its text is that of a demo with the same seed and start; otherwise: python -m tests.demo.picture."""
    assert text_of(PICTURE.read_text(encoding="utf-8")) == text_of(picture(expected_lines()))


def test_the_picture_fetches_nothing() -> None:
    """It is drawn without a font or a style from elsewhere."""
    svg = PICTURE.read_text(encoding="utf-8")

    assert "@font-face" not in svg
    assert "url(http" not in svg


@pytest.mark.parametrize("name", ["README.md", "README.fr.md"])
def test_the_readme_shows_the_picture(name: str) -> None:
    """By a path that holds wherever the README is."""
    assert f"]({PICTURE.relative_to(ROOT)})" in (ROOT / name).read_text(encoding="utf-8")
