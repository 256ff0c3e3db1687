"""`teleinfo record` as a whole: the bytes of the line in a file or on standard output."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from teleinfo.cli import main as cli
from teleinfo.common.times_file import read_times
from teleinfo.port import search
from teleinfo.record import capture
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.framing import ETX, STX
from teleinfo.tic.labels import Mode
from teleinfo.tic.parity import strip_parity
from tests.support.daemon import Meter
from tests.support.frames import values_of, whole
from tests.support.process import LIMIT
from tests.support.scenario import until

if TYPE_CHECKING:
    from pathlib import Path

TELEINFO = [sys.executable, "-m", "teleinfo", "--env-file", os.devnull]
ADDRESS = "041961123456"
PRM = "98765432109876"
FRAME = encode_frame(whole(Mode.STANDARD, ADSC=ADDRESS, SINSTS="01940", PRM=PRM))

FRAME_OF_NOBODY = encode_frame(whole(Mode.STANDARD, ADSC="0" * 12, SINSTS="01940", PRM="0" * 14))


def decoded(data: bytes) -> list[dict[str, str]]:
    """Return the values of each frame."""
    return [dict(reading.values) for reading in Decoder().feed(data)]


def frames_in(path: Path) -> int:
    """Return how many frames have ended in a recording that may not have begun."""
    return strip_parity(path.read_bytes())[0].count(ETX) if path.exists() else 0


def record(folder: Path, port: str, *options: str, **settings: str) -> subprocess.Popen[str]:
    """Start `teleinfo record` in this folder."""
    environment = {"PATH": os.environ["PATH"], "TELEINFO_LANGUAGE": "en", "TELEINFO_SERIAL_PORT": port}
    return subprocess.Popen(
        [*TELEINFO, "record", *options],
        env=environment | {f"TELEINFO_{name.upper()}": value for name, value in settings.items()},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end of a process; return its exit status and its standard error."""
    with process:
        try:
            _output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, errors


@pytest.mark.real
def test_the_speed_of_the_meter_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A meter in mode standard is recorded at 9600 baud, although the search begins at 1200."""
    monkeypatch.setattr(search, "DWELL", 1.0)
    monkeypatch.chdir(tmp_path)
    simulate = [sys.executable, "-m", "teleinfo", "simulate", "--speed", "5", "--meter", "standard"]
    with subprocess.Popen(simulate, stdout=subprocess.PIPE, text=True) as meter:
        assert meter.stdout is not None
        monkeypatch.setenv("TELEINFO_SERIAL_PORT", meter.stdout.readline().rstrip())
        status = cli.main(["record", "--max-bytes", "4000", "a.tic"])
        meter.terminate()

    assert status == 0
    data = (tmp_path / "a.tic").read_bytes()
    assert decoded(data)
    assert len(data) == 4000
    assert max(data) > 0x7F, "the parity is part of it"
    assert "a.tic: 4000 bytes" in capsys.readouterr().err


@pytest.mark.real
def test_a_shared_recording_has_no_identifier(tmp_path: Path) -> None:
    """With `--anonymize`, until Ctrl-C, the file is named by its date, and only its owner may read it."""
    with Meter(with_parity(FRAME)) as meter:
        process = record(tmp_path, meter.line.port, "--anonymize", serial_mode="standard")
        until(lambda: any(map(frames_in, tmp_path.glob("*.tic"))))
        process.send_signal(signal.SIGINT)
        status, said = ended(process)
    [path] = tmp_path.glob("teleinfo-*-*.tic")
    values = decoded(path.read_bytes())

    assert status == 0, said
    assert values[0] == values_of(Mode.STANDARD, ADSC="0" * 12, SINSTS="01940", PRM="0" * 14)
    assert "Identifiers made zeros: " in said
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.real
@pytest.mark.parametrize("options", [[], ["--anonymise"]], ids=["as it came", "anonymised"])
def test_a_silence_of_the_line_is_in_the_times(options: list[str], tmp_path: Path) -> None:
    damaged = with_parity(FRAME.replace(PRM.encode(), PRM[1:].encode()))
    path = tmp_path / "a.tic"
    with Meter(with_parity(FRAME)) as meter:
        process = record(tmp_path, meter.line.port, "--baudrate", "9600", *options, "a.tic")
        until(lambda: frames_in(path))
        meter.frame = None
        time.sleep(2.5)  # the last frame may be on its way yet
        frames_before = frames_in(path)
        meter.line.write(damaged + with_parity(FRAME))
        until(lambda: frames_in(path) == frames_before + 2)
        process.send_signal(signal.SIGINT)
        status, output = ended(process)
    data = path.read_bytes()
    times, note = read_times(path)
    pieces = list(times.split(data, 0))
    came_at = [seconds or 0.0 for _piece, seconds in pieces]
    longest_silence = 0.0
    heard_again_at = came_at[0]
    for earlier, later in pairwise(came_at):
        if later - earlier > longest_silence:
            longest_silence = later - earlier
            heard_again_at = later
    before_silence = b""
    for piece, seconds in pieces:
        if (seconds or 0.0) < heard_again_at:
            before_silence += piece
    after_silence = data.removeprefix(before_silence)

    assert (status, note) == (0, ""), output
    assert longest_silence >= 1.0  # less than it was: `record` may have read the last frame late
    assert strip_parity(before_silence)[0].endswith(FRAME_OF_NOBODY if options else FRAME)
    assert after_silence.startswith(with_parity(STX))
    assert len(decoded(after_silence)) == 2
    assert abs(came_at[0] - path.stat().st_mtime) < 30


@pytest.mark.real
def test_a_recording_goes_to_standard_output(tmp_path: Path) -> None:
    """`record - | decode`: the bytes go out as they come, nothing else does, and no file is left."""
    with Meter(with_parity(FRAME)) as meter:
        process = record(tmp_path, meter.line.port, "--max-bytes", "2500", "--baudrate", "9600", "-")
        decoded = subprocess.check_output([*TELEINFO, "decode"], stdin=process.stdout, timeout=LIMIT)
        status, said = ended(process)

    assert status == 0, said
    assert b'"SINSTS":"01940"' in decoded
    assert "2500 bytes" in said
    assert "teleinfo decode" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
@pytest.mark.parametrize("name", ["a.tic", "a.tic.times"])
def test_a_file_is_never_overwritten(name: str, tmp_path: Path) -> None:
    """Status 1, and the file is as it was, a recording or the times of another."""
    (tmp_path / name).write_bytes(b"precious")
    status, said = ended(record(tmp_path, "/dev/null", "a.tic"))

    assert (status, (tmp_path / name).read_bytes()) == (1, b"precious")
    assert f"{name} cannot be written" in said
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.real
@pytest.mark.parametrize("speed", [[], ["--baudrate", "9600", "--seconds", "1"]])
def test_a_dead_line_is_reported(
    speed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No byte in all the time, at every speed or at the given one: status 1, and no file."""
    monkeypatch.setattr(capture, "SEARCH_TIMEOUT", 0.5)
    monkeypatch.setattr(search, "DWELL", 0.2)
    monkeypatch.chdir(tmp_path)
    with Meter(None) as meter:
        monkeypatch.setenv("TELEINFO_SERIAL_PORT", meter.line.port)
        assert cli.main(["record", *speed, "a.tic"]) == 1

    assert "No byte came" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_a_bridge_is_recorded_too(tmp_path: Path) -> None:
    """`socket://host:port`: what the bridge sends until it hangs up, which ends with status 1."""
    with socket.create_server(("127.0.0.1", 0)) as bridge:
        host, port = bridge.getsockname()
        process = record(tmp_path, f"socket://{host}:{port}", "--baudrate", "9600", "a.tic")
        client, _ = bridge.accept()
        with client:
            client.sendall(with_parity(FRAME) * 20)
        status, said = ended(process)

    assert status == 1
    assert "What came before is in a.tic" in said
    assert (tmp_path / "a.tic").read_bytes() == with_parity(FRAME) * 20
