"""What the two READMEs show is what the program does; test_french holds them to each other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from teleinfo import settings
from teleinfo.cli.main import COMMANDS
from teleinfo.common import i18n
from teleinfo.doctor import check_port
from teleinfo.simulator.encode import encode_frame
from teleinfo.vocabulary.line import LineGrade
from teleinfo.vocabulary.words import Language
from tests.docs import samples
from tests.docs.markdown import PAGES, READMES, ROOT, blocks, commands, figures, table
from tests.docs.test_pages import understood, understood_by_make
from tests.doctor.machine_tree import Tree, findings_of
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.settings import settings_of

README = READMES["en"]
# Programs of the system that the READMEs call: a misspelt one is none of these.
PROGRAMS = {
    *("apt", "cd", "cp", "docker", "git", "install", "journalctl", "ls", "mosquitto_sub", "printf"),
    *("raspi-config", "reboot", "sudoedit", "systemctl", "usermod"),
}
ANEW = "if it is meant: python -m tests.docs.samples"


# ---- Both are one ----


def test_both_promise_the_same() -> None:
    """The figures of the table are those of the other one, with a decimal comma."""
    french = [row[1:] for row in table(READMES["fr"], "| | promis |")]
    english = [row[1:] for row in table(README, "| | promised |")]

    assert [figures(" ".join(row)) for row in french] == [figures(" ".join(row)) for row in english]


# ---- Each part can be followed as it stands ----


def test_a_clone_stands_before_whatever_needs_the_checkout() -> None:
    """In each section that types a verb of make or a file of the checkout; but where it is made already."""
    for section in re.split(r"^## ", README, flags=re.MULTILINE):
        lines = [line for block in blocks(section, "sh") for line in block.splitlines()]
        needs = [number for number, line in enumerate(lines) if re.match(r"(sudo )?make\b", line)]
        clones = [number for number, line in enumerate(lines) if line.startswith("git clone <")]

        assert section.startswith("For the curious") or not needs or min(clones) < min(needs)


def test_the_lines_for_a_raspberry_pi_are_what_its_doctor_asks_for(tmp_path: Path) -> None:
    """On a Pi 4 that is as it was sold, and with the meter on its pins."""
    tree = Tree(tmp_path)
    tree.raspberry(command_line="console=serial0,115200 console=tty1", config="dtparam=audio=on\n")
    tree.file("/dev/ttyS0")
    tree.link("/dev/serial0", "ttyS0")
    found = findings_of(check_port.check_port, tree.case("/dev/ttyAMA0"))
    asked = {line for one in found.values() for line in one.commands}
    [shown] = [block for block in blocks(README, "sh") if "raspi-config" in block]

    assert set(shown.splitlines()) == asked


@pytest.mark.parametrize("text", [READMES["en"], *PAGES.values()])
def test_what_goes_on_until_it_is_stopped_stands_alone(text: str) -> None:
    """Whoever pastes a block is not left waiting in the middle of it."""
    endless = re.compile(r"(journalctl .*-f|mosquitto_sub (?!.*-W)|make demo|sudo reboot)")
    for block in blocks(text, "sh"):
        assert [line for line in block.splitlines()[:-1] if endless.search(line)] == []


# ---- What is shown is true ----


@pytest.mark.parametrize("language", READMES)
def test_the_table_of_settings_is_that_of_the_model(language: str) -> None:
    """Every variable with its default and the model's explanation, in the model's order."""
    rows = re.findall(
        r"^\| `(TELEINFO_[A-Z_]+)` \| (?:`(.*?)`)? \| (.*) \|$", READMES[language], re.MULTILINE
    )
    french = i18n.catalogue(Language(language))

    assert rows == [
        (spec.variable, spec.default, french.get(spec.explanation, spec.explanation))
        for spec in settings.field_specs()
    ]


def test_the_messages_shown_are_what_is_published() -> None:
    """Each sample is the payload of a frame that a meter could send, with the options of its section."""
    assert blocks(README, "json") == samples.messages(), ANEW


@pytest.mark.real
def test_the_lines_of_the_log_are_what_a_start_says(tmp_path: Path) -> None:
    """A real daemon between a meter and a broker, but for the time of day and the address."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(encode_frame(samples.HISTORIQUE)) as meter,
        Daemon(tmp_path, **settings_for(broker, meter.line)) as daemon,
    ):
        daemon.expect_log("reading a meter")
        daemon.expect_log("connected to")
        said = daemon.log.replace(f"{broker.host}:{broker.port}", "localhost:1883")

    for text in READMES.values():
        [shown] = blocks(text, "text")

        assert set(shown.splitlines()) == {line.partition(" ")[2] for line in said.splitlines()}


@pytest.mark.parametrize("language", READMES)
def test_the_table_of_commands_has_each_of_them(language: str) -> None:
    """Each command that exists, and no other."""
    named = re.findall(
        r"^\| (?:`teleinfo` \w+ )?`teleinfo (\w+)(?: [A-Z]+)?` \|", READMES[language], re.MULTILINE
    )

    assert sorted(named) == sorted(COMMANDS)


@pytest.mark.parametrize("line", commands(README), ids=" ".join)
def test_every_command_shown_is_one(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Ours are taken by our command line and our Makefile as they stand, the others are the system's."""
    program, *arguments = line
    if Path(program).name == "teleinfo":
        understood(arguments, capsys)
    elif program == "make":
        understood_by_make(tuple(word for word in arguments if "=" not in word))
        demo = next((word.partition("=")[2] for word in arguments if word.startswith("DEMO=")), "")
        understood(["demo", *shlex.split(demo)], capsys)
    else:
        assert program in PROGRAMS


@pytest.mark.parametrize("block", [block for block in blocks(README, "sh") if "TELEINFO_" in block])
def test_the_settings_shown_are_settings(block: str) -> None:
    """Every block of settings is read as it stands there."""
    environ = dict(line.split("=", 1) for line in block.split())
    read = settings_of(environ)

    assert len(environ) == len(read.model_fields_set)


def test_the_messages_of_the_node_red_flow_take_three_settings() -> None:
    """Numbers, timestamp and an interval of a minute."""
    [block] = [block for block in blocks(README, "sh") if "PUBLISH_INTERVAL" in block]
    read = settings_of(dict(line.split("=", 1) for line in block.split()))

    assert (read.payload_numbers, read.payload_timestamp, read.publish_interval) == ("all", True, 60)


def test_every_message_that_is_explained_can_be_said() -> None:
    """The table of symptoms quotes the program, but for what changes."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    said = re.sub(r'"\s*\n\s*f?"', "", sources).replace("{duration(SILENT_AFTER)}", "10 s")
    grades = {f'"line":"{grade}"' for grade in LineGrade}
    quoted = [
        part.strip()
        for row in table(README, "| what you see |")
        for message in re.findall(r"`([^`]+)`", row[0])
        if message not in grades | {"teleinfo/health"}
        for part in message.split("…")
        if part.strip(" ,")
    ]

    assert len(quoted) >= 7
    assert [part for part in quoted if part not in said] == []


def test_what_is_promised_is_what_the_page_of_proofs_says() -> None:
    """Each row of the README stands there too: the same promise, and the worst that was measured, rounded."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|", PAGES["reliability.md"], re.MULTILINE)
    proofs = {row[0]: row for row in rows}
    for what, promised, measured in table(README, "| | promised |"):
        assert what in proofs
        assert proofs[what][1] == promised
        [shown, *_], [*_, worst] = figures(measured), figures(proofs[what][2].partition("(")[0])
        digits = len(measured.split()[0].partition(".")[2])

        assert shown in (worst, round(worst, digits))
