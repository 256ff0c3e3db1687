"""
Fuzz the pure rooms.

    python -m tests.fuzz [--seconds N] [--blind] [--corpus FOLDER] [TARGET ...]

The seconds are shared by the targets. With atheris the branches are followed, without it inputs are changed
at random; the first line says which. Inputs that reach something new are added to tests/fuzz/corpus, and so
is one that breaks a target: then the exit status is 1.
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

from tests.fuzz import blind, corpus

MARGIN = 60.0
"""Seconds that a process may need beside its fuzzing."""

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
    own = corpus.FOLDER / name
    own.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        seeds, finds = Path(scratch, "seeds"), Path(scratch, "finds")
        seeds.mkdir()
        finds.mkdir()
        for title, data in corpus.target(name).seeds().items():
            (seeds / title).write_bytes(data)
        wanted = [f"-max_total_time={max(1, round(seconds))}", f"-artifact_prefix={scratch}/"]
        step = Path(scratch, "step")
        again = shlex.join([sys.executable, "-m", "tests.fuzz.guided", name, str(step)])
        step.write_text(f'#!/bin/sh\nexec {again} "$@"\n', encoding="utf-8")
        step.chmod(0o700)
        result = _run(step, [finds, seeds, own, *wanted, *OPTIONS], seconds + MARGIN)
        broke = [path for kind in ("crash", "timeout", "oom") for path in Path(scratch).glob(f"{kind}-*")]
        if broke or result.returncode:
            say(result.stderr[-4000:] + result.stdout[-2000:])
            for path in broke:
                say(f"{name}: broken by {corpus.keep(name, path.read_bytes(), broke=True)}")
            return False
        before = len(corpus.files(name))
        # Of what was found only that which reaches more than the seeds and the files, as few as may be.
        localized = _run(step, ["-merge=1", own, seeds, finds, *OPTIONS], MARGIN * 3)
        if localized.returncode:
            say(localized.stderr[-2000:])
            return False
    tries = next((line.split()[-1] for line in result.stderr.splitlines() if "executed_units" in line), "?")
    say(f"{name}: {tries} inputs, {len(corpus.files(name)) - before} of them kept")
    return True


def _run(program: Path, arguments: list[str | Path], limit: float) -> subprocess.CompletedProcess[str]:
    command = [program, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=limit
    )


def main(arguments: list[str] | None = None) -> int:
    """Fuzz the targets that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the pure rooms.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of: {', '.join(corpus.TARGETS)}")
    parser.add_argument("--seconds", type=float, default=60.0, help="for all of them together (60)")
    parser.add_argument("--blind", action="store_true", help="do without atheris")
    parser.add_argument("--seed", type=int, default=None, help="of what is changed at random")
    parser.add_argument("--corpus", type=Path, default=corpus.FOLDER, help="where what is found is kept")
    given = parser.parse_args(arguments)
    corpus.FOLDER = given.corpus
    if unknown := set(given.targets) - set(corpus.TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    targets = given.targets or list(corpus.TARGETS)
    follows = not given.blind and importlib.util.find_spec("atheris") is not None
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    say("atheris follows the branches" if follows else f"no atheris: changes at random, --seed {seed}")
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
