"""The finds of the fuzzer stay repaired, and its targets notice a fault in the code."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.settings import env_file
from teleinfo.tic import groups, reading
from tests.fuzz import blind, corpus
from tests.fuzz.targets import env_file as settings_target

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("name", corpus.TARGETS)
def test_a_target_bears_its_seeds_and_what_was_found(name: str) -> None:
    """No seed and no input that was found since, new or once fatal, breaks its target."""
    assert [data for data in corpus.inputs(name) if breaks(corpus.target(name).check, data)] == []


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
        ("decoder", reading, "HORODATE_SUFFIX", "_"),
        ("env_file", env_file, "_AMBIGUOUS", env_file._ESCAPE),
        ("env_file", env_file, "_ESCAPE", env_file._AMBIGUOUS),
    ],
)
def test_a_target_sees_what_is_wrong(
    name: str, thing: object, attribute: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one thing wrong in the code under test, an input of the target breaks it."""
    assert hasattr(thing, attribute)
    monkeypatch.setattr(thing, attribute, wrong)

    assert any(breaks(corpus.target(name).check, data) for data in corpus.inputs(name))


def breaks(check: Callable[[bytes], None], data: bytes) -> bool:
    """Return True if a target fails, by whatever exception the code under test raises."""
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
