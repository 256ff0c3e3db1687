"""What docs/ says is there, is there: files, links, settings, commands, figures, keys."""

from __future__ import annotations

import ast
import functools
import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from teleinfo import settings
from teleinfo.cli import main as cli
from teleinfo.tic.labels import Group, Mode
from teleinfo.vocabulary.line import LineGrade
from tests.docs import samples
from tests.docs.markdown import FRENCH, PAGES, ROOT, blocks, code, commands, headings, prose, table
from tests.support.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = ROOT / "src" / "teleinfo"
PACKAGES = "|".join(sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
# docs/consumers has tests of its own (test_consumers).
EVERY_PAGE = PAGES | {name: text for name, text in FRENCH.items() if "consumers" not in name}
RELIABILITY, OPERATIONS = PAGES["reliability.md"], PAGES["operations.md"]
# Where what a page calls tests/…, port/… or LICENSE is.
PLACES = (ROOT, PACKAGE, ROOT / "systemd", ROOT / "docs")


def links() -> Iterator[tuple[Path, str]]:
    """Yield every link of a page to another of our files, with the page it stands in."""
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
            if not re.match(r"https?:", target):
                yield page, target


@pytest.mark.parametrize(
    ("page", "target"), [pytest.param(*link, id=f"{link[0].relative_to(ROOT)}:{link[1]}") for link in links()]
)
def test_every_link_leads_somewhere(page: Path, target: str) -> None:
    """To a file that is there, and to a heading of it."""
    name, _, anchor = target.partition("#")
    path = page.parent / name if name else page

    assert path.exists()
    if anchor:
        assert anchor in headings(path.read_text(encoding="utf-8"))


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


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_verb_and_command_that_a_page_names_exists(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ours: those of make and of teleinfo; the journal's own lines begin with `teleinfo` too."""
    text = EVERY_PAGE[page]
    if page == "docs/fr/journal.md":
        text = re.sub(r"^\|[^|]*\|", "|", text, flags=re.MULTILINE)
    for program, *arguments in commands(text):
        words = arguments[: arguments.index("&&")] if "&&" in arguments else arguments
        if program == "make":
            understood_by_make(tuple(word for word in words if "=" not in word))
        elif program == "teleinfo":
            understood(words, capsys)


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_setting_that_a_page_names_exists(page: str) -> None:
    """In blocks, where it is read as it stands, and in sentences."""
    known = {spec.variable for spec in settings.field_specs()}
    for block in blocks(EVERY_PAGE[page], "sh"):
        lines = block.splitlines()
        if all(line.startswith("TELEINFO_") for line in lines):
            given = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}

            assert len(settings_of(given).model_fields_set) == len(lines)

    assert {
        name for name in re.findall(r"TELEINFO_[A-Z_]*[A-Z]", EVERY_PAGE[page]) if name not in known
    } == set()


def test_each_promise_of_time_is_the_one_that_its_test_holds() -> None:
    """The seconds that the page promises stand in the test that it names, as its limit."""
    rows = re.findall(r"^\| .*?within (\d+) s \| .*? \| (.*) \|$", RELIABILITY, re.MULTILINE)
    broken = [
        (seconds, names)
        for seconds, names in rows
        if not any(int(seconds) in limits(ROOT / name) for name in re.findall(r"`(tests/\S+\.py)`", names))
    ]

    assert len(rows) >= 14
    assert broken == []


def limits(path: Path) -> set[float]:
    """Return the numbers that a test and the helpers beside it pass by keyword or assign to a name."""
    found: set[float] = set()
    helpers = {source for source in path.parent.glob("*.py") if not source.name.startswith("test_")}
    helpers.add(ROOT / "tests" / "support" / "scenario.py")
    for source in {path, *helpers}:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            values = [node.value] if isinstance(node, ast.keyword | ast.Assign) else []
            found |= {
                each.value
                for value in values
                for each in ast.walk(value)
                if isinstance(each, ast.Constant) and isinstance(each.value, int | float)
            }
    return found


def test_the_keys_to_watch_are_those_of_health() -> None:
    """And the words of alarm are grades."""
    rows = table(OPERATIONS, "| key | alarm when |")
    named = {key for row in rows for key in re.findall(r"`(\w+)`", row[0])}
    health = json.loads(samples.health_message())

    assert named <= set(health)
    assert set(re.findall(r"`(\w+)`", rows[0][1])) <= set(LineGrade)


def test_the_exit_statuses_are_those_of_the_command_line() -> None:
    """78 is a wrong setting."""
    named = [int(row[0]) for row in table(OPERATIONS, "| exit status |")]

    assert named == [0, 1, 2, cli.EXIT_CONFIGURATION]


def test_the_keys_that_the_protocol_shows_are_those_that_come_out() -> None:
    """Repeated labels, the second part of an ICE-4Q, a horodate without season."""
    ice = [("EA", "422Wh"), ("PREAVIS", "DEP"), ("PREAVIS", "EJP"), ("Appli", "INJECTION"), ("EA", "7Wh")]
    of_ice = samples.published([Group(label, value, None, Mode.HISTORIQUE) for label, value in ice])
    of_linky = samples.published([Group("DPM1", "00", " 230213060000", Mode.STANDARD)])
    shown = [piece for piece in code(PAGES["protocol.md"]) if re.fullmatch(r'"\w+":".*"', piece)]

    assert len(shown) == 2
    assert [piece for piece in shown if piece not in of_ice + of_linky] == []
    assert {"EA", "EA_INJECTION"} <= json.loads(of_ice).keys()


def understood(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Require that the command line takes these arguments."""
    try:
        cli._parse(arguments)
    except SystemExit as end:
        assert end.code == 0, capsys.readouterr().err  # noqa: PT017 - zero is --help's


def understood_by_make(verbs: tuple[str, ...]) -> None:
    """Require that make can do this."""
    assert set(verbs) <= verbs_of_make()


@functools.cache
def verbs_of_make() -> frozenset[str]:
    """Return the targets of the Makefile."""
    asked = subprocess.run(
        ["make", "--print-data-base", "--dry-run", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return frozenset(re.findall(r"^([a-z-]+):", asked.stdout, re.MULTILINE))
