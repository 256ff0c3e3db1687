"""The pages name what is there: files, links, settings, commands, topics, keys."""

from __future__ import annotations

import functools
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from teleinfo.cli import main as cli
from teleinfo.settings import DEFAULTS, variable_of
from tests.docs.markdown import EVERY_PAGE, ROOT, blocks, code, commands, headings, prose
from tests.state.documents import schema
from tests.support.settings import settings_of

PACKAGE = ROOT / "src" / "teleinfo"
PACKAGES = "|".join(sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
# The folders in which the file is that a page calls tests/…, port/… or LICENSE.
PLACES = (ROOT, PACKAGE, ROOT / "systemd", ROOT / "docs")
CONSUMERS = [name for name in EVERY_PAGE if "consumers/" in name]
LINKS = [
    (name, target)
    for name, text in {**EVERY_PAGE, "CHANGELOG.md": (ROOT / "CHANGELOG.md").read_text("utf-8")}.items()
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text))
    if not re.match(r"https?:", target)
]


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_every_link_leads_somewhere(page: str, target: str) -> None:
    name, _, anchor = target.partition("#")
    path = (ROOT / page).parent / name if name else ROOT / page

    assert path.exists()
    assert not anchor or anchor in headings(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    """Tests, sources, examples and units, from the root of the checkout or of the package."""
    named = [
        word
        for piece in code(EVERY_PAGE[page])
        for word in piece.split()
        if re.fullmatch(rf"(?:tests|src|docs|systemd|examples)/[\w./@-]*|(?:{PACKAGES})/|[\w/]+\.py", word)
    ]

    assert [name for name in named if not any((place / name).exists() for place in PLACES)] == []


@pytest.mark.parametrize("page", sorted(EVERY_PAGE.keys() - CONSUMERS))
def test_every_verb_and_command_that_a_page_names_exists(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = EVERY_PAGE[page]
    for program, *arguments in commands(text):
        words = arguments[: arguments.index("&&")] if "&&" in arguments else arguments
        if program == "make":
            assert {word for word in words if "=" not in word} <= verbs_of_make()
            demo = next((word.partition("=")[2] for word in words if word.startswith("DEMO=")), "")
            understood(["demo", *shlex.split(demo)], capsys)
        elif Path(program).name == "teleinfo":
            understood(words, capsys)


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_the_settings_that_a_page_shows_are_valid(page: str) -> None:
    """Each block of settings is read as it stands."""
    for block in blocks(EVERY_PAGE[page], "sh"):
        lines = block.splitlines()
        if all(line.startswith("TELEINFO_") for line in lines):
            given = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}

            assert given.keys() <= set(map(variable_of, DEFAULTS))
            assert settings_of(given)


@pytest.mark.parametrize("page", CONSUMERS)
def test_a_page_of_a_program_names_topics_that_exist(page: str) -> None:
    named = re.findall(r"teleinfo/state((?:/\w+)+)", EVERY_PAGE[page])

    assert set(named) <= topics(schema())


def topics(part: dict[str, Any], path: str = "") -> set[str]:
    """Return the topics of the fields below `path`, and of the objects that hold them."""
    below = part.get("properties", {}).items()
    return {path}.union(*(topics(field, f"{path}/{name}") for name, field in below))


def understood(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Require that the command line takes these arguments."""
    try:
        cli._parse(arguments)
    except SystemExit as end:
        assert end.code == 0, capsys.readouterr().err  # noqa: PT017 - zero is --help's


@functools.cache
def verbs_of_make() -> frozenset[str]:
    """Return the targets of the Makefile."""
    command = ["make", "--print-data-base", "--dry-run", "help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return frozenset(re.findall(r"^([a-z-]+):", done.stdout, re.MULTILINE))
