"""
The inputs that the fuzzer begins with: the seeds of each target, and the file of what was found since.

    b'...'          reached something that no seed reaches
    found b'...'    once broke the target

One input a line, as a Python literal. They are of our own making: frames of simulated meters and mutations of
them. Every run of the tests tries all of them.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Protocol, cast

FOLDER = Path(__file__).parent / "corpus"
TARGETS = ("decoder", "env_file", "files")

_BROKE = "found "


class Target(Protocol):
    """One file of `targets`."""

    def check(self, data: bytes) -> None:
        """Fail where something does not hold."""

    def seeds(self) -> dict[str, bytes]:
        """Return inputs to begin with, by name."""


def target(name: str) -> Target:
    """Return the target of this name."""
    return cast("Target", importlib.import_module(f"tests.lab.fuzz.targets.{name}"))


def inputs(name: str) -> list[bytes]:
    """Return what the fuzzer begins with: the seeds of the target, and what was found."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="ascii").splitlines()
    return [*target(name).seeds().values(), *(ast.literal_eval(line.removeprefix(_BROKE)) for line in lines)]


def keep_broken(name: str, data: bytes) -> str:
    """Add an input that broke the target to its file; return what to print about it."""
    path = FOLDER / f"{name}.txt"
    if data not in inputs(name):
        with path.open("a", encoding="ascii") as file:
            file.write(f"{_BROKE}{data!r}\n")
    return f"{name}: broken by {data!r}, which is in {path} now"
