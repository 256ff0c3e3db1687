"""`teleinfo decode`: the messages of a recording, and of a meter at a port."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from teleinfo.cli import main as cli
from teleinfo.simulator.encode import encode_frame, with_parity
from tests.recordings import FOLDER
from tests.support.daemon import Meter
from tests.support.frames import values_of, whole
from tests.support.process import LIMIT

FRAME = with_parity(encode_frame(whole(PAPP="00750")))
MESSAGE = json.dumps(values_of(PAPP="00750"), separators=(",", ":")).encode() + b"\n"
NUMBERS = re.sub(rb'("(?:ISOUSC|BASE|IINST|IMAX|PAPP)":)"0*(\d+)"', rb"\1\2", MESSAGE)


def started(name: str, **settings: str) -> subprocess.Popen[bytes]:
    """Start `teleinfo decode NAME`, of a port or a recording."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "teleinfo", "--env-file", os.devnull, "decode", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TELEINFO_LANGUAGE": "en"}
        | {f"TELEINFO_{name}": value for name, value in settings.items()},
    )


@pytest.mark.real
def test_the_messages_of_a_port_come_without_a_broker_until_ctrl_c() -> None:
    """A message is printed when its frame comes, with the options of the payload; the exit status is 130."""
    with Meter(FRAME) as meter, started(meter.line.port, PAYLOAD_NUMBERS="quantities") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LIMIT)

    assert lines == 3 * [NUMBERS]
    assert (process.returncode, said) == (130, b"")


@pytest.mark.parametrize(("plausibility", "published"), [("true", 2), ("false", 3)])
def test_a_recording_is_believed_as_the_daemon_believes_a_line(
    plausibility: str,
    published: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """An index that falls is withheld and counted, unless TELEINFO_PLAUSIBILITY is false."""
    frames = [encode_frame(whole(BASE=index)) for index in ("000012345", "000012346", "000000007")]
    (tmp_path / "a.tic").write_bytes(with_parity(b"".join(frames)))
    monkeypatch.setenv("TELEINFO_PLAUSIBILITY", plausibility)

    assert cli.main(["--env-file", os.devnull, "decode", str(tmp_path / "a.tic")]) == 0
    shown = capsysbinary.readouterr()
    assert shown.out.count(b'"BASE":') == published
    withheld = ": BASE 1" if published < 3 else ""
    assert f"implausible {3 - published}{withheld})".encode() in shown.err


@pytest.mark.parametrize(
    ("lines", "indexes", "note"), [(3, 2, ""), (2, 2, "from byte {middle} on"), (0, 1, "0")]
)
def test_an_index_may_rise_in_a_silence_as_much_as_in_so_much_time(  # noqa: PLR0917
    lines: int,
    indexes: int,
    note: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """
    1 kWh more after an hour is believed, if the times beside the recording tell of the hour.

    Without it the index is withheld: the frames follow each other. One line says up to where times are known.
    """
    frames = [with_parity(encode_frame(whole(BASE=index))) for index in ("000012345", "000013345")]
    (tmp_path / "a.tic").write_bytes(b"".join(frames))
    middle = len(frames[0])
    end = sum(map(len, frames))
    times = ["0 1795793040.000\n", f"{middle} 1795796640.000\n", f"{end} 1795796641.500\n"]
    (tmp_path / "a.tic.times").write_text("".join(times[:lines]))
    monkeypatch.setenv("TELEINFO_PAYLOAD_TIMESTAMP", "true")

    assert cli.main(["--env-file", os.devnull, "decode", str(tmp_path / "a.tic")]) == 0
    shown = capsysbinary.readouterr()
    messages = [json.loads(line) for line in shown.out.splitlines()]
    *_summary, last = shown.err.decode().splitlines()
    assert sum("BASE" in message for message in messages) == indexes
    assert note.format(middle=middle) in last
    assert last.startswith(f"{tmp_path}/a.tic.times: " if note else "parity")
    if not note:
        assert [message["timestamp"] for message in messages] == [1795793040_000, 1795796640_000]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "impossible de lire nowhere\N{NO-BREAK SPACE}: ce fichier n’existe pas"),
        ("", "impossible de lire ''\N{NO-BREAK SPACE}: c’est un dossier"),
        ("/dev/nowhere", "/dev/nowhere"),
        ("socket://127.0.0.1:1", "127.0.0.1:1"),
    ],
)
def test_a_read_error_is_in_the_language_of_the_user(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason too, not in the words of the system; exit status 1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELEINFO_LANGUAGE", "fr")

    assert cli.main(["decode", name]) == 1
    shown = capsys.readouterr().err
    assert said in shown
    assert "no such" not in shown.lower()


def decoded(recording: bytes, tmp_path: Path) -> tuple[int, bytes, bytes]:
    """Return the exit status of `decode` for a recording, and what it wrote."""
    path = tmp_path / "line.tic"
    path.write_bytes(recording)
    with started(str(path)) as process:
        shown, said = process.communicate(timeout=LIMIT)
    return process.returncode, shown, said


@pytest.mark.real
@pytest.mark.parametrize(("recording", "status"), [(FRAME, 0), (b"", 1), (b"noise", 1), (FRAME[:-1], 1)])
def test_the_exit_status_says_whether_anything_was_sound(
    recording: bytes, status: int, tmp_path: Path
) -> None:
    ended, _shown, said = decoded(recording, tmp_path)

    assert ended == status
    assert (b"has no sound frame" in said) is bool(status)


def test_the_state_and_the_events_are_those_of_a_daemon(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """`silence.tic` gives a state for each frame once the meter is known, and the silence, by the times."""

    def printed(kind: str, path: Path) -> list[Any]:
        assert cli.main(["--env-file", os.devnull, "decode", kind, str(path)]) == 0
        return [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]

    path = FOLDER / "silence.tic"
    alone = Path(shutil.copy(path, tmp_path))
    states = printed("--state", path)
    times = [datetime.fromisoformat(state["time"]).timestamp() for state in states]

    assert {state["meter"]["serial_number"] for state in states} == {"000000000000"}
    assert max(after - before for before, after in pairwise(times)) == pytest.approx(3600, abs=60)
    assert [event["event"] for event in printed("--events", path)] == ["silence_started", "silence_ended"]
    assert printed("--events", alone) == []
