"""The pages of docs/consumers, English and French, name what is there, and show the same configurations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo import settings
from tests.docs.markdown import BLOCK, ROOT, code
from tests.state.schema import schema

if TYPE_CHECKING:
    from pathlib import Path

ENGLISH = ROOT / "docs" / "consumers"
FRENCH = ROOT / "docs" / "fr" / "consumers"
PAGES = sorted(path.name for path in ENGLISH.glob("*.md"))
TEXTS = {
    f"{folder.parent.name}/{path.name}": path.read_text(encoding="utf-8")
    for folder in (ENGLISH, FRENCH)
    for path in sorted(folder.glob("*.md"))
}


def fields(part: dict[str, Any], path: str = "") -> set[str]:
    """Return the topics of the fields below `path`, and of what they are in."""
    found = {path}
    for name, field in part.get("properties", {}).items():
        found |= fields(field, f"{path}/{name}")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_the_french_page_shows_the_same_configuration(page: str) -> None:
    """Each code block, to the byte."""
    english, french = ((folder / page).read_text(encoding="utf-8") for folder in (ENGLISH, FRENCH))

    assert BLOCK.findall(french) == BLOCK.findall(english)


@pytest.mark.parametrize("page", TEXTS)
def test_every_page_says_whether_it_was_run(page: str) -> None:
    """And by which version, or not."""
    assert re.search(r"[Rr]un by us|not run|[Ee]ssayée? par nous|non essayé", TEXTS[page])


@pytest.mark.parametrize("page", TEXTS)
def test_every_setting_and_topic_of_a_page_exists(page: str) -> None:
    """Settings as they are spelled, topics of the state by its schema."""
    variables = {spec.variable for spec in settings.field_specs()}
    topics = fields(schema())
    named = re.findall(r"teleinfo/state((?:/\w+)+)", TEXTS[page])

    assert set(re.findall(r"TELEINFO_[A-Z_]*[A-Z]", TEXTS[page])) <= variables
    assert set(named) <= topics


@pytest.mark.parametrize("folder", [ENGLISH, FRENCH], ids=["en", "fr"])
def test_the_index_names_every_page(folder: Path) -> None:
    """A page that no one finds is none."""
    index = (folder / "README.md").read_text(encoding="utf-8")

    assert {page.name for page in folder.glob("*.md")} - {"README.md"} <= set(re.findall(r"\((\S+)\)", index))
    assert "make test-consumers" in code(index)
