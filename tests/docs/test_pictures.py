"""The pictures of `watch` and `doctor` show what these print."""

from __future__ import annotations

from tests.docs.pictures import path, pictures
from tests.support.picture import text_of


def test_the_pictures_are_current() -> None:
    """Their text is that of the screens; otherwise: python -m tests.docs.pictures."""
    for name, svg in pictures().items():
        kept = path(name).read_text(encoding="utf-8")

        assert text_of(kept) == text_of(svg)
        assert len(text_of(kept)) > 500
        assert "@font-face" not in kept
        assert "url(http" not in kept
