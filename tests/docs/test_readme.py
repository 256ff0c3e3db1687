"""The READMEs show what the program asks for and says; test_french holds them to each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from teleinfo.common import i18n
from teleinfo.simulator.encode import encode_frame
from teleinfo.vocabulary.line import LineGrade
from teleinfo.vocabulary.words import Language
from tests.docs import samples
from tests.docs.markdown import EVERY_PAGE, READMES, blocks, table
from tests.doctor.machine_tree import Tree, findings_of
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for

if TYPE_CHECKING:
    from pathlib import Path


def test_the_lines_for_a_raspberry_pi_are_what_its_doctor_asks_for(tmp_path: Path) -> None:
    """On a Pi 4 as it was sold, with the meter on its pins."""
    tree = Tree(tmp_path)
    tree.raspberry(command_line="console=ttyAMA0,115200 console=tty1", config="dtparam=audio=on\n")
    tree.file("/dev/ttyS0")
    tree.link("/dev/serial0", "ttyS0")
    found = findings_of("port", tree.case("/dev/ttyAMA0"))
    asked = {line for one in found.values() for line in one.commands}
    [shown] = [block for block in blocks(READMES["en"], "sh") if "raspi-config" in block]

    assert set(shown.splitlines()) == asked


@pytest.mark.real
@pytest.mark.parametrize(
    ("language", "lines"),
    [("en", ["reading a meter", "connected"]), ("fr", ["un compteur est lu", "connecté"])],
)
def test_the_lines_of_the_log_are_what_a_start_says(tmp_path: Path, language: str, lines: list[str]) -> None:
    """A real daemon between a meter and a broker, but for the prefixes and the address."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(encode_frame(samples.HISTORIQUE)) as meter,
        Daemon(tmp_path, **settings_for(broker, meter.line), language=language) as daemon,
    ):
        for line in lines:
            daemon.expect_log(line)
        said = daemon.log.replace(f"{broker.host}:{broker.port}", "localhost:1883")
    [shown] = blocks(READMES[language], "text")

    assert set(re.findall(r"]: (.*)", shown)) == set(re.findall(r"(?m)^\S+ [A-Z]+ (.*)", said))


@pytest.mark.parametrize(
    ("page", "head"),
    [
        ("README.md", "| the log says |"),
        ("README.fr.md", "| le journal dit |"),
        ("docs/doctor.md", "| the log says |"),
        ("docs/fr/doctor.md", "| le journal dit |"),
    ],
)
def test_every_line_of_the_log_that_is_explained_can_be_said(page: str, head: str) -> None:
    """The tables quote messages of the program, apart from their fields."""
    french = i18n.catalogue(Language.FR)
    texts = french.values() if "fr" in page else french
    said = re.sub(r"%[sd]|\{\w+\}", "…", "\n".join(texts).replace("{silent}", "10 s"))
    rows = table(EVERY_PAGE[page], head)
    quoted = [
        part.strip()
        for row in rows
        for message in re.findall(r"\*([^*]+)\*", row[0])
        for part in message.split("…")
        if part.strip(" ,:;")
    ]

    assert [row[0] for row in rows if "*" not in row[0] and '"line_quality":' not in row[0]] == []
    assert [part for part in quoted if part.replace("\u00a0", " ") not in said.replace("\u00a0", " ")] == []
    assert set(re.findall(r'`"line_quality":"(\w+)"`', EVERY_PAGE[page])) <= set(LineGrade)
