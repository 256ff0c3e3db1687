"""The pictures of the page are those of the page as it is."""

from __future__ import annotations

import pytest

from teleinfo.vocabulary.words import Language
from tests.docs.markdown import READMES, ROOT
from tests.watch import pictures


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", pictures.SIZES)
def test_a_picture_is_current(name: str, language: Language) -> None:
    """It was made of this page and this state; otherwise: python -m tests.watch.pictures, and look at it."""
    png = pictures.path(name, language).read_bytes()

    assert pictures.digest_of(png) == pictures.digest(name, language)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", pictures.SIZES)
def test_each_readme_shows_those_of_its_language(name: str, language: Language) -> None:
    """All of them, and none of the other language."""
    shown = f"({pictures.path(name, language).relative_to(ROOT)})"

    assert [readme for readme, text in READMES.items() if shown in text] == [language]
