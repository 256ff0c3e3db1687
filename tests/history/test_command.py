"""`teleinfo history`: its verbs, on the command line of a household."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.command import run_forked
from tests.support.parts import part_of
from tests.support.person import environment
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

LINE = b'{"timestamp":%d,"ADCO":"041961123456","PTEC":"TH..","BASE":"%09d","PAPP":"00500"}\n'
LINES = b"".join(LINE % (1_768_431_600_000 + 1000 * second, 1000 + second) for second in range(0, 60, 2))


def history(
    folder: Path, *words: str, lines: bytes = b"", terminal: int | None = None
) -> tuple[int, str, str]:
    """
    Run the command with a history in `folder`; return exit status, standard output and standard error.

    Its standard input has these `lines`, or is a `terminal`: then it is a process of its own.
    """
    environ = environment(language="fr", offers=folder / "offers.toml") | {"STATE_DIRECTORY": str(folder)}
    if terminal is None:
        done = run_forked(["history", *words], environ=environ, folder=folder, given=lines)
        return done.returncode, done.stdout, done.stderr
    with subprocess.Popen(
        [sys.executable, "-m", "teleinfo", "history", *words],
        env=environ,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    ) as process:
        output, said = process.communicate(timeout=LIMIT)
    return process.returncode, output.decode(), said.decode()


def test_without_a_verb_it_shows_its_verbs(tmp_path: Path) -> None:
    """They are on standard error, as after wrong usage: nothing was done."""
    status, output, said = history(tmp_path)
    shown = [line.split()[0] for line in said.splitlines() if line.startswith("    ")]

    assert (status, output) == (2, "")
    assert [word for word in shown if word in {"import", "undo", "export"}] == ["import", "undo", "export"]
    assert "sudo" in said
    assert [*tmp_path.iterdir()] == []


def test_at_a_terminal_it_asks_for_files(tmp_path: Path) -> None:
    """Without a file it would wait for lines that nobody types."""
    own, terminal = pty.openpty()
    try:
        status, _output, said = history(tmp_path, "import", terminal=terminal)
    finally:
        os.close(own)
        os.close(terminal)

    assert status == 2
    assert "nommez les fichiers à ajouter" in said
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("place", part_of(("before", "behind"), played=("before",)))
def test_the_settings_file_stands_before_the_verb_or_behind_it(place: str, tmp_path: Path) -> None:
    """Its topic names the history, which is imported into, exported, and as a copy imported elsewhere."""
    (tmp_path / "own.env").write_text("TELEINFO_MQTT_TOPIC=cave\n")
    (tmp_path / "new.env").write_text("TELEINFO_MQTT_TOPIC=garage\n")

    def run(file: str, *words: str, lines: bytes = b"") -> tuple[int, str, str]:
        option = ("--env-file", file)
        if place == "before":
            return history(tmp_path, *option, *words, lines=lines)
        return history(tmp_path, *words, *option, lines=lines)

    assert run("own.env", "import", lines=LINES)[0] == 0
    assert (tmp_path / "cave.sqlite").exists()
    assert run("own.env", "export", "copy.sqlite")[0] == 0
    status, _output, said = run("new.env", "import", "copy.sqlite")
    assert status == 0
    assert said.startswith("copy.sqlite")
    assert (tmp_path / "garage.sqlite").exists()
    assert run("new.env", "undo")[2] == "teleinfo history: aucun fichier n’a été importé\n"
