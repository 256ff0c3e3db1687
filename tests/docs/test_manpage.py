"""The manual page, teleinfo(1), is made of what the program knows, and is in a form that man takes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from teleinfo.cli.main import COMMANDS
from teleinfo.settings import field_specs

SCRIPT = Path(__file__).parents[2] / "docs" / "manpage.py"


@pytest.fixture(scope="module")
def page() -> str:
    """Return the page as the script writes it, in a locale that knows no French."""
    environ = os.environ | {"LC_ALL": "C"}
    command = [sys.executable, str(SCRIPT)]
    return subprocess.run(command, capture_output=True, check=True, timeout=60, env=environ).stdout.decode()


def entries(page: str) -> dict[str, str]:
    """Return every term of the page with the line that explains it."""
    plain = page.replace(r"\-", "-").replace(r"\&", "").replace(r"\e", "\\")
    return dict(re.findall(r"^\.TP\n\.[BI] (\S+)\n(.*)$", plain, re.MULTILINE))


def test_every_setting_is_there_with_its_default(page: str) -> None:
    """Each variable has its explanation, and its default where it has one."""
    said = entries(page)

    for spec in field_specs():
        assert spec.explanation in said[spec.variable]
        assert f"Default: {spec.default or 'none'}." in said[spec.variable]


def test_every_command_is_there(page: str) -> None:
    """Each command has the line of `teleinfo --help`."""
    said = entries(page)

    assert {name: said[name] for name in COMMANDS} == {name: known.help for name, known in COMMANDS.items()}


@pytest.mark.real
def test_man_shows_it_without_a_complaint(page: str, tmp_path: Path) -> None:
    """Groff warns of nothing, and an accent, a hyphen and a quote come out as they are."""
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("man and groff are not installed")
    path = tmp_path / "teleinfo.1"
    path.write_text(page, encoding="utf-8")
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
    assert "Étiquettes to leave out" in result.stdout
