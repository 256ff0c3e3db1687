"""
Fuzz what parses foreign bytes, by atheris (libFuzzer), which follows the branches of the code.

    python -m tests.lab.fuzz [--seconds N] [TARGET ...]

The targets share the seconds. An input that breaks a target is added to its file in tests/lab/fuzz/corpus,
and the exit status is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lab.fuzz import corpus

MARGIN = 60.0
"""Seconds that a process may take longer than it fuzzes."""

OPTIONS = ("-max_len=4096", "-timeout=20", "-rss_limit_mb=1024", "-verbosity=0", "-print_final_stats=1")


def say(text: str) -> None:
    """Print a line now."""
    print(text, flush=True)  # noqa: T201 - a program's own words


def fuzz(name: str, seconds: float) -> bool:
    """Fuzz a target in a process of its own; return True if no input broke it."""
    with tempfile.TemporaryDirectory() as scratch:
        known = Path(scratch, "known")
        known.mkdir()
        for number, data in enumerate(corpus.inputs(name)):
            (known / str(number)).write_bytes(data)
        wanted = [f"-max_total_time={max(1, round(seconds))}", f"-artifact_prefix={scratch}/"]
        result = subprocess.run(
            [sys.executable, "-m", "tests.lab.fuzz.guided", name, known, *wanted, *OPTIONS],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds + MARGIN,
        )
        broke = [path for kind in ("crash", "timeout", "oom") for path in Path(scratch).glob(f"{kind}-*")]
        if broke or result.returncode:
            say(result.stderr[-4000:] + result.stdout[-2000:])
            for path in broke:
                say(corpus.keep_broken(name, path.read_bytes()))
            return False
    tries = next((line.split()[-1] for line in result.stderr.splitlines() if "executed_units" in line), "?")
    say(f"{name}: {tries} inputs")
    return True


def main() -> int:
    """Fuzz the targets that the command line names, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab.fuzz", description="Fuzz what parses foreign bytes."
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of: {', '.join(corpus.TARGETS)}")
    parser.add_argument("--seconds", type=float, default=60.0, help="for all of them together (60)")
    given = parser.parse_args()
    targets = given.targets or corpus.TARGETS
    sound = [fuzz(name, given.seconds / len(targets)) for name in targets]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
