"""`teleinfo simulate`, as a process."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from teleinfo.cli.main import main
from teleinfo.simulator.encode import ETX, with_parity
from teleinfo.tic.decoder import Decoder
from tests.support.ports import PortReader
from tests.support.process import LIMIT
from tests.support.procfs import catches, number
from tests.support.scenario import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

FRAMES = b"\x02\nPTEC HP..  \r\x03\x02\nPTEC HC.. S\r\x03"
BEFORE = b"\x00\xffTEC"
AFTER = b"\x02\nPT"
RECORDING = BEFORE + with_parity(FRAMES) + AFTER
AT_ONCE = ("--wait", "--speed", "0")


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


def played(*options: str) -> bytes:
    """Return all that the command sends until it ends, with status 0."""
    with simulate(*options) as (process, port):
        with PortReader(port) as reader:
            data = reader.read()
        assert process.wait(LIMIT) == 0
        return data


def test_frames_of_the_meter_come_and_the_command_ends_after_them() -> None:
    """`--frames` ends it with status 0, and the last byte still reaches the reader."""
    options = ("--meter", "standard", "--number", "012345678902", "--frames", "5")
    decoder = Decoder()
    readings = decoder.feed(played(*AT_ONCE, *options, "--start", "2026-01-14T12:00"))

    assert [reading.values["DATE"] for reading in readings][0::4] == ["H260114120000", "H260114120003"]
    assert readings[0].values["ADSC"] == "012345678902"
    assert (decoder.parity, decoder.counts.rejected) == (True, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_its_link(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and systemd end it with status 0, without a word, and the link is gone."""
    link = tmp_path / "meter"
    with simulate("--link", str(link)) as (process, port):
        assert (port, link.is_symlink()) == (str(link), True)
        process.send_signal(number)
        _, errors = process.communicate(timeout=LIMIT)

    assert (process.returncode, errors, link.is_symlink()) == (0, "", False)


@pytest.mark.parametrize("frames", [FRAMES, with_parity(FRAMES)], ids=["stripped", "with parity"])
def test_a_recording_is_replayed(frames: bytes, tmp_path: Path) -> None:
    """`--replay` sends a file again and again: the bytes, cut at the beginning or damaged, as they are."""
    (tmp_path / "recording").write_bytes(BEFORE + frames + AFTER)
    received = played("--replay", str(tmp_path / "recording"), *AT_ONCE, "--frames", "4")

    assert received == BEFORE + frames + AFTER + BEFORE + frames


def test_a_recording_is_replayed_as_it_came(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    path.write_bytes(RECORDING)
    first = RECORDING.index(ETX) + 1
    times = f"0 1795793040.000\n{first} 1795793100.000\n{len(RECORDING)} 1795793103.000\n"
    (tmp_path / "recording.times").write_text(times)
    with simulate("--replay", str(path), "--speed", "100", "--wait") as (process, port):
        assert process.stderr is not None
        begin = time.monotonic()  # before the first byte: a reader that comes late sees a shorter silence
        with PortReader(port, baudrate=1200) as reader:
            reader.read(first + 1)
            elapsed = time.monotonic() - begin
            again = reader.read(len(RECORDING))
        process.terminate()

        assert process.stderr.read() == ""
    assert 0.6 <= elapsed < 60
    assert again == RECORDING[first + 1 :] + RECORDING[: first + 1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pipe_that_says_nothing_can_be_left(number: signal.Signals, tmp_path: Path) -> None:
    """Opening a FIFO blocks until somebody writes to it; a signal ends the command all the same."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    words = [sys.executable, "-m", "teleinfo", "simulate", "--replay", str(fifo)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: catches(process.pid, signal.SIGTERM))
        process.send_signal(number)
        output, errors = process.communicate(timeout=LIMIT)

    assert (process.returncode, output, errors) == (0, "", "")


def test_a_pipe_is_replayed_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writing = threading.Thread(target=fifo.write_bytes, args=[RECORDING], daemon=True)
    writing.start()

    assert played("--replay", str(fifo), *AT_ONCE) == RECORDING
    writing.join(LIMIT)


def test_a_recording_of_any_size_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(10 << 30)
    with simulate("--replay", str(path)) as (process, port):
        with PortReader(port) as reader:
            assert reader.read(8) == bytes(8)
        assert number(process.pid, "VmHWM") < 100 << 10
        process.terminate()

        assert process.wait(LIMIT) == 0


@pytest.mark.parametrize(("more", "frames"), [([], 0), (["--no-strict-speed"], 2)])
def test_a_standard_meter_says_nothing_at_1200_baud_unless_it_is_told_to(
    more: list[str], frames: int
) -> None:
    """A reader at the wrong speed receives no frame, as from a real meter; `--no-strict-speed` sends it."""
    with simulate("--meter", "standard", *AT_ONCE, "--frames", "2", *more) as (process, port):
        with PortReader(port, baudrate=1200) as reader:
            readings = Decoder().feed(reader.read())

        assert process.wait(LIMIT) == 0
    assert len(readings) == frames


def test_in_a_time_lapse_the_clock_of_the_meter_is_fast_and_the_command_says_so() -> None:
    """A standard frame and its gap take 0.92 s on the line: 600 times faster the next is 9 minutes later."""
    options = ("--meter", "standard", "--start", "2026-01-14T12:00", "--time-lapse", "600", "--frames", "3")
    with simulate(*AT_ONCE, *options) as (process, port):
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        with PortReader(port) as reader:
            readings = Decoder().feed(reader.read())

        assert process.wait(LIMIT) == 0
    assert lines == [
        f"Read it with: TELEINFO_SERIAL_PORT={port} TELEINFO_PLAUSIBILITY=false teleinfo run\n",
        "Time-lapse: the meter's clock runs 600 times faster than its line.\n",
    ]
    dates = [reading.values["DATE"] for reading in readings]
    assert dates == ["H260114120000", "H260114120912", "H260114121825"]


@pytest.mark.parametrize("parity", [[], ["--stripped"]])
def test_noise_and_losses_damage_groups(parity: list[str]) -> None:
    """`--noise` and `--lost` cost some groups, with parity or without."""
    options = ("--meter", "standard", "--noise", "0.0003", "--lost", "0.01", "--seed", "1", "--frames", "40")
    received = played(*parity, *options, *AT_ONCE)
    decoder = Decoder()
    decoder.feed(received)

    assert received.isascii() == bool(parity)
    assert 20 < decoder.counts.rejected < 200


FAULTS = [
    (["--link", "/nonexistent/meter"], "/nonexistent/meter: its folder does not exist"),
    (["--replay", "/nonexistent/x.tic"], "/nonexistent/x.tic: No such file or directory"),
    (["--replay", "/"], "/: Is a directory"),
    (["--replay", os.devnull], "/dev/null: the recording is empty"),
    (["--conformance", "/dev/null/kit"], "/dev/null/kit/7bit: Not a directory"),
    (["--link", os.devnull], "/dev/null: it is there already, and is no symbolic link"),
]


@pytest.mark.parametrize(("options", "reason"), FAULTS)
def test_what_cannot_run_says_why(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that cannot be used is one line on standard error, in either language, and status 1."""
    assert main(["simulate", *options]) == 1
    assert capsys.readouterr() == ("", f"teleinfo simulate: {reason}\n")

    monkeypatch.setenv("TELEINFO_LANGUAGE", "fr")
    assert main(["simulate", *options]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith(f"teleinfo simulate: {reason.partition(':')[0]}\xa0: ")
    assert not re.search(r"\b(No|Is|it|its|the|not)\b", errors)


@pytest.mark.parametrize(
    "options",
    [["--meter", "gas"], ["--start", "noon"], ["--number", "12345"], ["--lost", "2"]],
)
def test_a_wrong_option_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is a fault of usage, with status 2."""
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *options])

    assert ended.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_a_meter_keeps_the_time_of_france_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps it on a machine in UTC, too; with a household."""
    monkeypatch.setenv("TZ", "UTC")

    def now() -> str:
        return f"{datetime.now(ZoneInfo('Europe/Paris')):%y%m%d%H%M%S}"

    before = now()
    sent = played("--meter", "standard", "--household", "router", "--frames", "1", *AT_ONCE, "--stripped")
    date = re.search(rb"DATE\t[EH](\d{12})", sent)
    assert date is not None
    assert before <= date[1].decode() <= now()
