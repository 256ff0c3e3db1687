"""Each page in French is held to its English page: what a reader types, sees and follows is the same."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.markdown import BLOCK, FRENCH, ROOT, code, destination, english, prose

if TYPE_CHECKING:
    from pathlib import Path

# All other pages of docs/ are there in French.
FOR_DEVELOPERS = {
    "CONTRIBUTING",
    "SECURITY",
    "architecture",
    "benchmark",
    "conformance",
    "library",
    "protocol",
    "reliability",
}
PAIRS = {
    name: (ROOT / name, english(ROOT / name))
    for name in ("README.fr.md", *FRENCH)
    if english(ROOT / name) != ROOT / name
}
COMMENT = re.compile(r"(?:^|(?<=\s))[ \t]*#(?:\s.*)?$", re.MULTILINE)


def without_words(text: str) -> str:
    """
    Return a block, or a piece of code, without its comments and with `<a placeholder>` as `<>`.

    The names that people read in an example for Home Assistant are words, too.
    """
    text = re.sub(
        r"^( *(?:- )?(?:alias|description|heading|name|title): ).*$", r"\1<>", text, flags=re.MULTILINE
    )
    lines = COMMENT.sub("", re.sub(r"<[^<>\n]+>", "<>", text)).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def shown(page: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each code block of a page; a block with output has no text."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(kind, "" if kind == "text" else without_words(block)) for _, kind, block in found]


def named(page: Path) -> list[tuple[str, list[str]]]:
    """Return the mark of each heading with the code and the targets of links below it, sorted."""
    parts = re.split(r"^(#+) .*$", prose(page.read_text(encoding="utf-8")), flags=re.MULTILINE)
    found = []
    for mark, below in zip(parts[1::2], parts[2::2], strict=True):
        links = [destination(page, target) for target in re.findall(r"\]\(([^)\s]+)\)", below)]
        known = [link for link in links if "docs/fr/" not in link]  # a page that is in French alone
        found.append((mark, sorted([without_words(piece) for piece in code(below)] + known)))
    return found


def test_every_page_for_users_is_there_in_french() -> None:
    in_french = {page.stem for _, page in PAIRS.values()}

    assert {path.stem for path in (ROOT / "docs").glob("*.md")} - in_french == FOR_DEVELOPERS


@pytest.mark.parametrize("name", PAIRS)
def test_both_show_the_same_blocks_in_the_same_order(name: str) -> None:
    """Commands, settings, messages and files are equal but for the comments in them."""
    french, page = PAIRS[name]

    assert shown(french) == shown(page)


@pytest.mark.parametrize("name", PAIRS)
def test_both_have_the_same_sections_with_the_same_code_and_links(name: str) -> None:
    """Below each heading the same settings, topics, messages and commands, and links to the same places."""
    french, page = PAIRS[name]

    assert named(french) == named(page)


@pytest.mark.parametrize("name", PAIRS)
def test_a_french_page_leads_to_french_pages(name: str) -> None:
    french, page = PAIRS[name]
    text = french.read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", rest)]
    paths = [(french.parent / target).resolve() for target in targets if target.endswith(".md")]

    other = page.read_text(encoding="utf-8").partition("\n")[0]

    assert re.findall(r"\[English\]\((\S+)\)", first) == [os.path.relpath(page, french.parent)]
    assert re.findall(r"\[Français\]\((\S+)\)", other) == [os.path.relpath(french, page.parent)]
    english_pages = {english for _french, english in PAIRS.values()}
    assert english_pages.isdisjoint(paths)


@pytest.mark.parametrize("name", ["README.fr.md", *FRENCH])
def test_french_has_its_typography(name: str) -> None:
    """Outside code and units: typographic apostrophes, no plain space before : ; ? ! » % or after «."""
    text = prose((ROOT / name).read_text(encoding="utf-8"))
    sentences = re.sub(r"`[^`\n]+`|\]\([^)]*\)|(?<=\| )%(?= \|)", "`", text)

    assert re.findall(r".{0,20}(?: [:;?!»%]|« |\u00a0[ \u00a0]|\w'\w|[\w)`][;?!»]).{0,20}", sentences) == []


def test_make_help_lists_the_same_verbs() -> None:
    """In the same order, each with a line of its own in each language."""
    said = []
    for locale in ("C.UTF-8", "fr_FR.UTF-8"):
        environ = {"PATH": os.environ["PATH"], "LC_ALL": locale}
        command = ["make", "--no-print-directory", "--directory", str(ROOT), "help"]
        said.append(subprocess.run(command, env=environ, capture_output=True, check=True).stdout.decode())
    entry = re.compile(r"^  make ([a-z-]+) +(\S.*)$", re.MULTILINE)
    in_english, in_french = (dict(entry.findall(text)) for text in said)

    assert in_english["help"] == "this list"
    assert list(in_french) == list(in_english)
    assert [verb for verb in in_english if in_english[verb] == in_french[verb]] == []
