"""
Print what the parser of linkytic reads of a line, for `check.py` of the conformance kit.

    python -m tests.lab.consumers.read_linkytic CHECKOUT LINE

The parser is that of the checkout, unchanged. It gets the lines that its port would give it: `readline` of
pyserial ends a line at LF, too. Each accepted group is a reading of its own.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def parser_of(checkout: Path, *, standard: bool) -> Any:  # noqa: ANN401 -- a class of another program
    """Return the reader of linkytic, which opens no port."""
    core: Any = ModuleType("homeassistant.core")
    core.callback = lambda function: function  # all that it takes of Home Assistant
    package = ModuleType("linkytic")  # in place of its __init__, which imports the whole of Home Assistant
    package.__path__ = [str(checkout / "custom_components/linkytic")]
    sys.modules |= {"homeassistant": ModuleType("homeassistant"), core.__name__: core, "linkytic": package}
    reader = importlib.import_module("linkytic.serial_reader").LinkyTICReader
    return reader("kit", port="", std_mode=standard, producer_mode=True, three_phase=True)


def main() -> None:
    """Print a JSON object for each group."""
    data = Path(sys.argv[2]).read_bytes()
    # A tab separates the fields in mode standard: there are more of them than of ETX, the end of a frame.
    is_standard = data.count(b"\t") > data.count(b"\x03")
    parser = parser_of(Path(sys.argv[1]), standard=is_standard)
    for line in io.BytesIO(data):
        label = parser._parse_line(line)
        if label is None:  # the parser has refused the line
            continue
        value, horodate = parser._values[label].values()
        reading = {label: value}
        if horodate and value:
            reading[f"{label}_HORODATE"] = horodate
        elif horodate is not None and not value:
            reading[label] = horodate  # DATE has nothing but a horodate
        sys.stdout.write(json.dumps(reading) + "\n")


if __name__ == "__main__":
    main()
