"""
The inputs that the fuzzer begins with: the seeds of each target, and the file of what was found since.

    b'...'          reached something that no seed reaches
    found b'...'    once broke the target

One input a line, as a Python literal, shortest first. They are of our own making: frames of simulated meters
and mutations of them. Every run of the tests tries all of them.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path(__file__).parent / "corpus"
TARGETS = ("decoder", "groups", "env_file", "homeassistant")

_BROKE = "found "


class Target(Protocol):
    """One file of `targets`."""

    def check(self, data: bytes) -> None:
        """Fail where something does not hold."""

    def seeds(self) -> dict[str, bytes]:
        """Return inputs to begin with, by name."""


def target(name: str) -> Target:
    """Return the target of this name."""
    return cast("Target", importlib.import_module(f"tests.fuzz.targets.{name}"))


def kept(name: str, *, broke: bool) -> list[bytes]:
    """Return the inputs of the target's file: those that broke it once, or those that reached something."""
    path = FOLDER / f"{name}.txt"
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [ast.literal_eval(line.removeprefix(_BROKE)) for line in lines if line.startswith(_BROKE) is broke]


def inputs(name: str) -> list[bytes]:
    """Return what the fuzzer begins with: the seeds of the target, and what was found."""
    return [*target(name).seeds().values(), *kept(name, broke=True), *kept(name, broke=False)]


def write(name: str, *, reached: Iterable[bytes], broke: Iterable[bytes]) -> None:
    """Replace the file of the target."""
    lines = [
        f"{mark}{data!r}\n"
        for mark, some in ((_BROKE, broke), ("", reached))
        for data in sorted(set(some), key=lambda data: (len(data), data))
    ]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.txt").write_text("".join(lines), encoding="ascii")


def keep_broken(name: str, data: bytes) -> str:
    """Add an input that broke the target to its file; return what to print about it."""
    write(name, reached=kept(name, broke=False), broke=[*kept(name, broke=True), data])
    return f"{name}: broken by {data!r}, which is in {FOLDER / name}.txt now"
