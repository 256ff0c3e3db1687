"""What the pages of docs/consumers show, to be run as it stands."""

from __future__ import annotations

from tests.docs.markdown import ROOT, blocks

PAGES = ROOT / "docs" / "consumers"


def block(page: str, language: str, number: int = 0) -> str:
    """Return a code block of a page."""
    return blocks((PAGES / page).read_text(encoding="utf-8"), language)[number]
