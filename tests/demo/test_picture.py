"""The picture of the demo in the README is what the demo shows."""

from __future__ import annotations

from pathlib import Path

from tests.demo.picture import PICTURE, picture
from tests.support.picture import text_of

ROOT = Path(__file__).parents[2]


def test_the_picture_is_current() -> None:
    """
    Its text is that of a demo with the same seed and start; otherwise: python -m tests.demo.picture.

    It fetches nothing, and each README shows it.
    """
    svg = PICTURE.read_text(encoding="utf-8")

    assert text_of(svg) == text_of(picture())
    assert "@font-face" not in svg
    assert "url(http" not in svg
    for name in ("README.md", "README.fr.md"):
        assert f"]({PICTURE.relative_to(ROOT)})" in (ROOT / name).read_text(encoding="utf-8")
