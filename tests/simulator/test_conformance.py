"""The conformance kit: what it holds, that its judge notices faults, and that our own decoder has none."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from teleinfo.cli.main import main
from teleinfo.simulator.conformance import CASES
from teleinfo.simulator.conformance_check import judge
from teleinfo.tic.decoder import Decoder
from tests.recordings.check import judge as examine_group

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOUND = [name for name in CASES if name.startswith("clean-")] + ["group-of-unknown-label", "frame-veille"]

SUM_ALONE = {
    *(
        "beyond-index",
        "beyond-start-of-a-label",
        "beyond-two-lines-in-one",
        "beyond-two-lines-in-one-standard",
    ),
    *("beyond-two-phases-in-one", "character-becomes-etx", "character-becomes-stx", "character-bit-6"),
    *("character-bit-6-and-parity", "character-bit-6-standard", "frame-eot-goes-on", "group-horodate-month"),
    *("group-horodate-season", "group-horodate-short", "group-separator-damaged", "group-without-label"),
    "group-without-value",
}
"""The cases in which a reader that believes each group with a right sum gives a false value."""

NO_SUM = {
    *("character-becomes-cr", "character-label", "group-checksum-of-the-other-mode", "group-cr-and-lf-lost"),
    *("group-digit", "group-digit-standard", "group-horodate-digit", "group-separator-lost"),
    *("group-without-anything", "lost-digit", "lost-half-a-line"),
}
"""Those in which a reader without any check does, too."""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the kit."""
    folder: Path = tmp_path_factory.mktemp("tests") / "kit"
    assert main(["simulate", "--conformance", str(folder)]) == 0
    return folder


def split(line: bytes, *, summed: bool) -> Iterator[dict[str, str]]:
    """Yield readings as a reader does that checks nothing of a group but its sum, or nothing at all."""
    for text in re.findall("\n([^\n\r]+)\r", line.decode("ascii")):
        separator, covered = ("\t", text[:-1]) if "\t" in text else (" ", text[:-2])
        label, _, rest = text[:-2].partition(separator)
        *horodate, value = rest.split("\t") if separator == "\t" else [rest]
        if not summed or (sum(covered.encode()) & 0x3F) + 0x20 == ord(text[-1]):
            yield {label: value or "".join(horodate)}
            if value and horodate:
                yield {f"{label}_HORODATE": horodate[0]}


def judged(kit: Path, name: str, readings: list[dict[str, str]]) -> tuple[int, int, list[str]]:
    """Return what the judge says: values missed, readings mixed, values false."""
    printed = "\n".join(map(json.dumps, readings))
    required, missed, mixed, false = judge(kit / "readings" / f"{name}.jsonl", printed)
    assert required > 0
    return missed, mixed, false


@pytest.mark.parametrize("line", ["7bit", "8bit"])
def test_our_own_decoder_misses_nothing_and_says_nothing_false(kit: Path, line: str) -> None:
    faults = {}
    for name in CASES:
        readings = Decoder().feed((kit / line / f"{name}.tic").read_bytes())
        faults[name] = judged(kit, name, [dict(reading.values) for reading in readings])

    assert faults == dict.fromkeys(CASES, (0, 0, []))


def test_another_computation_agrees_where_nothing_is_damaged(kit: Path) -> None:
    """Every group of a sound line has a right parity and sum, and the readings are those groups."""
    for name in SOUND:
        line = (kit / "8bit" / f"{name}.tic").read_bytes()
        groups = [examine_group(text, parity=True) for text in re.findall(rb"[^\n\x8d\x82\x03\x84]+", line)]
        expected = (kit / "readings" / f"{name}.jsonl").read_text("utf-8").splitlines()

        assert {group["verdict"] for group in groups} == {"valid"}
        assert [(group["label"], group["value"] or group["horodate"]) for group in groups] == [
            (key, value)
            for text in expected
            for key, value in json.loads(text)["reading"].items()
            if not key.endswith("_HORODATE")
        ]


@pytest.mark.parametrize(("summed", "traps"), [(True, SUM_ALONE), (False, SUM_ALONE | NO_SUM)])
def test_simple_readers_are_caught(kit: Path, summed: bool, traps: set[str]) -> None:  # noqa: FBT001
    """A case catches those that leave out the check that it is about; sound lines catch none of them."""
    caught = set()
    for name in CASES:
        readings = split((kit / "7bit" / f"{name}.tic").read_bytes(), summed=summed)
        missed, _, false = judged(kit, name, [*readings])
        assert missed == 0, name
        caught |= {name} if false else set()

    assert caught == traps


@pytest.mark.real
@pytest.mark.parametrize(
    ("readings", "status", "row"),
    [
        ('{"ADCO": 41961123456, "PTEC": "TH"}\n' * 6, 1, [61, 49, 0, 0]),
        ('{"IINST": "042"}\n{"ADPS": 41}\n', 3, [61, 60, 0, 1, "ADPS='41'"]),
        ('{"ADPS": 42, "IINST": 11}\n', 1, [61, 59, 1, 0]),
    ],
)
def test_the_judge_counts(kit: Path, readings: str, status: int, row: list[object]) -> None:
    """Values that are missed, readings that mix frames, and false values: by standard input."""
    words = [sys.executable, "-I", str(kit / "check.py"), "clean-adps"]
    done = subprocess.run(words, input=readings, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.splitlines()[1].split() == ["clean-adps", *map(str, row)]


@pytest.mark.real
def test_the_judge_runs_a_reader_for_each_case(kit: Path) -> None:
    """A reader that says what is expected has no fault in any case; a pattern picks some cases, or fails."""
    program = "import json, sys\nfor line in sys.stdin: print(json.dumps(json.loads(line)['reading']))"
    command = shlex.join([sys.executable, "-c", program]) + " < readings/{}.jsonl"
    words = [sys.executable, "-I", str(kit / "check.py")]
    done = subprocess.run([*words, "clean-t*", command], capture_output=True, text=True, check=False)
    rows = [line.split() for line in done.stdout.splitlines()[1:]]

    assert (done.returncode, done.stderr) == (0, "")
    assert {row[0] for row in rows} == {name for name in CASES if name.startswith("clean-t")}
    assert {tuple(row[2:]) for row in rows} == {("0", "0", "0")}
    assert subprocess.run([*words, "clean-gas", command], check=False).returncode == 2


def test_the_kit_is_the_same_each_time(kit: Path, tmp_path: Path) -> None:
    """It names each case, and its folder may be there already."""
    assert main(["simulate", "--conformance", str(tmp_path)]) == 0
    files = {path.relative_to(kit): path.read_bytes() for path in kit.rglob("*.*")}

    assert files == {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.*")}
    assert re.findall("^[|] `(.+?)`", (kit / "README.md").read_text("utf-8"), re.MULTILINE) == [
        "7bit/CASE.tic", "8bit/CASE.tic", "readings/CASE.jsonl", "check.py", *CASES
    ]  # fmt: skip
