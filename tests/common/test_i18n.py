"""The languages: which one is used, and that every message is translated."""

from __future__ import annotations

import argparse
import errno
import inspect
import os
import re
import string
from typing import TYPE_CHECKING

import pytest

from teleinfo.common import i18n
from teleinfo.vocabulary.words import Language, Message
from tests.common.messages import CODES, messages

if TYPE_CHECKING:
    from pathlib import Path

FRENCH = sorted((i18n.FOLDER / "fr").glob("*.po"))


def fields(message: str) -> list[str]:
    """Return what `message` wants to be filled with, by format or, as argparse does it, by %."""
    named = [f"{name}:{how}" for _, name, how, _ in string.Formatter().parse(message) if name is not None]
    return sorted(named + re.findall(r"%(?:\(\w+\))?[a-z]", message))


def test_every_message_is_translated() -> None:
    """No message of the sources lacks its translation."""
    french = i18n.catalogue(Language.FR)

    assert {text: place for text, place in messages().items() if not french.get(text)} == {}


def test_no_translation_is_left_over() -> None:
    """Each is a message of the sources or of argparse in this Python, or a text of strerror(3)."""
    system = {os.strerror(number) for number in errno.errorcode}
    rest = i18n.catalogue(Language.FR).keys() - messages().keys() - system
    others = inspect.getsource(argparse)

    assert sorted(text for text in rest if text.strip("\n") not in others) == []


@pytest.mark.parametrize("path", FRENCH, ids=lambda path: path.stem)
def test_a_translation_wants_what_its_message_wants(path: Path) -> None:
    """Both have the same fields to fill in."""
    translated = i18n.parse_catalogue(path.read_text(encoding="utf-8"))

    assert {text for text, french in translated.items() if fields(text) != fields(french)} == set()


def test_french_has_its_typography() -> None:
    typed = {member.words.template for kind in CODES for member in kind}
    french = i18n.catalogue(Language.FR).items()

    assert [
        text
        for message, text in french
        if re.search(r"\b[cdjlmnqstu]'\w", text) or (message not in typed and re.search(r"\w [:;!?»]", text))
    ] == []


def test_one_message_has_one_translation() -> None:
    """Two catalogues of a language do not contradict each other."""
    catalogues = [i18n.parse_catalogue(path.read_text(encoding="utf-8")) for path in FRENCH]
    merged = i18n.catalogue(Language.FR)

    assert [text for one in catalogues for text, french in one.items() if merged[text] != french] == []


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LC_ALL": "fr_FR.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LANGUAGE": "en:fr"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "de:fr:en"}, "fr"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "fr"}, "en"),
    ],
)
def test_the_language_is_that_of_the_locale(
    variables: dict[str, str], spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LC_ALL wins over LC_MESSAGES, which wins over LANG; LANGUAGE wins over them, except in the locale C."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, variables.get(name, ""))

    assert i18n.language() == spoken


def test_a_message_has_its_text_in_english_and_in_the_language_of_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    inner = Message("nothing listens at {address}", address="[::1]:{1}")
    outer = Message("no connection: {why}", why=inner)

    assert str(outer) == f"no connection: {inner}" == "no connection: nothing listens at [::1]:{1}"
    assert i18n._("no such message, ever") == "no such message, ever"
    assert i18n._(outer) == "pas de connexion : rien n’écoute à [::1]:{1}"


@pytest.mark.parametrize("path", FRENCH, ids=lambda path: path.stem)
def test_each_line_of_a_catalogue_is_read(path: Path) -> None:
    rest = i18n._ENTRY.sub("", path.read_text(encoding="utf-8").replace('"\n"', ""))

    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []
