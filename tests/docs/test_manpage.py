"""The manual page, teleinfo(1), is made of what the program knows, and is in a form that man takes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from teleinfo.cli.main import COMMANDS
from teleinfo.common import i18n
from teleinfo.settings import field_specs

SCRIPT = Path(__file__).parents[2] / "docs" / "manpage.py"


def written(language: str) -> str:
    """Return the page as the script writes it, whatever the locale is."""
    command = [sys.executable, str(SCRIPT), language]
    environ = os.environ | {"LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, check=True, timeout=60, env=environ).stdout.decode()


@pytest.fixture(scope="module", params=["en", "fr"])
def page(request: pytest.FixtureRequest) -> Page:
    """Return the page in a language."""
    return Page(request.param, written(request.param))


class Page(NamedTuple):
    """The page in a language."""

    language: str
    text: str

    def translated(self, message: str) -> str:
        """Return a message of the program in the language of the page."""
        return i18n.catalogue("fr")[message] if self.language == "fr" else message

    def entries(self) -> dict[str, str]:
        """Return every term of the page with the line that explains it."""
        plain = self.text.replace(r"\-", "-").replace(r"\&", "").replace(r"\e", "\\")
        return dict(re.findall(r"^\.TP\n\.[BI] (\S+)\n(.*)$", plain, re.MULTILINE))


def test_every_setting_is_there_with_its_default(page: Page) -> None:
    """Each variable has its explanation, and its default where it has one."""
    said = page.entries()

    for spec in field_specs():
        assert page.translated(spec.explanation) in said[spec.variable]
        assert said[spec.variable].endswith(f": {spec.default}." if spec.default else (": none.", ": aucun."))


def test_every_command_is_there(page: Page) -> None:
    """Each command has the line of `teleinfo --help`."""
    said = page.entries()

    assert {name: said[name] for name in COMMANDS} == {
        name: page.translated(known.help) for name, known in COMMANDS.items()
    }


def test_both_languages_have_the_same_terms_and_commands() -> None:
    """The same terms, the same lines to type, and as many sections."""
    shape = re.compile(r"^\.TP\n\.[BI] (\S+)$|^\.EX\n(.*?)^\.EE$|^(\.SH) ", re.MULTILINE | re.DOTALL)

    assert shape.findall(written("fr")) == shape.findall(written("en"))


@pytest.mark.real
def test_man_shows_it_without_a_complaint(page: Page, tmp_path: Path) -> None:
    """Groff warns of nothing, and an accent, a hyphen and a quote come out as they are."""
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("man and groff are not installed")
    path = tmp_path / "teleinfo.1"
    path.write_text(page.text, encoding="utf-8")
    result = subprocess.run(
        ["man", "--warnings", "--encoding=UTF-8", "--no-hyphenation", "--local-file", str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "200", "MAN_KEEP_FORMATTING": ""},
    )

    assert result.stderr == ""
    assert "mosquitto_sub -v -t 'teleinfo/#'" in result.stdout
    explanation = page.translated("Étiquettes to leave out, for privacy: for example ADCO,ADSC,PRM")
    assert " ".join(explanation.split()) in " ".join(result.stdout.split())
