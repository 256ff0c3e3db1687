"""
Judge what a reader of TIC made of the lines in this folder. It needs nothing but Python 3.9 or newer.

    python3 check.py CASE < READINGS
    python3 check.py CASES 'COMMAND 7bit/{}.tic'

A reading is a JSON object on a line; README.md says more of it. CASES is a pattern, '*' for all. COMMAND runs
in this folder, and prints the readings of the case {}. The exit status is 3 if a value is false, else 1 if a
value is missed or a reading mixes frames, else 0; it is 2 if there is no such case.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def plain(reading: dict[str, object]) -> set[tuple[str, str]]:
    """Return the values without what is a matter of choice: padding, dots at the end, units, zeros."""
    values = set()
    for key, value in reading.items():
        text = " ".join(str(value).split()).rstrip(".").replace(",", ".")
        text = re.sub(r"(?<=\d)(k?(Wh|varh|VAh|W|var|VA|V)|%)$", "", text)
        values.add((key, text.lstrip("0") or "0" if text.isdigit() else text))
    return values


def judge(expected: Path, printed: str) -> tuple[int, int, int, list[str]]:
    """Return the numbers of values required, of those missed and of mixed readings, and the false values."""
    frames = [json.loads(line) for line in expected.read_text("utf-8").splitlines()]
    whole = [plain(frame["reading"]) for frame in frames]
    readings = [plain(json.loads(line)) for line in printed.splitlines()]
    required = Counter(
        value for frame in frames for value in plain(frame["reading"]) if value[0] not in frame["optional"]
    )
    given = Counter(value for reading in readings for value in reading)
    sent = set().union(*whole)
    mixed = sum(reading <= sent and not any(reading <= values for values in whole) for reading in readings)
    false = [f"{key}={value!r}" for key, value in sorted(given.keys() - sent)]
    return sum(required.values()), sum((required - given).values()), mixed, false


def main(cases: str, command: str = "cat") -> int:
    """Print a row for each case: of what the command prints, or of standard input; return the exit status."""
    statuses = []
    sys.stdout.write(f"{'case':34}{'required':>8}{'missed':>8}{'mixed':>8}{'FALSE':>8}\n")
    for path in sorted(FOLDER.glob(f"readings/{cases}.jsonl")):
        words = command.replace("{}", path.stem)
        done = subprocess.run(words, shell=True, cwd=FOLDER, stdout=subprocess.PIPE, check=False)  # noqa: S602
        required, missed, mixed, false = judge(path, done.stdout.decode())
        row = f"{path.stem:34}{required:8}{missed:8}{mixed:8}{len(false):8}  {' '.join(false)}"
        sys.stdout.write(row.rstrip() + "\n")
        statuses.append(3 if false else int(missed + mixed > 0))
    return max(statuses, default=2)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if sys.argv[1:] else __doc__)
