"""
Print what tic2json reads of a line, for `check.py` of the conformance kit.

    python -m tests.lab.consumers.read_tic2json PROGRAM LINE

What the format of its output changes is changed back: STGE becomes hexadecimal digits again, and labels, of
which it shows eight characters, whole.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

WHOLE_LABELS = {"SMAXSN1-": "SMAXSN1-1", "SMAXSN2-": "SMAXSN2-1", "SMAXSN3-": "SMAXSN3-1"}


def main() -> int:
    """Print a JSON object for each frame; return the exit status of tic2json."""
    data = Path(sys.argv[2]).read_bytes()
    # A tab separates the fields in mode standard: there are more of them than of ETX, the end of a frame.
    if data.count(b"\t") > data.count(b"\x03"):
        mode = "-2"
    elif b"\nMESURES1 " in data:  # a meter of a business ("PME-PMI")
        mode = "-P"
    else:
        mode = "-1"
    done = subprocess.run([sys.argv[1], mode], input=data, stdout=subprocess.PIPE, check=False)
    for line in done.stdout.decode("latin-1").splitlines():
        groups = []
        if line != "[":  # what it writes of a frame without groups
            groups = json.loads(line)
        reading = {}
        for group in groups:
            label = WHOLE_LABELS.get(group["label"], group["label"])
            value = group["data"]
            horodate = group.get("horodate", "")
            if label == "STGE":
                value = f"{value:08X}"
            if value == "":  # DATE has nothing but a horodate
                reading[label] = horodate
                continue
            reading[label] = value
            if horodate:
                reading[f"{label}_HORODATE"] = horodate
        sys.stdout.write(json.dumps(reading) + "\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
