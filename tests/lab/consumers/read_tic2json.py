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

CUT = {"SMAXSN1-": "SMAXSN1-1", "SMAXSN2-": "SMAXSN2-1", "SMAXSN3-": "SMAXSN3-1"}


def main() -> int:
    """Print a JSON object for each frame; return the exit status of tic2json."""
    data = Path(sys.argv[2]).read_bytes()
    mode = "-1" if b"\nMESURES1 " not in data else "-P"
    if data.count(b"\t") > data.count(b"\x03"):
        mode = "-2"
    done = subprocess.run([sys.argv[1], mode], input=data, stdout=subprocess.PIPE, check=False)
    for text in done.stdout.decode("latin-1").splitlines():
        reading = {}
        for group in json.loads(text) if text != "[" else ():
            label, value, horodate = group["label"], group["data"], group.get("horodate", "")
            label = CUT.get(label, label)
            if label == "STGE":
                value = f"{value:08X}"
            reading[label] = horodate if value == "" else value
            if value != "" and horodate:
                reading[f"{label}_HORODATE"] = horodate
        sys.stdout.write(json.dumps(reading) + "\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
