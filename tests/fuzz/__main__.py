"""
Fuzz what parses foreign bytes.

    python -m tests.fuzz [--seconds N] [--blind] [--corpus FOLDER] [TARGET ...]

The targets share the seconds. With atheris the fuzzer follows the branches, without it it mutates inputs at
random; the first line says which. An input that breaks a target is added to its file in tests/fuzz/corpus,
and the exit status is 1. With atheris the rest of the file is replaced by the fewest inputs that reach all
that was reached.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import shlex
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz import blind, corpus

if TYPE_CHECKING:
    from collections.abc import Iterable

MARGIN = 60.0
"""Seconds that a process may take longer than it fuzzes."""

OPTIONS = [
    f"-max_len={blind.LONGEST}",
    "-timeout=20",
    "-rss_limit_mb=1024",
    "-verbosity=0",
    "-print_final_stats=1",
]


def say(text: str) -> None:
    """Print a line now."""
    print(text, flush=True)  # noqa: T201 - a program's own words


def guided(name: str, seconds: float) -> bool:
    """Fuzz a target with atheris; return whether nothing broke it."""
    with tempfile.TemporaryDirectory() as scratch:
        seeds, found, new = (Path(scratch, folder) for folder in ("seeds", "found", "new"))
        _unpack(corpus.target(name).seeds().values(), seeds)
        _unpack([*corpus.kept(name, broke=False), *corpus.kept(name, broke=True)], found)
        new.mkdir()
        step = Path(scratch, "step")
        again = shlex.join([sys.executable, "-m", "tests.fuzz.guided", name, str(step)])
        step.write_text(f'#!/bin/sh\nexec {again} "$@"\n', encoding="utf-8")
        step.chmod(0o700)
        wanted = [f"-max_total_time={max(1, round(seconds))}", f"-artifact_prefix={scratch}/"]
        result = _run(step, [new, seeds, found, *wanted, *OPTIONS], seconds + MARGIN)
        broke = [path for kind in ("crash", "timeout", "oom") for path in Path(scratch).glob(f"{kind}-*")]
        if broke or result.returncode:
            say(result.stderr[-4000:] + result.stdout[-2000:])
            for path in broke:
                say(corpus.keep_broken(name, path.read_bytes()))
            return False
        # A merge adds to its first folder what reaches more than is there, as few inputs as it can.
        before = set(seeds.iterdir())
        merge = _run(step, ["-merge=1", seeds, found, new, *OPTIONS], MARGIN * 3)
        if merge.returncode:
            say(merge.stderr[-2000:])
            return False
        reached = [path.read_bytes() for path in set(seeds.iterdir()) - before]
    corpus.write(name, reached=reached, broke=corpus.kept(name, broke=True))
    tries = next((line.split()[-1] for line in result.stderr.splitlines() if "executed_units" in line), "?")
    say(f"{name}: {tries} inputs, {len(reached)} kept beside the seeds")
    return True


def _unpack(inputs: Iterable[bytes], folder: Path) -> None:
    folder.mkdir()
    for number, data in enumerate(inputs):
        (folder / str(number)).write_bytes(data)


def _run(program: Path, arguments: list[str | Path], limit: float) -> subprocess.CompletedProcess[str]:
    command = [program, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=limit
    )


def main(arguments: list[str] | None = None) -> int:
    """Fuzz the targets that the command line names, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Fuzz what parses foreign bytes."
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of: {', '.join(corpus.TARGETS)}")
    parser.add_argument("--seconds", type=float, default=60.0, help="for all of them together (60)")
    parser.add_argument("--blind", action="store_true", help="do without atheris")
    parser.add_argument("--seed", type=int, default=None, help="of the mutations at random")
    parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="where what is found is kept")
    given = parser.parse_args(arguments)
    corpus.FOLDER = given.corpus
    if unknown := set(given.targets) - set(corpus.TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    targets = given.targets or list(corpus.TARGETS)
    follows = not given.blind and importlib.util.find_spec("atheris") is not None
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    say("atheris follows the branches" if follows else f"no atheris: mutations at random, --seed {seed}")
    rng = random.Random(seed)
    sound = True
    for name in targets:
        if follows:
            sound &= guided(name, given.seconds / len(targets))
            continue
        try:
            blind.fuzz(name, given.seconds / len(targets), rng, say=say)
        except Exception:  # noqa: BLE001 - whatever a target lets out is what is looked for
            traceback.print_exc()
            sound = False
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
