"""What somebody else's program may use of `teleinfo`: a few names, which the changelog tells of."""

from __future__ import annotations

import doctest
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import teleinfo

CHANGELOG = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")

# Whoever changes a line here breaks programs: the changelog says so, and the version.
SIGNATURES = {
    "Counts": "(bytes_: int = 0, frames: int = 0, groups: int = 0, parity: int = 0, checksum: int = 0,"
    " malformed: int = 0, interrupted: int = 0) -> None",
    "Decoder": "() -> None",
    "Decoder.feed": "(self, data: bytes) -> list[Reading]",
    "Decoder.close": "(self) -> None",
    "Decoder.reset": "(self) -> None",
    "Options": "(*, numbers: bool = False, timestamp: bool = False, exclude: frozenset[str] = frozenset())"
    " -> None",
    "encode": "(reading: Reading, options: Options, *, now: float) -> bytes | None",
    "lookup": "(mode: Mode, name: str) -> LabelSpec | None",
}
MEMBERS = {
    "Counts": ["bytes_", "checksum", "frames", "groups", "interrupted", "malformed", "parity", "rejected"],
    "LabelSpec": ["english", "french", "horodate", "is_number", "kind", "name", "unit"],
    "Mode": ["HISTORIQUE", "STANDARD"],
    "Reading": ["mode", "values"],
}


def test_the_public_names_are_these() -> None:
    """No name comes or goes unseen."""
    assert teleinfo.__all__ == [
        "Counts", "Decoder", "LabelSpec", "Mode", "Options", "Reading", "__version__", "encode", "lookup",
    ]  # fmt: skip


@pytest.mark.parametrize("name", teleinfo.__all__)
def test_a_public_name_can_be_had_and_is_explained(name: str) -> None:
    """Each is there when it is asked for, and says what it is."""
    thing = getattr(teleinfo, name)

    assert name == "__version__" or inspect.getdoc(thing)


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_is_frozen(name: str) -> None:
    """Arguments, their defaults and what comes back are what they were."""
    thing: object = teleinfo
    for part in name.split("."):
        thing = getattr(thing, part)
    assert callable(thing)

    assert str(inspect.signature(thing)).replace("'", "") == SIGNATURES[name]


@pytest.mark.parametrize("name", MEMBERS)
def test_what_is_read_of_a_thing_is_there(name: str) -> None:
    """The attributes that the README and the example speak of exist."""
    assert set(MEMBERS[name]) <= set(dir(getattr(teleinfo, name)))


@pytest.mark.parametrize("name", [name for name in teleinfo.__all__ if name != "__version__"])
def test_a_public_name_stands_in_the_changelog(name: str) -> None:
    """Whoever uses it learns there of what changes."""
    assert re.search(rf"`(teleinfo\.)?{name}\b", CHANGELOG), f"write `{name}` into CHANGELOG.md"


def test_the_example_of_the_package_works() -> None:
    """The few lines that the package shows are run as they stand there."""
    result = doctest.testmod(teleinfo)

    assert (result.failed, result.attempted > 5) == (0, True)


def test_an_unknown_name_is_unknown() -> None:
    """A wrong name is an AttributeError that says which."""
    with pytest.raises(AttributeError, match="no attribute 'decode'"):
        teleinfo.decode  # type: ignore[attr-defined]  # noqa: B018


def test_the_version_costs_nothing() -> None:
    """Whoever imports the package for its version alone loads no module of it."""
    program = "import sys, teleinfo; print([name for name in sys.modules if name.startswith('teleinfo.')])"
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert result.stdout.strip() == "[]"
