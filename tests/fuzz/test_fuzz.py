"""What the fuzzer found stays mended, its targets notice a fault in the code, and it runs."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.settings import env_file
from teleinfo.state import payload
from teleinfo.tic import groups, meter_id, reading
from tests.fuzz import blind, corpus
from tests.fuzz.targets import env_file as settings_target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("name", corpus.TARGETS)
def test_a_target_bears_its_seeds(name: str) -> None:
    """What the fuzzer begins with breaks nothing."""
    target = corpus.target(name)
    for data in target.seeds().values():
        target.check(data)


@pytest.mark.parametrize("name", corpus.TARGETS)
def test_a_target_bears_what_was_found(name: str) -> None:
    """What once reached something new, or broke it, breaks nothing now."""
    target = corpus.target(name)
    found = corpus.kept(name, broke=True) + corpus.kept(name, broke=False)

    assert (corpus.FOLDER / f"{name}.txt").exists()
    assert [data for data in found if breaks(target.check, data)] == []


@pytest.mark.parametrize("name", corpus.TARGETS)
@given(data=st.data())
def test_a_target_bears_what_comes_of_its_seeds(name: str, data: st.DataObject) -> None:
    """A few mutations of a seed or a find break nothing."""
    known = corpus.inputs(name)
    rng = random.Random(data.draw(st.integers()))

    corpus.target(name).check(blind.mutated(rng.choice(known), known, rng))


@pytest.mark.parametrize(
    ("name", "thing", "attribute", "wrong"),
    [
        ("decoder", groups, "checksum", lambda covered: covered and groups.RejectionCause),
        ("groups", groups, "HORODATE", groups._UNKNOWN_LABEL),
        ("groups", groups, "_UNKNOWN_LABEL", groups.HORODATE),
        ("payload", payload, "is_left_out", lambda _mode, key, exclude: key in exclude),
        ("decoder", reading, "HORODATE_SUFFIX", "_"),
        ("env_file", env_file, "_AMBIGUOUS", env_file._ESCAPE),
        ("env_file", env_file, "_ESCAPE", env_file._AMBIGUOUS),
        ("euridis", meter_id, "_MAKERS", None),
    ],
)
def test_a_target_sees_what_is_wrong(
    name: str, thing: object, attribute: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one thing wrong in the code under test, an input of the target breaks it."""
    assert hasattr(thing, attribute)
    monkeypatch.setattr(thing, attribute, wrong)

    assert any(breaks(corpus.target(name).check, data) for data in corpus.inputs(name))


def test_an_input_that_breaks_a_target_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in the target's file from then on, however often it comes, and the fuzzer begins with it."""
    monkeypatch.setattr(corpus, "FOLDER", tmp_path)
    monkeypatch.setattr(settings_target, "check", lambda data: data[:1] != b"A" or 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            blind.fuzz("env_file", 60, random.Random(7), say=lambda _: None)
    [found] = corpus.kept("env_file", broke=True)

    assert found.startswith(b"A")
    assert found in corpus.inputs("env_file")


def breaks(check: Callable[[bytes], None], data: bytes) -> bool:
    """Tell whether a target fails, with whatever the code under test lets out."""
    try:
        check(data)
    except Exception:  # noqa: BLE001 - as said
        return True
    return False


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A=b", ("A", "b")),
        (" A = b c \t", ("A", "b c")),
        ("A='b' ", ("A", "b")),
        ('A="b\\"\\n\\$"', ("A", 'b"\\n$')),
        ("A=b # c", ("A", "b # c")),
        ("A=b\\ ", ("A", "b ")),
        ("#A=b", None),
        ("A", None),
    ],
)
def test_the_model_of_systemd_is_systemds(line: str, expected: tuple[str, str] | None) -> None:
    """The model reads what systemd.exec(5), EnvironmentFile=, says of such lines."""
    assert settings_target.systemd(line) == expected


def test_the_driver_runs_without_atheris_and_says_so(tmp_path: Path) -> None:
    """A second for all targets; the seed is printed, so that a find can be repeated."""
    options = ["--seconds", "1", "--blind", "--seed", "7", "--corpus", str(tmp_path)]
    command = [sys.executable, "-m", "tests.fuzz", *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "no atheris: mutations at random, --seed 7" in result.stdout
    assert all(f"{name}: " in result.stdout for name in corpus.TARGETS)
