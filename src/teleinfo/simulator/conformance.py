"""
Lines of TIC for readers of any project, and what a right reader gives of them: `simulate --conformance`.

`conformance.toml` has the cases, and explains their fields. What is expected is read from each frame as the
meter sends it, before the damage, less what the case says to be lost: the decoder takes no part.
`conformance.md` and `conformance_check.py` are copied to the folder.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import BITS, with_parity

_HERE: Final = Path(__file__)
CASES: Final[dict[str, Any]] = tomllib.loads(_HERE.with_suffix(".toml").read_text(encoding="utf-8"))
"""The cases by name; a field that a case lacks is that of `defaults`."""
_DEFAULTS: Final = CASES.pop("defaults")

# Étiquette, horodate and valeur of a sound group.
_GROUP: Final = re.compile(r"\n([^\t ]+)[\t ](?:([^\t]*)\t)?([^\t\r]*)[\t ].\r")


def write(folder: Path) -> None:
    """Write the lines, the readings, the README and the checker. Raises OSError."""
    for part in ("7bit", "8bit", "readings"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    table = _HERE.with_suffix(".md").read_text(encoding="utf-8")
    for name, case in CASES.items():
        line, readings = make(case)
        text = "".join(json.dumps(reading) + "\n" for reading in readings)
        (folder / "readings" / f"{name}.jsonl").write_text(text, encoding="utf-8")
        (folder / "7bit" / f"{name}.tic").write_bytes(bytes(code & 0x7F for code in line))
        parities = bytes(right ^ (code & 0x80) for right, code in zip(with_parity(line), line, strict=True))
        (folder / "8bit" / f"{name}.tic").write_bytes(parities)
        table += f"| `{name}` | {case['title']} | {case['source']} |\n"
    (folder / "README.md").write_text(table, encoding="utf-8")
    (folder / "check.py").write_bytes(_HERE.with_name("conformance_check.py").read_bytes())


def make(case: dict[str, Any]) -> tuple[bytes, list[dict[str, Any]]]:
    """
    Return the line of a case, and for each frame its reading and the keys that a reader may leave out.

    In the line, bit 7 marks a character whose parity is wrong. Raises LookupError if a change of the case
    finds nothing to change.
    """
    case = _DEFAULTS | case
    at = case["at"]
    frames = []
    readings = []
    for number, sent in enumerate(_frames(case)):
        edits = case["edit"]
        lost_keys = []
        if number == at:
            edits = edits + case["once"]
            lost_keys = case["lost"]
        frame = _change(sent, edits)
        reading = _reading(frame)
        for key in lost_keys:
            del reading[key]
        is_first = number < case["free"]
        is_damaged = at <= number < at + case["damaged"]
        is_interrupted = "\x04" in frame
        optional = case["optional"]
        if is_first or is_damaged or is_interrupted:
            optional = [*reading]
        readings.append({"reading": reading, "optional": optional})
        frames.append(frame)
    damaged = _change("".join(frames[at:]), case["damage"])
    return ("".join(frames[:at]) + damaged).encode("latin-1"), readings


def _reading(frame: str) -> dict[str, str]:
    """Return the reading of a frame: values by étiquette, and horodates beside them."""
    reading = {}
    for label, horodate, value in _GROUP.findall(frame):
        reading[label] = value or horodate
        if value and horodate:
            reading[f"{label}_HORODATE"] = horodate
    return reading


def _frames(case: dict[str, Any]) -> list[str]:
    """Return the frames, complete or interrupted: STX to ETX or EOT."""
    if "text" in case:
        return [case["text"]] * case["frames"]
    now = case["start"]
    frames = []
    meter = build(case["meter"], start=now, rng=random.Random(7))  # noqa: S311 -- a household, not a secret
    for _ in range(case["frames"]):
        sent = meter.emit(now).decode("ascii")
        frames += re.findall("\x02[^\x02]+", sent)
        now += dt.timedelta(seconds=len(sent) * BITS / meter.baudrate)
    return frames


def _change(text: str, changes: list[list[str]]) -> str:
    """Replace the first match of each pattern; `changes` are pairs of a pattern and a replacement."""
    for pattern, replacement in changes:
        text, found = re.subn(pattern, replacement, text, count=1)
        if not found:
            raise LookupError(pattern)
    return text
