"""
The programs in docs/examples/library, as a stranger has them: outside of the checkout, under mypy --strict.

They import what the Python in LIBRARY_PYTHON has installed; .ci/wheel.sh names one that has the wheel alone.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from tests.support.daemon import Meter
from tests.support.frames import values_of, whole
from tests.support.process import LIMIT

pytestmark = pytest.mark.real

FOLDER = Path(__file__).parents[2] / "docs/examples/library"
NAMES = sorted(path.name for path in FOLDER.glob("*.py"))
PYTHON = os.environ.get("LIBRARY_PYTHON", sys.executable)
FRAME = with_parity(encode_frame(whole(PAPP="00750")))
DAMAGED = FRAME.replace(with_parity(b"PAPP 00750"), with_parity(b"PAPP 00751"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return a folder that has the programs, and nothing else of the checkout."""
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(folder: Path, *command: str | Path, sent: bytes = b"") -> str:
    """Return what a program writes that succeeds."""
    result = subprocess.run(
        [PYTHON, *command], cwd=folder, input=sent, capture_output=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode()


def start(folder: Path, *command: str | Path) -> subprocess.Popen[str]:
    """Start a program that goes on; its texts are in English."""
    pipe = subprocess.PIPE
    environment = os.environ | {"LC_ALL": "C.UTF-8", "LANGUAGE": "en"}
    return subprocess.Popen(
        [PYTHON, *command], cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True
    )


def test_there_are_five_of_them() -> None:
    assert NAMES == ["count_frames.py", "decode_frame.py", "live_power.py", "missing_port.py", "to_csv.py"]


@pytest.mark.long
def test_mypy_finds_nothing(elsewhere: Path) -> None:
    """A wrong name or type in a program is found, since the library has types."""
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--python-executable={PYTHON}"]
    wrong = elsewhere / "wrong.py"
    wrong.write_text(
        """import teleinfo

teleinfo.Options(numbers=True)
teleinfo.read("/dev/ttyUSB0", mode="fast")
for reading in teleinfo.decode([b""]):
    reading.values["PAPP"] = "0"
    reading.mode = teleinfo.Mode.STANDARD
label = teleinfo.lookup(teleinfo.Mode.STANDARD, "EAST")
assert label is not None
print(label.widths, teleinfo.Counts().bytes_)
"""
    )
    checked = subprocess.run(
        [*mypy, *NAMES, "wrong.py"], cwd=elsewhere, capture_output=True, text=True, check=False, timeout=240
    )
    found = checked.stdout.splitlines()[:-1]

    assert [line.split(": ")[0] for line in found] == [f"wrong.py:{line}" for line in (3, 4, 6, 7, 10, 10)]


def test_frames_are_counted(elsewhere: Path) -> None:
    (elsewhere / "meter.tic").write_bytes(3 * FRAME + DAMAGED + FRAME[:50])

    assert run(elsewhere, "count_frames.py", "meter.tic").splitlines() == [
        f"4 frames in {4 * len(FRAME) + 50} bytes",
        "1 groups rejected, 0 withheld",
    ]


def test_a_recording_becomes_csv(elsewhere: Path) -> None:
    (elsewhere / "meter.tic").write_bytes(FRAME + DAMAGED + FRAME)
    rows = list(csv.DictReader(io.StringIO(run(elsewhere, "to_csv.py", "meter.tic"))))

    assert [row["PAPP"] for row in rows] == ["00750", "", "00750"]
    assert rows[0] == values_of(PAPP="00750")


def test_a_frame_is_decoded(elsewhere: Path) -> None:
    said = json.loads(run(elsewhere, "decode_frame.py", sent=FRAME))

    assert said["values"] == values_of(PAPP="00750")
    assert said["meaning"]["Apparent power"] == "00750 VA"


def test_the_power_is_shown_at_each_frame(elsewhere: Path) -> None:
    with Meter(FRAME, link=elsewhere / "meter"), start(elsewhere, "live_power.py", "meter") as program:
        assert program.stdout is not None
        lines = [program.stdout.readline() for _ in range(2)]
        program.terminate()
        program.communicate(timeout=LIMIT)

    assert lines == ["750 VA\n", "750 VA\n"]


def test_a_missing_port_is_waited_for(elsewhere: Path) -> None:
    with start(elsewhere, "missing_port.py", elsewhere / "meter") as program:
        assert program.stderr is not None
        complaint = program.stderr.readline()
        with Meter(FRAME, link=elsewhere / "meter"):
            said, _ = program.communicate(timeout=60)

    assert "check that the adapter is plugged in" in complaint
    assert said == f"{values_of(PAPP='00750')}\n"
