"""The manual page, teleinfo(1), has every setting and command in both languages, in a form that man takes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from teleinfo.vocabulary.words import Language
from tests.docs.markdown import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def written(language: Language) -> str:
    """Return the page as the script writes it, whatever the locale is."""
    command = [sys.executable, str(ROOT / "docs/manpage.py"), language]
    environ = os.environ | {"LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, check=True, timeout=60, env=environ).stdout.decode()


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
