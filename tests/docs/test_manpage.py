"""The manual page, teleinfo(1), has every setting and command in both languages, in a form that man takes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from teleinfo.cli.main import COMMANDS
from teleinfo.common import i18n
from teleinfo.vocabulary.words import Language
from tests.docs.markdown import ROOT
from tests.support.settings import documented

if TYPE_CHECKING:
    from pathlib import Path


def written(language: Language) -> str:
    """Return the page as the script writes it, whatever the locale is."""
    command = [sys.executable, str(ROOT / "docs/manpage.py"), language]
    environ = os.environ | {"LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, check=True, timeout=60, env=environ).stdout.decode()


@pytest.mark.parametrize("language", Language)
def test_every_setting_and_command_is_there(language: Language) -> None:
    """Each variable with its explanation and its default, each command with its line of `teleinfo --help`."""
    plain = written(language).replace(r"\-", "-").replace(r"\&", "").replace(r"\e", "\\")
    said = dict(re.findall(r"^\.TP\n\.[BI] (\S+)\n(.*)$", plain, re.MULTILINE))
    french = i18n.catalogue(language)
    for name, command in COMMANDS.items():
        assert said[name] == french.get(command.help, command.help)
    for variable, default, explanation in documented():
        assert french.get(explanation, explanation) in said[variable]
        assert said[variable].endswith(f": {default}." if default else (": none.", ": aucun."))


def test_both_languages_have_the_same_terms_and_commands() -> None:
    """The same terms, the same lines to type, and as many sections."""
    shape = re.compile(r"^\.TP\n\.[BI] (\S+)$|^\.EX\n(.*?)^\.EE$|^(\.SH) ", re.MULTILINE | re.DOTALL)

    assert shape.findall(written(Language.FR)) == shape.findall(written(Language.EN))


@pytest.mark.real
@pytest.mark.parametrize("language", Language)
def test_man_shows_it_without_a_complaint(language: Language, tmp_path: Path) -> None:
    """Groff warns of nothing; accents, hyphens and quotes come out as they are."""
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("man and groff are not installed")
    path = tmp_path / "teleinfo.1"
    path.write_text(written(language), encoding="utf-8")
    result = subprocess.run(
        ["man", "--warnings", "--encoding=UTF-8", "--no-hyphenation", "--local-file", path],
        capture_output=True, text=True, check=True, timeout=60,
        env=os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "200", "MAN_KEEP_FORMATTING": ""},
    )  # fmt: skip

    assert result.stderr == ""
    assert "mosquitto_sub -v -t 'teleinfo/#'" in result.stdout
    assert "ADCO,ADSC,PRM" in result.stdout
    assert "Étiquettes" in result.stdout
