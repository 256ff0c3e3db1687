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
    package = ModuleType("linkytic")  # its own imports the whole of Home Assistant
    package.__path__ = [str(checkout / "custom_components/linkytic")]
    sys.modules |= {"homeassistant": ModuleType("homeassistant"), core.__name__: core, "linkytic": package}
    reader = importlib.import_module("linkytic.serial_reader").LinkyTICReader
    return reader("kit", port="", std_mode=standard, producer_mode=True, three_phase=True)


def main() -> None:
    """Print a JSON object for each group."""
    data = Path(sys.argv[2]).read_bytes()
    parser = parser_of(Path(sys.argv[1]), standard=data.count(b"\t") > data.count(b"\x03"))
    for line in io.BytesIO(data):
        label = parser._parse_line(line)
        if label is not None:
            value, horodate = parser._values[label].values()
            reading = {label: value if value or horodate is None else horodate}
            if value and horodate:
                reading[f"{label}_HORODATE"] = horodate
            sys.stdout.write(json.dumps(reading) + "\n")


if __name__ == "__main__":
    main()
