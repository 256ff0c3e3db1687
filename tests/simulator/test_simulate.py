"""`teleinfo simulate`, as a process."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import with_parity
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

# No test waits longer than this for an event that must come.
BOUND = 20.0


@contextlib.contextmanager
def simulate(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command and yield the process and the first line that it printed."""
    words = [sys.executable, "-m", "teleinfo", "simulate", *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().rstrip("\n")
        finally:
            if process.poll() is None:
                process.kill()


def read_all(port: str) -> bytes:
    """Return all that comes until the line is closed."""
    fd = os.open(port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    data = b""
    end = time.monotonic() + BOUND
    while select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        data += piece
    os.close(fd)
    return data


def test_frames_of_the_meter_come_and_the_command_ends_after_them() -> None:
    """`--frames` ends it with status 0, and the last byte still reaches the reader."""
    options = ["--meter", "standard", "--speed", "0", "--frames", "5", "--start", "2026-01-14T12:00"]
    with simulate(*options) as (process, port):
        decoder = Decoder()
        readings = decoder.feed(read_all(port))

        assert process.wait(BOUND) == 0
    assert [reading.values["DATE"] for reading in readings][0::4] == ["H260114120000", "H260114120003"]
    assert decoder.parity


def test_the_second_line_says_how_to_read_it() -> None:
    """The first line is the port alone, for scripts; the next one is for people."""
    with simulate("--seconds", "0") as (process, port):
        assert process.stdout is not None
        rest = process.stdout.read()

        assert process.wait(BOUND) == 0
    assert port.startswith("/dev/")
    assert rest == f"Read it with: TELEINFO_SERIAL_PORT={port} teleinfo run\n"


def test_it_can_wait_for_its_reader() -> None:
    """With `--wait` the first frame is not lost on nobody, whatever the speed."""
    with simulate("--wait", "--speed", "50", "--frames", "3", "--strict-speed") as (process, port):
        received = read_all(port)

        assert process.wait(BOUND) == 0
    assert len(Decoder().feed(received)) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_its_link(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and systemd end it with status 0, without a word, and the link is gone."""
    link = tmp_path / "meter"
    with simulate("--link", str(link)) as (process, port):
        assert (port, link.is_symlink()) == (str(link), True)
        process.send_signal(number)
        _, errors = process.communicate(timeout=BOUND)

    assert (process.returncode, errors, link.is_symlink()) == (0, "", False)


def test_a_recording_is_replayed(tmp_path: Path) -> None:
    """`--replay` sends a file as it is."""
    recording = with_parity(b"\x02\nPTEC HP..  \r\x03\x02\nPTEC HC.. S\r\x03")
    (tmp_path / "recording").write_bytes(recording)
    with simulate("--replay", str(tmp_path / "recording"), "--speed", "0", "--frames", "4") as (
        process,
        port,
    ):
        received = read_all(port)

        assert process.wait(BOUND) == 0
    assert recording * 2 == received


def test_stripped_of_parity_every_byte_has_seven_bits() -> None:
    """`--stripped` is a line that was read as 7E1."""
    with simulate("--stripped", "--speed", "0", "--frames", "2") as (process, port):
        received = read_all(port)

        assert process.wait(BOUND) == 0
    assert received.isascii()
    assert len(received) == 340


@pytest.mark.parametrize(
    "options", [["--link", "/nonexistent/meter"], ["--replay", "/nonexistent/recording"]]
)
def test_what_cannot_run_says_why(options: list[str]) -> None:
    """A place or a file that is not there is one line on standard error, and status 1."""
    with simulate(*options) as (process, _):
        _, errors = process.communicate(timeout=BOUND)

    assert process.returncode == 1
    assert errors.startswith("The simulated meter cannot run: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [["--meter", "gas"], ["--speed", "-1"], ["--noise", "2"], ["--frames", "0"], ["--start", "noon"]],
)
def test_a_wrong_option_is_refused(options: list[str]) -> None:
    """It is a fault of usage, with status 2."""
    with simulate(*options) as (process, _):
        _, errors = process.communicate(timeout=BOUND)

    assert process.returncode == 2
    assert options[0] in errors
