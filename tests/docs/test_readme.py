"""What the two READMEs show is what the program does; test_french holds them to each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from teleinfo.cli.main import COMMANDS
from teleinfo.common import i18n
from teleinfo.simulator.encode import encode_frame
from teleinfo.vocabulary.line import LineGrade
from teleinfo.vocabulary.words import Language
from tests.docs import samples
from tests.docs.markdown import READMES, ROOT, blocks, table
from tests.doctor.machine_tree import Tree, findings_of
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.picture import text_of
from tests.support.settings import documented

if TYPE_CHECKING:
    from pathlib import Path

README = READMES["en"]
ANEW = "if it is meant: python -m tests.docs.samples"


def test_the_lines_for_a_raspberry_pi_are_what_its_doctor_asks_for(tmp_path: Path) -> None:
    """On a Pi 4 as it was sold, with the meter on its pins."""
    tree = Tree(tmp_path)
    tree.raspberry(command_line="console=serial0,115200 console=tty1", config="dtparam=audio=on\n")
    tree.file("/dev/ttyS0")
    tree.link("/dev/serial0", "ttyS0")
    found = findings_of("port", tree.case("/dev/ttyAMA0"))
    asked = {line for one in found.values() for line in one.commands}
    [shown] = [block for block in blocks(README, "sh") if "raspi-config" in block]

    assert set(shown.splitlines()) == asked


@pytest.mark.parametrize("language", READMES)
def test_the_table_of_settings_is_that_of_the_model(language: str) -> None:
    """Every variable with its default and the model's explanation, in the model's order."""
    rows = re.findall(
        r"^\| `(TELEINFO_[A-Z_]+)` \| (?:`(.*?)`)? \| (.*) \|$", READMES[language], re.MULTILINE
    )
    french = i18n.catalogue(Language(language))

    assert rows == [
        (variable, default, french.get(explanation, explanation))
        for variable, default, explanation in documented()
    ]


def test_the_messages_shown_are_what_is_published() -> None:
    """Each sample is the payload of a frame that a meter could send, with the options of its section."""
    assert blocks(README, "json") == samples.messages(), ANEW


@pytest.mark.real
@pytest.mark.parametrize(
    ("language", "lines"),
    [("en", ["reading a meter", "connected"]), ("fr", ["un compteur est lu", "connecté"])],
)
def test_the_lines_of_the_log_are_what_a_start_says(tmp_path: Path, language: str, lines: list[str]) -> None:
    """A real daemon between a meter and a broker, but for the time of day and the address."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(encode_frame(samples.HISTORIQUE)) as meter,
        Daemon(tmp_path, **settings_for(broker, meter.line), language=language) as daemon,
    ):
        for line in lines:
            daemon.expect_log(line)
        said = daemon.log.replace(f"{broker.host}:{broker.port}", "localhost:1883")
    [shown] = blocks(READMES[language], "text")

    assert set(shown.splitlines()) == {line.partition(" ")[2] for line in said.splitlines()}


@pytest.mark.parametrize("language", READMES)
def test_the_table_of_commands_has_each_of_them(language: str) -> None:
    """Each command that exists, and no other."""
    named = re.findall(
        r"^\| (?:`teleinfo` \w+ )?`teleinfo (\w+)(?: [A-Z]+)?` \|", READMES[language], re.MULTILINE
    )

    assert sorted(named) == sorted(COMMANDS)


@pytest.mark.parametrize(("language", "head"), [("en", "| what you see |"), ("fr", "| ce que vous voyez |")])
def test_every_message_that_is_explained_can_be_said(language: str, head: str) -> None:
    """The table of symptoms quotes messages of the program, apart from their fields."""
    french = i18n.catalogue(Language.FR)
    texts = french if language == "en" else french.values()
    said = "\n".join(texts).replace("{silent}", "10 s").replace("\u00a0", " ")
    quoted = [
        part.strip()
        for row in table(READMES[language], head)
        for message in re.findall(r"\*([^*]+)\*", row[0])
        for part in message.split("…")
        if part.strip(" ,")
    ]

    assert len(quoted) >= 7
    assert [part for part in quoted if part.replace("\u00a0", " ") not in said] == []
    assert set(re.findall(r'`"line":"(\w+)"`', READMES[language])) <= set(LineGrade)


def test_the_pictures_show_the_screens_of_the_program() -> None:
    """Their text is that of the screens; they fetch nothing; each README shows its own, and the demo."""
    for path, svg in samples.pictures().items():
        kept = path.read_text(encoding="utf-8")
        language = "fr" if "fr" in path.parts else "en"

        assert text_of(kept) == text_of(svg), ANEW
        assert len(text_of(kept)) > 500
        assert "@font-face" not in kept
        assert "url(http" not in kept
        shown = [name for name, text in READMES.items() if f"]({path.relative_to(ROOT)})" in text]
        assert shown == (["en", "fr"] if path.name == "demo.svg" else [language])
