"""Recordings: exactly what came, and nobody's identifier in what is shared."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.cli import main as cli
from teleinfo.port import baud_detector
from teleinfo.record import capture
from teleinfo.record.anonymise import RUN, Anonymiser
from teleinfo.record.capture import progress
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame, encode_group, flip_bits, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.framing import ETX, STX
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode
from tests.support.daemon import LIMIT, Meter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START = dt.datetime(2026, 1, 14, 18, 30)  # noqa: DTZ001 - a meter knows local time only
ADDRESS, PRM = "041961123456", "98765432109876"
FRAME = encode_frame(
    [
        Group("ADSC", ADDRESS, None, Mode.STANDARD),
        Group("EAST", "000019212", None, Mode.STANDARD),
        Group("SINSTS", "01940", None, Mode.STANDARD),
        Group("PRM", PRM, None, Mode.STANDARD),
    ]
)
SINSTS = encode_group(Group("SINSTS", "01940", None, Mode.STANDARD))


def anonymised(*chunks: bytes) -> tuple[bytes, Anonymiser]:
    """Return what becomes of a line that comes in these chunks."""
    anonymiser = Anonymiser()
    ready = b"".join(map(anonymiser.feed, chunks))
    return ready + anonymiser.close(), anonymiser


def stripped(data: bytes) -> bytes:
    """Return the bytes without their bit 7."""
    return bytes(byte & 0x7F for byte in data)


def decoded(data: bytes) -> list[dict[str, str]]:
    """Return the values of each frame."""
    return [reading.values for reading in Decoder().feed(data)]


def line_of(name: str, frames: int) -> bytes:
    """Return some frames of a simulated meter, with parity."""
    meter = build(name, start=START, rng=random.Random(1))
    seconds = (START + dt.timedelta(seconds=number) for number in range(frames))
    return with_parity(b"".join(map(meter.emit, seconds)))


@pytest.mark.parametrize("parity", [True, False], ids=["with parity", "stripped"])
@pytest.mark.parametrize("name", METERS)
def test_identifiers_become_zeros_and_nothing_else_changes(name: str, parity: bool) -> None:  # noqa: FBT001
    """The same frames, of the same length, whose checks all hold; only the identifiers differ."""
    line = line_of(name, 3)
    line = line if parity else stripped(line)
    clean, anonymiser = anonymised(line)
    decoder = Decoder()
    readings = [reading.values for reading in decoder.feed(clean)]
    expected = [
        {key: "0" * len(value) if key in {"ADCO", "ADSC", "PRM"} else value for key, value in values.items()}
        for values in decoded(line)
    ]

    assert readings == expected
    assert (len(clean), decoder.counts.rejected, decoder.parity) == (len(line), 0, parity)
    assert anonymiser.dropped == 0


@given(st.data())
def test_the_chunks_do_not_matter(data: st.DataObject) -> None:
    """However the bytes come, the recording is the same."""
    line = flip_bits(with_parity(FRAME * 3), 0.002, random.Random(data.draw(st.integers(0, 99))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=8)))
    chunks = [line[start:end] for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True)]

    assert anonymised(*chunks)[0] == anonymised(line)[0]


@pytest.mark.parametrize("ber", [0.001, 0.01, 0.05])
@pytest.mark.parametrize("parity", [True, False], ids=["with parity", "stripped"])
def test_no_piece_of_an_identifier_gets_through_the_noise(ber: float, parity: bool) -> None:  # noqa: FBT001
    """4000 frames a rate: of no identifier are four characters in a row left, wherever the noise hit."""
    rng = random.Random(7)
    line = with_parity(FRAME) if parity else FRAME
    noisy = b"".join(flip_bits(line, ber, rng, width=8 if parity else 7) for _ in range(4000))
    clean = stripped(anonymised(noisy)[0])
    # What is left of the groups that are neither, without noise, has none of these.
    runs = {text[at : at + RUN].encode() for text in (ADDRESS, PRM) for at in range(len(text) - RUN + 1)}

    assert {run: clean.count(run) for run in runs if run in clean} == {}


def test_damage_far_from_any_identifier_is_kept() -> None:
    """It is what a recording is shared for: once the identifiers are known, a bad group stays as it came."""
    bad = FRAME.replace(SINSTS, SINSTS.replace(b"194", b"195"))
    clean, anonymiser = anonymised(with_parity(FRAME + bad))

    assert with_parity(b"SINSTS\t01950") in clean
    assert anonymiser.dropped == 0


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"ADSC\t", b"ADSX\t"),  # the étiquette is damaged
        (b"ADSC\t0419", b"ADSC\t0418"),  # its value is
        (b"PRM\t", b"PRM\x01"),  # the separator is
        (SINSTS[-3:] + b"\nPRM", SINSTS[-3:-1] + b"\x0c\x0ePRM"),  # two groups are one
    ],
)
def test_a_damaged_piece_that_may_hold_an_identifier_is_dropped(good: bytes, bad: bytes) -> None:
    """Whatever is damaged of it, also where it is glued to another group."""
    assert good in FRAME
    clean, _ = anonymised(FRAME + FRAME.replace(good, bad))

    assert not {
        part for text in (ADDRESS, PRM) for part in (text[:4], text[4:8], text[8:]) if part.encode() in clean
    }


def test_a_sound_group_that_holds_most_of_an_identifier_is_dropped() -> None:
    """Bytes were lost, an identifier stands behind another étiquette, and the sum happens to fit."""
    joined = encode_group(Group("MSG1", f"PAS D{PRM[1:]}", None, Mode.STANDARD))
    clean, anonymiser = anonymised(with_parity(FRAME + FRAME.replace(SINSTS, joined)))

    assert PRM[1:7] not in stripped(clean).decode()
    assert anonymiser.dropped == 1


def test_a_sound_index_may_have_a_few_digits_of_an_identifier() -> None:
    """Four in a row are chance."""
    index = encode_group(Group("EAST", f"000{PRM[4:8]}00", None, Mode.STANDARD))
    clean, anonymiser = anonymised(with_parity(FRAME + FRAME.replace(SINSTS, index)))

    assert with_parity(index) in clean
    assert anonymiser.dropped == 0


def test_before_the_identifiers_are_known_all_damage_is_dropped() -> None:
    """A recording that begins within an identifier, or within noise, gives nothing away."""
    start = FRAME[FRAME.index(b"961123456") :]
    clean, anonymiser = anonymised(start + FRAME)

    assert b"961123456" not in clean
    assert anonymiser.dropped == 1


def test_an_endless_line_without_a_frame_is_bounded() -> None:
    """No ETX ever comes: little is held back."""
    anonymiser = Anonymiser()
    for _ in range(100):
        anonymiser.feed(b"x" * 1000)

    assert len(anonymiser._buffer) < 10_000
    assert anonymiser.close() == b""


def test_a_group_that_lost_its_line_feed_is_kept() -> None:
    """As the decoder reads it: a damaged LF costs nothing."""
    frame = FRAME.replace(b"\nADSC", b"\xffADSC").replace(b"\nEAST", b"\xffEAST")
    clean, _ = anonymised(frame)

    assert b"\xffADSC\t000000000000" in clean
    assert b"\xffEAST\t000019212" in clean


def test_the_progress_is_a_bar() -> None:
    """Never longer than it is wide, however late the last byte."""
    assert progress(seconds=15, of=30, count=1200, width=10) == "[#####.....] 15/30 s, 1200 B"
    assert progress(seconds=40, of=30, count=1, width=4) == "[####] 40/30 s, 1 B"


def record(folder: Path, port: str, *options: str, **settings: str) -> subprocess.Popen[str]:
    """Start `teleinfo record` in this folder."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TELEINFO_SERIAL_PORT": port}
    return subprocess.Popen(
        [sys.executable, "-m", "teleinfo", "--env-file", os.devnull, "record", *options],
        env=environment | {f"TELEINFO_{name.upper()}": value for name, value in settings.items()},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit status and what was said."""
    with process:
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, said


def decode(path: Path) -> subprocess.CompletedProcess[bytes]:
    """Run `teleinfo decode` on a recording."""
    return subprocess.run(
        [sys.executable, "-m", "teleinfo", "--env-file", os.devnull, "decode", path],
        capture_output=True,
        timeout=60,
        check=True,
    )


@pytest.mark.real
def test_what_came_is_in_the_file_and_is_played_and_decoded_again(tmp_path: Path) -> None:
    """1. `simulate` plays. 2. `record` saves it. 3. `decode` reads it. 4. `simulate --replay` plays it."""
    port = tmp_path / "meter"
    simulate = [sys.executable, "-m", "teleinfo", "simulate", "--link", str(port)]
    with subprocess.Popen([*simulate, "--seed", "1", "--speed", "5"], stdout=subprocess.PIPE) as meter:
        assert meter.stdout is not None
        meter.stdout.readline()
        status, said = ended(record(tmp_path, str(port), "--seconds", "3", "first.tic"))
        meter.terminate()
    first = (tmp_path / "first.tic").read_bytes()
    # A replay goes round: where its end meets its beginning, two halves of frames would make one.
    marks = stripped(first)
    (tmp_path / "frames.tic").write_bytes(first[marks.index(STX) : marks.rindex(ETX) + 1])
    with subprocess.Popen(
        [*simulate, "--speed", "5", "--replay", str(tmp_path / "frames.tic")], stdout=subprocess.PIPE
    ) as meter:
        assert meter.stdout is not None
        meter.stdout.readline()
        ended(record(tmp_path, str(port), "--seconds", "2", "--baudrate", "1200", "second.tic"))
        meter.terminate()
    frames, again = (
        [json.loads(line) for line in decode(tmp_path / name).stdout.splitlines()]
        for name in ("first.tic", "second.tic")
    )

    assert status == 0, said
    assert f"first.tic: {len(first)} bytes" in said
    assert max(first) > 0x7F, "the parity is part of it"
    assert len(frames) >= 2
    assert any(frame in frames for frame in again)
    # Where the replay begins again, the indexes fall, and are withheld.
    assert all(any(one.items() <= frame.items() for frame in frames) for one in again)


@pytest.mark.real
def test_the_bytes_are_those_of_the_line(tmp_path: Path) -> None:
    """Every byte value, whatever it means, at a given speed."""
    with Meter(bytes(range(256))) as meter:
        status, said = ended(
            record(tmp_path, meter.line.port, "--baudrate", "9600", "--max-bytes", "1024", "a.tic")
        )
    data = (tmp_path / "a.tic").read_bytes()
    first = data[0]

    assert status == 0, said
    assert data == bytes((first + at) % 256 for at in range(1024))


@pytest.mark.real
def test_a_shared_recording_has_no_identifier(tmp_path: Path) -> None:
    """`--anonymise`, as a whole."""
    with Meter(with_parity(FRAME)) as meter:
        options = ("--anonymise", "--max-bytes", "2000", "--baudrate", "9600", "a.tic")
        status, said = ended(record(tmp_path, meter.line.port, *options))
    values = decoded((tmp_path / "a.tic").read_bytes())

    assert status == 0, said
    assert values[0] == {"ADSC": "0" * 12, "EAST": "000019212", "SINSTS": "01940", "PRM": "0" * 14}
    assert "Identifiers made zeros: " in said


@pytest.mark.real
def test_ctrl_c_ends_it_with_what_it_has(tmp_path: Path) -> None:
    """Status 0, and the file under its own name: the date and the time."""
    with Meter(with_parity(FRAME)) as meter:
        process = record(tmp_path, meter.line.port, "--seconds", "600", serial_mode="standard")
        _wait_for_bytes(tmp_path, process)
        process.send_signal(signal.SIGINT)
        status, said = ended(process)
    [path] = tmp_path.glob("teleinfo-*-*.tic")

    assert status == 0, said
    assert decoded(path.read_bytes())


def _wait_for_bytes(folder: Path, process: subprocess.Popen[str]) -> None:
    """Return once the recording has begun."""
    clock = threading.Event()
    for _ in range(int(LIMIT / 0.05)):
        if any(path.stat().st_size for path in folder.glob("*.tic")):
            return
        assert process.poll() is None
        clock.wait(0.05)
    raise AssertionError("nothing is recorded")


@pytest.mark.real
def test_only_the_owner_may_read_a_recording(tmp_path: Path) -> None:
    """Whatever the umask: it holds the number of the meter."""
    with Meter(with_parity(FRAME)) as meter:
        status, said = ended(
            record(tmp_path, meter.line.port, "--max-bytes", "100", "--baudrate", "9600", "a.tic")
        )

    assert status == 0, said
    assert (tmp_path / "a.tic").stat().st_mode & 0o777 == 0o600


@pytest.mark.real
def test_a_recording_goes_to_standard_output(tmp_path: Path) -> None:
    """`record - | decode`: the bytes go out as they come, nothing else does, and no file is left."""
    decode = [sys.executable, "-m", "teleinfo", "--env-file", os.devnull, "decode"]
    with Meter(with_parity(FRAME)) as meter:
        process = record(tmp_path, meter.line.port, "--max-bytes", "500", "--baudrate", "9600", "-")
        decoded = subprocess.run(decode, stdin=process.stdout, capture_output=True, timeout=60, check=True)
        status, said = ended(process)

    assert status == 0, said
    assert b'"EAST":"000019212"' in decoded.stdout
    assert "500 bytes" in said
    assert "teleinfo decode" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_a_reader_that_leaves_ends_a_recording_to_standard_output(tmp_path: Path) -> None:
    """`record - | head -c 1`: exit status 0, and no word of a pipe."""
    with Meter(with_parity(FRAME)) as meter:
        process = record(tmp_path, meter.line.port, "--baudrate", "9600", "-")
        assert process.stdout is not None
        process.stdout.buffer.read(1)  # type: ignore[attr-defined]  # of a text pipe
        process.stdout.close()
        process.stdout = None
        status, said = ended(process)

    assert (status, said) == (0, "")


@pytest.mark.real
def test_a_write_error_is_in_the_language_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason too, not in the words of the system."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert cli.main(["--env-file", os.devnull, "record", str(tmp_path / "nowhere/a.tic")]) == 1

    assert capsys.readouterr().err.endswith("ce fichier n’existe pas\n")


@pytest.mark.real
def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    """Status 1, and the file is as it was."""
    (tmp_path / "a.tic").write_bytes(b"precious")
    status, said = ended(record(tmp_path, "/dev/null", "a.tic"))

    assert (status, (tmp_path / "a.tic").read_bytes()) == (1, b"precious")
    assert "exists already" in said


@pytest.mark.real
def test_without_a_port_there_is_no_file(tmp_path: Path) -> None:
    """Status 1, what is wrong and what to do, and nothing empty is left."""
    status, said = ended(record(tmp_path, str(tmp_path / "nowhere"), "a.tic"))

    assert (status, list(tmp_path.iterdir())) == (1, [])
    assert "there is no serial port at" in said
    assert "Traceback" not in said


@pytest.mark.real
def test_a_dead_line_is_reported(tmp_path: Path) -> None:
    """No byte in all the time: status 1, and no file."""
    with Meter(None) as meter:
        status, said = ended(
            record(tmp_path, meter.line.port, "--seconds", "1", "--baudrate", "1200", "a.tic")
        )

    assert (status, list(tmp_path.iterdir())) == (1, [])
    assert "No byte came" in said


@pytest.mark.real
def test_a_line_that_is_dead_at_every_speed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing comes nothing is said of its sense."""
    monkeypatch.setattr(capture, "SEARCH_TIMEOUT", 0.5)
    monkeypatch.setattr(capture, "TICK", 0.1)
    monkeypatch.chdir(tmp_path)
    with Meter(None) as meter:
        monkeypatch.setenv("TELEINFO_SERIAL_PORT", meter.line.port)
        monkeypatch.setattr(baud_detector, "DWELL_SLOW", 0.2)
        monkeypatch.setattr(baud_detector, "DWELL_FAST", 0.2)
        assert cli.main(["record", "a.tic"]) == 1

    assert "No byte came" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_a_bridge_is_recorded_too(tmp_path: Path) -> None:
    """`socket://host:port`: what the bridge sends until it hangs up, which ends with status 1."""
    with socket.create_server(("127.0.0.1", 0)) as bridge:
        served = threading.Thread(target=_serve, args=(bridge, [with_parity(FRAME)] * 20), daemon=True)
        served.start()
        host, port = bridge.getsockname()
        status, said = ended(
            record(tmp_path, f"socket://{host}:{port}", "--baudrate", "9600", "--seconds", "30", "a.tic")
        )
        served.join(LIMIT)

    assert status == 1
    assert "What came before is in a.tic" in said
    assert (tmp_path / "a.tic").read_bytes() == with_parity(FRAME) * 20


def _serve(bridge: socket.socket, chunks: Sequence[bytes]) -> None:
    client, _ = bridge.accept()
    with client:
        for chunk in chunks:
            client.sendall(chunk)
