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
        if text.isdigit():
            text = text.lstrip("0") or "0"
        values.add((key, text))
    return values


def judge(expected: Path, printed: str) -> tuple[int, int, int, list[str]]:
    """Return the numbers of values required, of those missed and of mixed readings, and the false values."""
    sent_frames = []
    sent: set[tuple[str, str]] = set()
    required: Counter[tuple[str, str]] = Counter()
    for line in expected.read_text("utf-8").splitlines():
        frame = json.loads(line)
        values = plain(frame["reading"])
        sent_frames.append(values)
        sent |= values
        required.update((key, value) for key, value in values if key not in frame["optional"])
    printed_values: Counter[tuple[str, str]] = Counter()
    mixed = 0
    for line in printed.splitlines():
        values = plain(json.loads(line))
        printed_values.update(values)
        is_of_one_frame = any(values <= frame_values for frame_values in sent_frames)
        if values <= sent and not is_of_one_frame:
            mixed += 1
    missed = required - printed_values
    false = [f"{key}={value!r}" for key, value in sorted(printed_values.keys() - sent)]
    return sum(required.values()), sum(missed.values()), mixed, false


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
        if false:
            statuses.append(3)
        elif missed or mixed:
            statuses.append(1)
        else:
            statuses.append(0)
    return max(statuses, default=2)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if sys.argv[1:] else __doc__)
