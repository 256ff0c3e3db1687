"""`make release` knows each picture of the documentation, and names it once what it shows has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs import drawn
from tests.docs.markdown import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_every_picture_says_what_it_shows() -> None:
    pictures = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("images/*")}

    assert pictures - drawn.DRAWINGS == {*drawn.SHOWN} == {*drawn.recorded()}


def test_every_file_that_is_shown_is_there() -> None:
    """Else the digest would be that of nothing, and would never change."""
    missing = {path for paths in drawn.SHOWN.values() for path in paths if not (ROOT / path).exists()}

    assert missing == set()


@pytest.mark.parametrize("changed", ["page/a.css", "page/inner/new.html", "fr.po"])
def test_a_picture_is_old_once_a_file_that_it_shows_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """A changed file, a new one in a folder, and a text; what Python compiles is none."""
    (tmp_path / "page/inner").mkdir(parents=True)
    for name in ("page/a.css", "fr.po", "other.py"):
        (tmp_path / name).write_text("before")
    monkeypatch.setattr(drawn, "SHOWN", {"picture.png": ("page", "fr.po")})
    digests = {"picture.png": drawn.digest(("page", "fr.po"), tmp_path)}
    (tmp_path / "other.py").write_text("after")
    (tmp_path / "page/__pycache__").mkdir()
    (tmp_path / "page/__pycache__/a.pyc").write_text("compiled")
    before = drawn.old(digests, tmp_path)
    (tmp_path / changed).write_text("after")

    assert before == []
    assert drawn.old(digests, tmp_path) == ["picture.png"]
    assert drawn.old({}, tmp_path) == ["picture.png"]
