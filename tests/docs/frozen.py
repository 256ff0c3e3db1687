"""
The names of the interface that 1.0 has frozen, in frozen.txt: `make generated` adds what is new.

The automations, statistics and settings files of households hold these names. A name that is missing from the
program is a fault of the program: bring it back. A name is removed from frozen.txt by hand, for a new major
version.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.mqtt.config import Topics
from teleinfo.state.declaration import FIELDS
from teleinfo.state.events import DETAILS
from teleinfo.vocabulary.codes import Event
from tests.docs.samples import health_message
from tests.homeassistant import golden
from tests.support.settings import documented

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = Path(__file__).with_suffix(".txt")
HEAD = """\
# The interface that 1.0 has frozen: the automations, statistics and settings files of households hold these
# names. `make generated` adds lines; nobody removes one before 2.0.
"""


def names() -> Iterator[str]:
    """Yield a line for each topic, key of a message, field with its unit or type, entity, and setting."""
    yield from (f"topic {topic}" for topic in vars(Topics("teleinfo")).values())
    yield from (f"health {key}" for key in json.loads(health_message()))
    for field in FIELDS:
        yield f"field {field.path} {field.unit or field.type.value}"
        yield from (f"code {field.path} {code}" for code in field.codes)
    for event in Event:
        yield " ".join(("event", event, *DETAILS.get(event, ())))
    for path in sorted(golden.FOLDER.glob("*.json")):
        for key, component in golden.read(path.read_bytes())["components"].items():
            unit = component.get("unit_of_measurement", "")
            yield f"entity {component['platform']} {key} {unit}".rstrip()
    yield from (f"setting {variable}" for variable, _default, _explanation in documented())


def kept() -> list[str]:
    """Return the lines of the file."""
    return [line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def main() -> None:
    """Add what is new to the file."""
    lines = dict.fromkeys((*kept(), *names()))
    FILE.write_text(HEAD + "".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")
