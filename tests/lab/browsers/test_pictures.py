"""The pictures of the page are those of the page as it is."""

from __future__ import annotations

import json

import pytest

from teleinfo.vocabulary.words import Language
from tests.docs.markdown import READMES, ROOT
from tests.lab.browsers import pictures


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", pictures.SIZES)
def test_a_picture_is_current_and_shown(name: str, language: Language) -> None:
    """
    It was made of this page and this state, and the README of its language alone shows it.

    Otherwise: python -m tests.lab.browsers.pictures, and look at it.
    """
    path = pictures.path(name, language)
    digests = json.loads(pictures.DIGESTS.read_text(encoding="utf-8"))

    assert digests[path] == pictures.digest((ROOT / path).read_bytes(), name, language)
    assert [readme for readme, text in READMES.items() if f"({path})" in text] == [language]
