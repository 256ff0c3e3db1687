"""`teleinfo simulate`, as a process."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo.cli.main import main
from teleinfo.simulator.encode import with_parity
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    options = [
        "--meter",
        "standard",
        "--wait",
        "--speed",
        "0",
        "--frames",
        "5",
        "--start",
        "2026-01-14T12:00",
    ]
    with simulate(*options, "--frames", "5") as (process, port):
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
    with simulate("--replay", str(tmp_path / "recording"), "--wait", "--speed", "0", "--frames", "4") as (
        process,
        port,
    ):
        received = read_all(port)

        assert process.wait(BOUND) == 0
    assert recording * 2 == received


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pipe_that_says_nothing_can_be_left(number: signal.Signals, tmp_path: Path) -> None:
    """Opening a FIFO blocks until somebody writes to it; a signal ends the command all the same."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    words = [sys.executable, "-m", "teleinfo", "simulate", "--replay", str(fifo)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until_caught(process.pid, signal.SIGTERM)
        process.send_signal(number)
        output, errors = process.communicate(timeout=BOUND)

    assert (process.returncode, output, errors) == (0, "", "")


def wait_until_caught(pid: int, number: signal.Signals) -> None:
    """Wait until a process has its own handler for a signal (proc(5), SigCgt)."""
    end = time.monotonic() + BOUND
    while time.monotonic() < end:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        caught = int(re.findall(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[0], 16)
        if caught >> (number - 1) & 1:
            return
        time.sleep(0.01)
    pytest.fail("the signal is not caught")


def test_a_pipe_is_replayed_once(tmp_path: Path) -> None:
    """What comes out of a FIFO goes over the line, and its end is the end of the command."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    recording = with_parity(b"\x02\nPTEC HP..  \r\x03\x02\nPTEC HC.. S\r\x03")
    writing = threading.Thread(target=fifo.write_bytes, args=[recording], daemon=True)
    writing.start()
    with simulate("--replay", str(fifo), "--wait", "--speed", "0") as (process, port):
        received = read_all(port)

        assert process.wait(BOUND) == 0
    writing.join(BOUND)
    assert recording == received


@pytest.mark.parametrize("endless", ["/dev/zero", "sparse"])
def test_a_recording_of_any_size_takes_little_memory(endless: str, tmp_path: Path) -> None:
    """A file of 10 GB, or one without an end, is sent piece by piece."""
    path = Path(endless)
    if not path.exists():
        path = tmp_path / endless
        with path.open("wb") as file:
            file.truncate(10 << 30)
    with simulate("--replay", str(path)) as (process, port):
        fd = os.open(port, os.O_RDONLY | os.O_NOCTTY)
        assert os.read(fd, 8).strip(b"\0") == b""
        os.close(fd)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        process.terminate()

        assert process.wait(BOUND) == 0
    assert int(re.findall(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)[0]) < 100 << 10


def test_two_meters_have_each_its_number() -> None:
    """`--number` is the ADCO of the one, the ADSC of the other."""
    found = []
    for name, number in (("hc", "012345678901"), ("standard", "012345678902")):
        options = ["--meter", name, "--number", number, "--wait", "--speed", "0", "--frames", "1"]
        with simulate(*options) as (process, port):
            [reading] = Decoder().feed(read_all(port))
            found.append(reading.values.get("ADCO") or reading.values.get("ADSC"))

            assert process.wait(BOUND) == 0
    assert found == ["012345678901", "012345678902"]


def test_a_standard_meter_says_nothing_at_1200_baud_unless_it_is_told_to() -> None:
    """A reader at the wrong speed receives no frame, as from a real meter; `--no-strict-speed` sends it."""
    options = ["--meter", "standard", "--wait", "--speed", "0", "--frames", "2", "--wait"]
    found = []
    for lenient in ([], ["--no-strict-speed"]):
        with simulate(*options, *lenient) as (process, port):
            fd = os.open(port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
            attributes = termios.tcgetattr(fd)
            attributes[4] = attributes[5] = termios.B1200
            termios.tcsetattr(fd, termios.TCSANOW, attributes)
            found.append(len(Decoder().feed(read_all(port))))
            os.close(fd)

            assert process.wait(BOUND) == 0
    assert found == [0, 2]


def test_in_a_time_lapse_the_clock_of_the_meter_is_fast_and_the_command_says_so() -> None:
    """A standard frame and its gap take 0.92 s on the line: 600 times faster the next is 9 minutes later."""
    options = [
        "--meter",
        "standard",
        "--wait",
        "--speed",
        "0",
        "--start",
        "2026-01-14T12:00",
        "--time-lapse",
        "600",
    ]
    with simulate(*options, "--frames", "3") as (process, port):
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        readings = Decoder().feed(read_all(port))

        assert process.wait(BOUND) == 0
    assert lines[0] == (
        f"Read it with: TELEINFO_SERIAL_PORT={port} TELEINFO_PLAUSIBILITY=false teleinfo run\n"
    )
    assert lines[1] == "Time-lapse: the meter's clock runs 600 times faster than its line.\n"
    assert [reading.values["DATE"] for reading in readings] == [
        "H260114120000",
        "H260114120912",
        "H260114121825",
    ]


def test_stripped_of_parity_every_byte_has_seven_bits() -> None:
    """`--stripped` is a line that was read as 7E1."""
    with simulate("--stripped", "--wait", "--speed", "0", "--frames", "2") as (process, port):
        received = read_all(port)

        assert process.wait(BOUND) == 0
    assert received.isascii()
    assert len(received) == 340


FAULTS = [
    (["--link", "/nonexistent/meter"], "/nonexistent/meter: its folder does not exist"),
    (["--replay", "/nonexistent/x.tic"], "/nonexistent/x.tic: No such file or directory"),
    (["--replay", "/"], "/: Is a directory"),
    (["--replay", os.devnull], "/dev/null: the recording is empty"),
    (["--link", os.devnull], "/dev/null: it is there already, and is no symbolic link"),
]


@pytest.mark.parametrize(("options", "reason"), FAULTS)
def test_what_cannot_run_says_why(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that cannot be used is one line on standard error, without Python's words, and status 1."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    assert main(["simulate", *options]) == 1
    assert capsys.readouterr() == ("", f"The simulated meter cannot run: {reason}\n")


@pytest.mark.parametrize("options", [options for options, _ in FAULTS])
def test_what_cannot_run_says_why_in_french(
    options: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No English is left in the line."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")

    assert main(["simulate", *options]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith(f"Le compteur simulé ne peut pas fonctionner\xa0: {options[1]}\xa0: ")
    assert not re.search(r"\b(No|Is|it|its|the|not)\b", errors)


@pytest.mark.parametrize(
    "options",
    [
        ["--meter", "gas"],
        ["--speed", "-1"],
        ["--noise", "2"],
        ["--frames", "0"],
        ["--start", "noon"],
        ["--time-lapse", "0"],
        ["--number", "12345"],
        ["--link", ""],
        ["--replay", ""],
    ],
)
def test_a_wrong_option_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is a fault of usage, with status 2."""
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *options])

    assert ended.value.code == 2
    assert options[0] in capsys.readouterr().err
