"""`make help` lists the same verbs in both languages."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def verbs(locale: str) -> dict[str, str]:
    """Return the line of `make help` for each verb, in this locale."""
    environ = {"PATH": os.environ["PATH"], "LC_ALL": locale}
    command = ["make", "--no-print-directory", "help"]
    said = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=True, timeout=60).stdout
    return dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", said.decode(), re.MULTILINE))


def test_make_help_lists_the_same_verbs_in_french() -> None:
    """In the same order, each with a line of its own in each language."""
    english, french = verbs("C.UTF-8"), verbs("fr_FR.UTF-8")

    assert list(french) == list(english)
    assert english["help"] == "this list"
    assert [verb for verb in english if english[verb] == french[verb]] == []
