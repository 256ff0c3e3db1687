"""What the two READMEs show is what the program does, and both show the same."""

from __future__ import annotations

import datetime as dt
import random
import re
import shlex
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from teleinfo import settings
from teleinfo.cli import main as cli
from teleinfo.cli.main import COMMANDS
from teleinfo.daemon import health as healths
from teleinfo.doctor import check_port, screen
from teleinfo.doctor.findings import Area
from teleinfo.settings import Settings
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.decoder import Counts, Decoder
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode
from teleinfo.tic.payload import Options, encode
from teleinfo.watch.layout import Glyphs, Size, compose
from teleinfo.watch.live_model import LiveModel
from tests.doctor.machine_tree import Tree
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for

ROOT = Path(__file__).parents[2]
READMES = {
    "en": (ROOT / "README.md").read_text(encoding="utf-8"),
    "fr": (ROOT / "README.fr.md").read_text(encoding="utf-8"),
}
README = READMES["en"]
LOCALES = {"en": "C.UTF-8", "fr": "fr_FR.UTF-8"}
RELIABILITY = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
# What a system brings that the READMEs ask for: a misspelt program is none of these.
PROGRAMS = {
    "apt",
    "cp",
    "install",
    "journalctl",
    "ls",
    "mosquitto_sub",
    "raspi-config",
    "sudoedit",
    "systemctl",
}
PROGRAMS |= {"usermod"}

historique = {
    "ADCO": "012345678901", "OPTARIF": "HC..", "ISOUSC": "45", "HCHC": "000019212", "HCHP": "000068306",
    "PTEC": "HP..", "IINST": "008", "IMAX": "090", "PAPP": "01940", "HHPHC": "A", "MOTDETAT": "000000",
}  # fmt: skip
HISTORIQUE = [Group(label, value, None, Mode.HISTORIQUE) for label, value in historique.items()]
STANDARD = [
    Group("ADSC", "012345678901", None, Mode.STANDARD),
    Group("VTIC", "02", None, Mode.STANDARD),
    Group("DATE", "", "H240213083144", Mode.STANDARD),
    Group("LTARF", "   HP  BLEU     ", None, Mode.STANDARD),
    Group("SMAXSN", "02740", "E220609060531", Mode.STANDARD),
]


def blocks(text: str, *languages: str) -> list[str]:
    """Return the contents of the code blocks of these languages, without the indent of a list."""
    return [
        re.sub(f"^{indent}", "", content, flags=re.MULTILINE).rstrip("\n")
        for indent, language, content in BLOCK.findall(text)
        if language in languages
    ]


def prose(text: str) -> str:
    """Return the text without its code blocks."""
    return BLOCK.sub("", text)


def spoken(text: str) -> str:
    """Return the text without anything that is code, or an address."""
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)", "", prose(text))


def sections(text: str) -> list[tuple[str, Counter[str]]]:
    """Return the mark of each heading, and which pieces of code and addresses stand below it."""
    parts = re.split(r"^(#+) .*$", prose(text), flags=re.MULTILINE)
    code = re.compile(r"`([^`\n]+)`|\]\(([^)]+)\)")
    return [
        (mark, Counter(first or second for first, second in code.findall(below)))
        for mark, below in zip(["", *parts[1::2]], parts[::2], strict=True)
    ]


def table(text: str, head: str) -> list[list[str]]:
    """Return the rows of the table whose head begins like this."""
    found = re.search(rf"^{re.escape(head)}.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found is not None, f"no table {head}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


def commands(text: str) -> list[list[str]]:
    """Return the command lines, in words: those in blocks, and in sentences those of teleinfo and make."""
    lines = [line for block in blocks(text, "sh") if "TELEINFO_" not in block for line in block.splitlines()]
    lines += re.findall(r"`((?:sudo |\.venv/bin/)?(?:teleinfo|make)(?: [^`\n]+)?)`", prose(text))
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[1:] if line[0] == "sudo" else line for line in words if line and line != ["teleinfo"]]


# ---- Both are one ----


def test_each_links_to_the_other_in_its_first_line() -> None:
    """Whoever opens the wrong one finds the right one."""
    assert [text.splitlines()[0] for text in READMES.values()] == [
        "English · [Français](README.fr.md)",
        "[English](README.md) · Français",
    ]


def test_both_show_the_same_commands_settings_and_samples_in_the_same_order() -> None:
    """Everything but the screens, which are in the language of the page."""
    assert blocks(READMES["fr"], "sh", "json") == blocks(READMES["en"], "sh", "json")
    assert [kind for _, kind, _ in BLOCK.findall(READMES["fr"])] == [
        kind for _, kind, _ in BLOCK.findall(READMES["en"])
    ]


def test_both_have_the_same_sections_with_the_same_code_and_addresses() -> None:
    """Below each heading stand the same settings, topics, messages, commands and links."""
    assert sections(READMES["fr"])[1:] == sections(READMES["en"])[1:]


def test_both_promise_the_same() -> None:
    """The figures of the table are those of the other one, with a decimal comma."""
    french = [row[1:] for row in table(READMES["fr"], "| | promis |")]
    english = [row[1:] for row in table(READMES["en"], "| | promised |")]

    assert [figures(" ".join(row)) for row in french] == [figures(" ".join(row)) for row in english]


def test_the_french_one_has_french_typography() -> None:
    """No plain blank before : ; ! ? or », nor behind «; no straight apostrophe or quotation mark."""
    assert re.findall(r".{12} [:;!?»].{5}|«.? .{5}|.{12}['\"].{5}", spoken(READMES["fr"])) == []


# ---- What is shown is true ----


@pytest.mark.parametrize("language", READMES)
def test_the_table_of_settings_is_that_of_the_model(language: str) -> None:
    """Every variable with its default and its explanation, in the model's order."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`(.*?)`)? \| (.*) \|$", READMES[language], re.MULTILINE)
    expected = [
        (spec.variable.removeprefix("TELEINFO_"), spec.default, spec.explanation)
        for spec in settings.field_specs()
    ]

    assert [row[:2] for row in rows] == [row[:2] for row in expected]
    if language == "en":
        assert rows == expected
    else:
        assert [names(row[2]) for row in rows] == [names(row[2]) for row in expected]


def figures(text: str) -> list[float]:
    """Return the numbers in a text, whatever its language writes them like."""
    plain = re.sub(r"(?<=\d)[\u00a0\u202f ](?=\d{3})", "", text)
    return [float(number.replace(",", ".")) for number in re.findall(r"\d+(?:[.,]\d+)?", plain)]


def names(text: str) -> list[str]:
    """Return what of an explanation no language translates: numbers, names in capitals, addresses."""
    return re.findall(r"\d+|\b[A-Z]{2,}(?:,[A-Z]+)*|\{\w+\}|/dev/\S+|socket://", text)


def published(groups: list[Group], options: Options = Options(), now: float = 0) -> str:  # noqa: B008
    """Return the payload of a frame with these groups."""
    [reading] = Decoder().feed(encode_frame(groups))
    return (encode(reading, options, now=now) or b"").decode()


def health() -> str:
    """Return the health of a good line after an hour."""
    counts = Counts(frames=2411, groups=26520, parity=1)
    quality = healths.Quality()
    quality.sample(counts, now=0)
    health_after_an_hour = healths.health_of(
        counts,
        quality,
        mode=Mode.HISTORIQUE,
        baudrate=1200,
        parity=True,
        last_frame="2026-01-14T22:01:14+00:00",
        uptime=3600,
    )
    return healths.encode(health_after_an_hour).decode()


def test_the_messages_shown_are_what_is_published() -> None:
    """Each sample is the payload of a frame that a meter could send, with the options of its section."""
    assert blocks(README, "json") == [
        published(HISTORIQUE),
        published(STANDARD),
        health(),
        published(HISTORIQUE, Options(numbers=True, timestamp=True), 1768431674.25),
    ]


@pytest.mark.parametrize("language", READMES)
def test_the_screen_of_watch_is_what_it_draws(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A household in the minute in which its water heater starts, 80 columns wide."""
    monkeypatch.setenv("LC_ALL", LOCALES[language])
    monkeypatch.delenv("LANGUAGE", raising=False)
    start = dt.datetime(2026, 1, 14, 22, 58)  # noqa: DTZ001 - a meter knows local time only
    meter = build("hc", start=start, rng=random.Random(1))
    board, decoder = LiveModel(patience=10.0), Decoder()
    for frame in range(131):
        [reading] = decoder.feed(meter.emit(start + dt.timedelta(seconds=1.5 * frame)))
        board.add_reading(reading, now=1.5 * frame)
    quality = healths.Quality()
    quality.sample(decoder.counts, now=195)
    board.health = healths.health_of(
        decoder.counts, quality, mode=Mode.HISTORIQUE, baudrate=1200, parity=True
    )
    size = Size(80, 17)
    page = compose(board, size, page=0, now=195, clock="23:01:15", glyphs=Glyphs(), keys=True)

    assert blocks(READMES[language], "text")[0] == "\n".join(line.plain.rstrip() for line in page.lines)


@pytest.mark.parametrize("language", READMES)
def test_the_screen_of_the_doctor_is_what_it_says(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Raspberry Pi whose login console still has the serial port."""
    monkeypatch.setenv("LC_ALL", LOCALES[language])
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.setattr(check_port, "_user", lambda: "pi")
    tree = Tree(tmp_path)
    tree.raspberry(
        command_line="console=serial0,115200 console=tty1", config="enable_uart=1\ndtoverlay=disable-bt\n"
    )
    tree.file("/dev/ttyAMA0")
    tree.link("/dev/serial0", "ttyAMA0")
    found, _ = check_port.check_port(tree.machine, "/dev/ttyAMA0")
    said = screen.format_area(Area("port", tuple(found)), screen.Style())

    assert blocks(READMES[language], "text")[2] == said.strip("\n")


@pytest.mark.real
def test_the_lines_of_the_log_are_what_a_start_says(tmp_path: Path) -> None:
    """A real daemon between a meter and a broker, but for the time of day and the address."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(encode_frame(HISTORIQUE)) as meter,
        Daemon(tmp_path, **settings_for(broker, meter.line)) as daemon,
    ):
        daemon.expect_log("reading a meter")
        daemon.expect_log("connected to")
        said = daemon.log.replace(f"{broker.host}:{broker.port}", "localhost:1883")

    for text in READMES.values():
        shown = set(blocks(text, "text")[1].splitlines())

        assert shown == {line.partition(" ")[2] for line in said.splitlines()}


@pytest.mark.parametrize("language", READMES)
def test_every_command_is_told(language: str) -> None:
    """The table of commands names each one that exists, and no other."""
    localized = re.findall(
        r"^\| (?:`teleinfo` \w+ )?`teleinfo (\w+)(?: [A-Z]+)?` \|", READMES[language], re.MULTILINE
    )

    assert sorted(localized) == sorted(COMMANDS)


def test_as_many_meters_are_told_as_can_be_simulated() -> None:
    """The table says how many."""
    assert len(METERS) == 9
    assert "nine meters" in README


@pytest.mark.parametrize("line", commands(README), ids=" ".join)
def test_every_command_shown_is_one(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Ours are taken by our command line and our Makefile as they stand, the others are the system's."""
    program, *arguments = line
    if Path(program).name == "teleinfo":
        understood(arguments, capsys)
    elif program == "make":
        understood_by_make([word for word in arguments if "=" not in word])
        understood(["demo", *shlex.split(demo_options(arguments))], capsys)
    else:
        assert program in PROGRAMS


def understood(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Require that the command line takes these arguments."""
    try:
        cli._parse(arguments)
    except SystemExit as end:
        assert end.code == 0, capsys.readouterr().err  # noqa: PT017 - zero is --help's


def understood_by_make(verbs: list[str]) -> None:
    """Require that make can do this."""
    asked = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *verbs],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert asked.returncode == 0, asked.stderr


def demo_options(arguments: list[str]) -> str:
    """Return what `make demo DEMO=…` gives to the demo."""
    return next((word.partition("=")[2] for word in arguments if word.startswith("DEMO=")), "")


@pytest.mark.parametrize("block", [block for block in blocks(README, "sh") if "TELEINFO_" in block])
def test_the_settings_shown_are_settings(block: str) -> None:
    """Every block of settings is read as it stands there."""
    environ = dict(line.split("=", 1) for line in block.split())
    read = settings.load(Path("/dev/null"), environ)

    assert len(environ) == len(read.model_fields_set)


def test_the_messages_of_the_node_red_flow_take_three_settings() -> None:
    """Numbers, timestamp and an interval of a minute."""
    [block] = [block for block in blocks(README, "sh") if "PUBLISH_INTERVAL" in block]
    read = settings.load(Path("/dev/null"), dict(line.split("=", 1) for line in block.split()))

    assert (read.payload_numbers, read.payload_timestamp, read.publish_interval) == (True, True, 60)


def test_the_defaults_that_are_told_are_the_defaults() -> None:
    """The port and the host of step 3."""
    fields = Settings.model_fields

    assert f"`{fields['serial_port'].default}` and `{fields['mqtt_host'].default}`" in README


def test_every_message_that_is_explained_can_be_said() -> None:
    """The table of symptoms quotes the program, but for what changes."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    said = re.sub(r'"\s*\n\s*f?"', "", sources).replace("{duration(QUIET)}", "10 s")
    verdicts = {f'"line":"{verdict}"' for verdict in healths.LineGrade}
    quoted = [
        part.strip()
        for row in table(README, "| what you see |")
        for message in re.findall(r"`([^`]+)`", row[0])
        if message not in verdicts | {"teleinfo/health"}
        for part in message.split("…")
        if part.strip(" ,")
    ]

    assert len(quoted) >= 7
    assert [part for part in quoted if part not in said] == []


def test_what_is_promised_is_what_the_page_of_proofs_says() -> None:
    """Each row of the README stands there too: the same promise, and the worst that was measured, rounded."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|", RELIABILITY, re.MULTILINE)
    proofs = {row[0]: row for row in rows}
    for what, promised, measured in table(README, "| | promised |"):
        assert what in proofs
        assert proofs[what][1] == promised
        [shown, *_], [*_, worst] = figures(measured), figures(proofs[what][2].partition("(")[0])
        digits = len(measured.split()[0].partition(".")[2])

        assert shown in (worst, round(worst, digits))
