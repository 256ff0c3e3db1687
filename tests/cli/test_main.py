"""The command line: which command runs, with what, and the exit status of what comes of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from teleinfo import __version__, settings
from teleinfo.cli import main as cli
from teleinfo.common.i18n import language
from teleinfo.console import output
from teleinfo.settings.sources import load
from teleinfo.simulator.encode import encode_frame
from tests.support.frames import values_of, whole
from tests.support.parts import part_of
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable


class Played:
    """The commands, played: what each was given, and what it does."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, dict[str, object]]] = []
        self.act: Callable[[Namespace], int] = lambda _: 0

    def command(self, name: str) -> ModuleType:
        """Return a module that keeps the promise of a command."""

        def configure(parser: ArgumentParser) -> None:
            parser.add_argument("--seconds", type=int)
            parser.add_argument("file", nargs="?")

        def main(arguments: Namespace) -> int:
            self.ran.append(
                (name, {key: value for key, value in vars(arguments).items() if value not in (None, [])})
            )
            return self.act(arguments)

        module = ModuleType(name)
        vars(module).update(HELP=f"play {name}", configure=configure, main=main)
        return module


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    """Replace every command, in an empty directory."""
    stage = Played()
    for name in cli.COMMANDS:
        monkeypatch.setitem(sys.modules, f"teleinfo.{cli.COMMANDS[name].module}", stage.command(name))
    monkeypatch.chdir(tmp_path)
    return stage


def given(*files: str) -> dict[str, object]:
    """Return the arguments for these files of settings: a command that reads one takes the last."""
    return {"env_files": [Path(file) for file in files], "env_file": Path(files[-1])}


@pytest.mark.parametrize(
    ("line", "ran"),
    [
        ("", ("run", {})),
        ("run", ("run", {})),
        ("run --seconds 3", ("run", {"seconds": 3})),
        ("simulate --seconds 1", ("simulate", {"seconds": 1})),
        ("--env-file x", ("run", given("x"))),
        ("--env-file x decode a.bin", ("decode", given("x") | {"file": "a.bin"})),
        ("decode --env-file=x a.bin", ("decode", given("x") | {"file": "a.bin"})),
        ("--env-file x decode --env-file y", ("decode", given("x", "y"))),
        ("decode run", ("decode", {"file": "run"})),
    ],
)
def test_the_command_gets_its_arguments(
    line: str, ran: tuple[str, dict[str, object]], played: Played
) -> None:
    played.act = lambda _: 1

    assert cli.main(line.split()) == 1
    assert played.ran == [ran]


def test_wrong_settings_are_reported_on_standard_error_with_status_78(
    played: Played, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each fault has a line; there is no traceback and no secret; 78 is EX_CONFIG of sysexits.h."""
    monkeypatch.setenv("TELEINFO_LANGUAGE", "en")
    monkeypatch.setenv("TELEINFO_MQTT_QOS", "3")
    monkeypatch.setenv("TELEINFO_MQTT_PASSWORD", "c4nary-s3cret")
    played.act = lambda arguments: bool(load(arguments.env_file))
    assert cli.main([]) == 78
    assert capsys.readouterr().err.splitlines() == [
        "teleinfo did not start: its settings are the cause.",
        "  TELEINFO_MQTT_PASSWORD: is given without TELEINFO_MQTT_USERNAME; set both",
        '  TELEINFO_MQTT_QOS: "3" is not 0, 1 or 2; default 1',
    ]


def test_under_journald_wrong_settings_are_errors(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`journalctl -p err` shows why the service did not start, in French by default."""
    monkeypatch.delenv("TELEINFO_LANGUAGE")
    played.act = lambda arguments: bool(load(arguments.env_file))
    with (tmp_path / "journal").open("w+") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        monkeypatch.setattr(sys, "stderr", stream)
        cli.main(["--env-file", "missing"])
        stream.seek(0)

        assert stream.read().splitlines() == [
            "<3>teleinfo n’a pas démarré : ses réglages en sont la cause.",
            "<3>  missing : ne peut pas être lu : ce fichier n’existe pas",
        ]


@pytest.mark.parametrize("command", ["run", "doctor", "web"])
@pytest.mark.parametrize(
    ("locale", "file", "environ", "spoken"),
    [
        ("C.UTF-8", "", "", "fr"),
        ("en_GB.UTF-8", "TELEINFO_MQTT_HOST=broker\n", "", "fr"),
        ("fr_FR.UTF-8", " TELEINFO_LANGUAGE = 'EN' \n", "", "en"),
        ("fr_FR.UTF-8", "#TELEINFO_LANGUAGE=fr\nTELEINFO_LANGUAGE=en\n", "", "en"),
        ("fr_FR.UTF-8", "TELEINFO_LANGUAGE=fr\n", "en", "en"),
        ("en_GB.UTF-8", "TELEINFO_LANGUAGE=en\n", "fr", "fr"),
    ],
)
def test_a_command_that_reads_the_settings_speaks_their_language(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *,
    command: str, locale: str, file: str, environ: str, spoken: str,
) -> None:  # fmt: skip
    """The locale does not count; of a folder with several files, the first one does."""
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setenv("TELEINFO_LANGUAGE", environ)
    (tmp_path / "meters").mkdir()
    for name in ("meters/a.env", "own.env"):
        (tmp_path / name).write_text(file)
    (tmp_path / "meters/b.env").write_text("TELEINFO_LANGUAGE=en\n")
    heard = []

    def note(_: Namespace) -> int:
        heard.append(language())
        return 0

    played.act = note
    for name in ("own.env", "meters"):
        cli.main(["--env-file", name, command])

    assert heard == [spoken] * 2


def test_the_other_commands_speak_the_language_of_the_service_or_of_the_locale(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings that only root may read leave French, the language by default."""
    monkeypatch.delenv("TELEINFO_LANGUAGE")
    monkeypatch.setattr(cli, "SERVICE_FILE", service := tmp_path / "service.env")
    heard = []

    def note(_: Namespace) -> int:
        heard.append(language())
        return 0

    played.act = note
    for text in (None, "", "TELEINFO_LANGUAGE=en"):
        if text is not None:
            service.write_text(text)
        cli.main(["simulate"])

    assert heard == ["en", "fr", "en"]


def test_a_pipe_with_the_settings_is_read_once(tmp_path: Path) -> None:
    """`--env-file <(…)`: what is read for the language would be lost."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", f"echo TELEINFO_MQTT_QOS=7 >{pipe}"]):
        said = shell(f"doctor --env-file {pipe}", tmp_path).stdout

    assert "TELEINFO_MQTT_QOS" in said


@pytest.mark.parametrize("rest", [[], [ValueError("ours")]])
def test_only_the_reader_of_the_output_may_leave(
    played: Played, capfd: pytest.CaptureFixture[str], rest: list[Exception]
) -> None:
    def broken(_: Namespace) -> int:
        raise ExceptionGroup("tasks", [output.ReaderLeftError(), *rest])

    played.act = broken
    with contextlib.nullcontext() if not rest else pytest.raises(ExceptionGroup):
        assert cli.main([]) == 0
    assert capfd.readouterr() == ("", "")


WAYS = [*itertools.product(["--help", "decode a.tic", "simulate"], [">/dev/full", ">&-"], ["", "1"])]
"""Commands, what becomes of their output, and PYTHONUNBUFFERED."""
PLAYED_WAYS = [
    ("--help", ">/dev/full", ""),
    ("decode a.tic", ">&-", ""),
    ("decode a.tic", ">/dev/full", "1"),
    ("simulate", ">&-", "1"),
]


def shell(words: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `teleinfo` in a folder with these words, which may redirect its output."""
    return subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -W error -m teleinfo {words}"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TELEINFO_LANGUAGE": "en", **environ},
    )


@pytest.mark.real
@pytest.mark.parametrize("way", part_of(WAYS, played=PLAYED_WAYS), ids=" ".join)
def test_an_output_that_cannot_be_written_is_reported_in_one_line(
    way: tuple[str, str, str], tmp_path: Path
) -> None:
    words, output, unbuffered = way
    reason = {">/dev/full": "No space left on device", ">&-": "Bad file descriptor"}[output]
    (tmp_path / "a.tic").write_bytes(b"\x02\nPTEC HP..  \r\nPAPP 00750 -\r\x03")
    nowhere = {"TELEINFO_MQTT_PORT": "1", "TELEINFO_SERIAL_PORT": "/dev/null/no"}
    done = shell(f"{words} {output}", tmp_path, PYTHONUNBUFFERED=unbuffered, **nowhere)

    assert done.stderr == f"teleinfo: the output cannot be written: {reason}\n"
    assert done.returncode == 1


@pytest.mark.real
@pytest.mark.parametrize(
    "ending",
    part_of(
        itertools.product(
            [("decode a.tic", 0), ("decode missing", 1), ("doctor --nothing", 2)],
            ["2>/dev/full", "2>&-", ">out 2>&-"],
        ),
        played=[
            (("decode missing", 1), "2>/dev/full"),
            (("doctor --nothing", 2), "2>&-"),
            (("decode a.tic", 0), ">out 2>&-"),
        ],
    ),
    ids=lambda ending: f"{ending[0][0]} {ending[1]}",
)
def test_standard_error_that_cannot_be_written_changes_nothing(
    ending: tuple[tuple[str, int], str], tmp_path: Path
) -> None:
    """The work is done, and its exit status says so."""
    (words, status), errors = ending
    (tmp_path / "a.tic").write_bytes(encode_frame(whole()))
    message = json.dumps(values_of(), separators=(",", ":")) + "\n"
    done = shell(f"{words} {errors}", tmp_path)
    written = (tmp_path / "out").read_text() if "out" in errors else done.stdout

    assert done.returncode == status
    assert written == (message if status == 0 else "")


@pytest.mark.real
@pytest.mark.parametrize("taken", [0, 100])
def test_whoever_reads_our_output_may_leave(taken: int, tmp_path: Path) -> None:
    """`teleinfo decode | head` ends with 0 and says nothing."""
    (tmp_path / "long.tic").write_bytes(encode_frame(whole()) * 3000)
    command = [sys.executable, "-W", "error", "-m", "teleinfo", "decode", "long.tic"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(taken)
        process.stdout.close()
        said = process.stderr.read()

        assert (process.wait(LIMIT), said) == (0, b"")


@pytest.mark.real
def test_the_version_costs_neither_pydantic_nor_asyncio() -> None:
    program = (
        "import sys; from teleinfo.cli import main as cli\n"
        "try: cli.main(['--version'])\n"
        "except SystemExit: print({'pydantic', 'asyncio', 'aiomqtt', 'serial'} & set(sys.modules))"
    )
    shown = subprocess.check_output([sys.executable, "-W", "error", "-c", program], text=True, timeout=LIMIT)

    assert shown.splitlines() == [f"teleinfo {__version__}", "set()"]


@pytest.mark.real
def test_a_terminal_of_another_encoding_is_written_to(tmp_path: Path) -> None:
    """The locale fr_FR is ISO-8859-1, which has no apostrophe of ours, no ellipsis, no arrow."""
    shell("doctor >out 2>&1", tmp_path, TELEINFO_LANGUAGE="fr", PYTHONIOENCODING="iso-8859-1")
    text = (tmp_path / "out").read_text(encoding="iso-8859-1")

    assert "Traceback" not in text
    assert "Commencez par le premier défaut" in text
    assert "?" not in re.sub(r" \? ", "", text)  # nothing was lost


def test_each_setting_but_secrets_has_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    for name in settings.DEFAULTS:
        flag = f"--{name.replace('_', '-')}"
        if name in settings.SECRETS:
            with pytest.raises(SystemExit) as caught:
                cli._parse(["run", flag, "x"])
            assert caught.value.code == 2
        else:
            assert vars(cli._parse(["run", flag, "x"])[2])[name] == "x"
    assert cli.main(["run", "--mqtt-qos", "7", "--language", "en"]) == cli.EXIT_CONFIGURATION
    with pytest.raises(SystemExit):
        cli._parse(["run", "--help"])
    shown = capsys.readouterr().out

    env_file, *listed = re.findall(r"^  --([a-z-]+)", shown, re.MULTILINE)

    assert env_file == "env-file"
    assert [flag.replace("-", "_") for flag in listed] == [
        name for name in settings.DEFAULTS if name not in settings.SECRETS
    ]
    for name, default in settings.DEFAULTS.items():
        if isinstance(default, bool):
            assert vars(cli._parse(["run", f"--{name.replace('_', '-')}"])[2])[name] == "true"
