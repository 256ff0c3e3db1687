"""The pictures of `watch` and `doctor` show what these print."""

from __future__ import annotations

from tests.docs.markdown import READMES, ROOT
from tests.docs.pictures import pictures
from tests.support.picture import text_of


def test_the_pictures_are_current() -> None:
    """Their text is that of the screens; otherwise: python -m tests.docs.pictures."""
    for path, svg in pictures().items():
        kept = path.read_text(encoding="utf-8")

        assert text_of(kept) == text_of(svg)
        assert len(text_of(kept)) > 500
        assert "@font-face" not in kept
        assert "url(http" not in kept


def test_each_readme_shows_those_of_its_language() -> None:
    """All of them, and none of the other language."""
    for path in pictures():
        language = "fr" if "fr" in path.parts else "en"

        assert [name for name, text in READMES.items() if f"]({path.relative_to(ROOT)})" in text] == [
            language
        ]
