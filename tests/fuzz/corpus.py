"""
The inputs that the fuzzer begins with, and what it found: one file an input, a folder a target.

They are of our own making: frames of simulated meters, and what the fuzzer made of them. A file whose name
begins with `found-` once broke the target; all of them are tried in every run of the tests.
"""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Protocol, cast

FOLDER = Path(__file__).parent / "corpus"
TARGETS = ("decoder", "groups", "payload", "env_file", "homeassistant", "euridis")


class Target(Protocol):
    """One file of `targets`."""

    def check(self, data: bytes) -> None:
        """Fail where something does not hold."""

    def seeds(self) -> dict[str, bytes]:
        """Return inputs to begin with, by name."""


def target(name: str) -> Target:
    """Return the target of this name."""
    return cast("Target", importlib.import_module(f"tests.fuzz.targets.{name}"))


def files(name: str) -> list[Path]:
    """Return the files of a target."""
    return sorted(path for path in (FOLDER / name).glob("*") if path.is_file())


def inputs(name: str) -> list[bytes]:
    """Return what is there to begin with: the seeds of the target, and its files."""
    return [*target(name).seeds().values(), *(path.read_bytes() for path in files(name))]


def keep(name: str, data: bytes, *, broke: bool) -> Path:
    """Write an input down and return its file; `broke`: the target failed."""
    path = FOLDER / name / f"{'found-' if broke else ''}{hashlib.sha256(data).hexdigest()[:16]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
