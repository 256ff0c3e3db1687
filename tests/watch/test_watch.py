"""`teleinfo watch` as a whole: on a terminal, in a pipe, from the port, from a real mosquitto."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from teleinfo.cli import main as cli
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.watch import command as watch
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.person import HC, environment
from tests.support.process import LIMIT, Process
from tests.support.scenario import until
from tests.support.subscriber import Subscriber

COMMAND = [sys.executable, "-m", "teleinfo", "--env-file", os.devnull, "watch"]
# Leave the other screen, show the cursor: what a clean terminal is owed.
LEFT = "\x1b[?1049l"
CURSOR = "\x1b[?25h"


class Terminal(Process):
    """A terminal of 80×24 with `watch` on it: its attributes `before`, the text that it `showed`."""

    def __init__(self, *options: str, **settings: Any) -> None:  # noqa: ANN401 - of `environment`
        super().__init__([*COMMAND, *options], Path(os.devnull), environment(**settings))
        self.showed = ""
        self._far, self._near = pty.openpty()
        fcntl.ioctl(self._near, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = self.attributes

    def expect(self, text: str) -> None:
        """Return once `text` was shown."""
        until(lambda: text in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._read()), what=text, limit=LIMIT)

    def _read(self) -> str:
        while select.select([self._far], [], [], 0.1)[0]:
            self.showed += os.read(self._far, 65536).decode(errors="replace")
        return self.showed

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._far, keys)

    def status(self) -> int:
        """Wait for its end and return its status."""
        until(lambda: self._read() and not self.runs, what="the end", limit=LIMIT)
        self._read()
        return self.process.wait(LIMIT)

    @property
    def attributes(self) -> list[object]:
        """The settings of the terminal."""
        return termios.tcgetattr(self._near)

    def start(self) -> None:
        """Start it, with Ctrl-C of this terminal."""
        self._process = subprocess.Popen(
            self.command,
            env=self.environ,
            stdin=self._near,
            stdout=self._near,
            stderr=self._near,
            preexec_fn=_own_terminal,  # noqa: PLW1509 - Ctrl-C must be that of this terminal; no thread here
        )

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        os.close(self._near)
        os.close(self._far)


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


ENGLISH = ("1 940 VA", "Peak hours", "Energy index: Off-peak hours", "Line good")
FRENCH = (
    *("1200 bauds", "Heures pleines", "Ligne bonne", "q\N{NO-BREAK SPACE}: quitter"),
    "lecture d’un compteur en mode historique à 1200 bauds",
)


@pytest.mark.real
@pytest.mark.parametrize(
    ("language", "texts", "others", "keys"),
    [
        ("en", ENGLISH, ("bauds",), b"\x03"),
        ("fr", FRENCH, ("reading", "peak hours", "Line ", "quit ", " frames"), b"q"),
    ],
    ids=["English and Ctrl-C", "French and q"],
)
def test_the_screen_is_drawn_and_the_terminal_left_clean(
    meter: Meter, language: str, texts: tuple[str, ...], others: tuple[str, ...], keys: bytes
) -> None:
    """
    Values in their unit, codes in words, and every line in the language of the reader.

    Afterwards the terminal is as it was, and the status is 0.
    """
    with Terminal(serial_port=meter.line.port, language=language) as terminal:
        for text in texts:
            terminal.expect(text)
        terminal.press(keys)
        status = terminal.status()

        assert (status, terminal.attributes) == (0, terminal.before)
    assert LEFT in terminal.showed
    assert CURSOR in terminal.showed[terminal.showed.rindex("\x1b[?25l") :]
    assert [text for text in ("Traceback", *others) if text in terminal.showed] == []


@pytest.mark.real
def test_in_a_pipe_there_are_plain_lines(meter: Meter) -> None:
    """
    No control character, a value a line, nothing said twice, and nothing English for a French reader.

    The notes on the port go to standard error, each once, in place of a log.
    """
    environ = environment(language="fr", serial_port=meter.line.port)
    with subprocess.Popen(COMMAND, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            first = [process.stdout.readline().decode() for _ in whole(**HC)]
            meter.frame = with_parity(encode_frame(whole(**HC, PAPP="00200")))
            last = process.stdout.readline().decode()
            noted = [next(process.stderr)]
            while "lecture d’un compteur" not in noted[-1].decode():
                noted.append(next(process.stderr))
            time.sleep(1.5)  # notes are looked at once a second: none may come twice
            process.send_signal(signal.SIGINT)
            _rest, errors = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
    shown = [line.split()[1] for line in first]
    errors = b"".join(noted) + errors
    notes = [line[9:] for line in errors.decode().splitlines()]

    assert process.returncode == 0
    assert shown[:5] == ["PTEC", "IINST", "PAPP", "HCHC", "HCHP"]
    assert sorted(shown) == sorted(group.label for group in whole(**HC))
    assert last[8:] == " PAPP      Puissance apparente: 200 VA\n"
    assert "\x1b" not in "".join(first)
    assert notes[-1] == "lecture d’un compteur en mode historique à 1200 bauds"
    assert len(notes) == len(set(notes))
    assert not any(word in errors.decode() for word in ("INFO", "WARNING", "reading", "opening", "listening"))


@pytest.mark.real
def test_watch_shows_the_meter_of_a_broker_and_publishes_nothing(tmp_path: Path, meter: Meter) -> None:
    """
    1. The daemon runs. 2. `watch --mqtt` shows its meter, and the price, which only the daemon knows.

    3. `watch` is killed: while five readings come, no will and no other status does.
    """
    with (
        MosquittoBroker(tmp_path) as broker,
        Subscriber(broker.host, broker.port, "teleinfo") as readings,
        Subscriber(broker.host, broker.port, "teleinfo/status") as states,
        Daemon(tmp_path, **settings_for(broker, meter.line), state="on", prices="HP=0.2146 HC=0.17"),
    ):
        states.expect("teleinfo/status", b"online")
        with Terminal("--mqtt", mqtt_host=broker.host, mqtt_port=broker.port) as terminal:
            terminal.expect("1 940 VA")
            terminal.expect("0.2146 €/kWh")
            terminal.expect("Line good")
            terminal.kill()
            readings.drain()
            for _ in range(5):
                readings.expect("teleinfo")

            assert [state.payload for state in states.drain() if state.payload != b"online"] == []


@pytest.mark.real
def test_a_broker_that_has_nothing_for_us_is_reported(tmp_path: Path) -> None:
    access = tmp_path / "acl"
    access.write_text("topic write teleinfo/#\n")
    with MosquittoBroker(tmp_path, more=[f"acl_file {access}"]) as broker:
        with Terminal("--mqtt", mqtt_host=broker.host, mqtt_port=broker.port) as terminal:
            terminal.expect("nothing came on the topic teleinfo/status")


@pytest.mark.parametrize(
    ("terminal", "lacks", "full_and_hint"),
    [
        ("xterm", "", (True, False)),
        ("xterm", "rich", (False, True)),
        ("dumb", "", (False, False)),
        ("", "rich", (False, False)),
    ],
)
def test_where_no_screen_can_be_drawn_there_are_lines(
    terminal: str,
    lacks: str,
    full_and_hint: tuple[bool, bool],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without rich, with a hint what to install; or on a terminal that cannot move its cursor."""
    shown = []

    def run(_command: str, _settings: object, _show: object, *, mqtt: bool, log: bool) -> None:
        assert not mqtt
        shown.append(not log)

    monkeypatch.setenv("TERM", terminal)
    if lacks:
        monkeypatch.setitem(sys.modules, lacks, None)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(watch, "run", run)

    assert watch.main(Namespace(env_file=Path(os.devnull), mqtt=False, web=None)) == 0
    assert (*shown, "apt install python3-rich" in capsys.readouterr().err) == full_and_hint


@pytest.mark.real
def test_the_daemon_never_imports_the_library_of_the_screen_or_of_the_page() -> None:
    """Nor do `watch` and `page` before they need one of them; the daemon has nothing of `live` at all."""
    code = (
        "import sys, teleinfo.cli.run; assert 'teleinfo.live' not in sys.modules;"
        "import teleinfo.watch.command, teleinfo.web.command;"
        "sys.exit(not {'rich', 'aiohttp'}.isdisjoint(sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], timeout=LIMIT, check=False).returncode == 0


def test_whoever_looks_for_the_page_here_is_told_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["watch", "--web"]) == 1
    assert "teleinfo web" in capsys.readouterr().err
