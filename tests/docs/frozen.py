"""
The interface that 1.0 has frozen, in frozen.txt: all that docs/topics.md promises, with defaults.

`make generated` adds what is new. A line that is missing from the program is a fault of the program: bring it
back. A line is removed from frozen.txt by hand, for a new major version.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import enum
import importlib
import inspect
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import teleinfo
from teleinfo.cli import main as command_line
from teleinfo.common import recording_times, service_language
from teleinfo.contract.offers import SHIPPED, Offers
from teleinfo.contract.price_source import PriceSource
from teleinfo.daemon.meta_topic import meta
from teleinfo.doctor import line_report
from teleinfo.doctor.finding import Finding, Severity
from teleinfo.doctor.line_damage import Damage
from teleinfo.doctor.report import as_json
from teleinfo.history import tables
from teleinfo.history.chronicle import Batch, IndexReading
from teleinfo.history.database_file import SCHEMA
from teleinfo.history.store import Store
from teleinfo.live.declared import find
from teleinfo.mqtt.config import OFFLINE, ONLINE, Topics
from teleinfo.port import health
from teleinfo.port.line_socket import socket_path
from teleinfo.state import memory
from teleinfo.state.declaration import FIELDS
from teleinfo.state.events import DETAILS, DetailForm, EventFinder
from teleinfo.state.field_entry import ANY_LABEL, StateType
from teleinfo.state.fields import INDEXES
from teleinfo.state.metrics import MeterNow, exposition
from teleinfo.state.prices import Prices
from teleinfo.state.tariffs import index_key
from teleinfo.tic.decoder import Counts
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import Contract, Event, TariffPeriod
from teleinfo.vocabulary.line import LineCause
from tests.docs import frozen_places
from tests.docs.asyncapi import NOT_PROMISED
from tests.docs.markdown import ROOT
from tests.docs.samples import HISTORIQUE, health_message, published
from tests.homeassistant import golden
from tests.state import golden as states
from tests.state.documents import MESSAGES, settings_schema
from tests.state.families import FAMILIES
from tests.support.judged import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from teleinfo.state.fields import Json

FILE = Path(__file__).with_suffix(".txt")
HEAD = """\
# The interface that 1.0 has frozen: automations, statistics, settings files and programs of households hold
# these names. `make generated` adds lines; nobody removes or changes one before 2.0.
"""
TOOLS_FOR_TESTS = {"simulate", "demo"}
"""Commands whose options may change."""
NOT_OF_HISTORY = {"contract"}
"""Tables of the page that may change."""
LABELS_WITH_CODES = {"alert", "cause", "phase"}
"""Labels of metrics whose values are codes."""
SILENCE = 600.0
"""Seconds after which every meter counts as silent."""
NO_TEXT = {"title", "description", "$schema", "$id", "format_of_text"}


def names() -> Iterator[str]:
    """Yield the lines."""
    yield from _topics()
    for name, closed in MESSAGES.items():
        schema = closed()
        if "oneOf" in schema:
            for one in schema["oneOf"]:
                yield from _members(f"{name} {one['properties']['event']['const']}", one)
        else:
            yield from _members(name, schema)
    yield from _events()
    yield from _presence()
    yield from _slots()
    yield from _index_keys()
    yield from _keys("health", json.loads(health_message()))
    yield from _keys("doctor", json.loads(as_json({"line": [Finding("line", Severity.OK, "")]})))
    yield from _keys("doctor --line", json.loads(line_report.as_json(Damage(parity=True))))
    yield from (f"doctor --line cause code {cause}" for cause in LineCause)
    yield from _keys("meta", json.loads(meta(teleinfo.Mode.HISTORIQUE, ["PAPP"], [("power", "active")])))
    yield from _entities()
    yield from _settings()
    yield from _commands()
    yield from _exit_statuses()
    yield from _metrics()
    yield from _history()
    yield from frozen_places.addresses()
    yield from _offers()
    yield from _files()
    yield from _library()


def _topics() -> Iterator[str]:
    for name, topic in vars(Topics("<base>")).items():
        if name not in NOT_PROMISED:
            yield f"topic {topic}"
    yield from frozen_places.plain_topics()
    yield f"topic <base>/status {ONLINE.decode()} {OFFLINE.decode()}"
    reading = json.loads(published(HISTORIQUE, teleinfo.Options(numbers="all", timestamp=True), 1.5))
    first = next(iter(reading))
    yield f"readings {first} {reading[first]}"
    yield f"readings <étiquette> <étiquette>{HORODATE_SUFFIX}"


def _members(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each member of an object, with what its schema says but texts, and for each code."""
    definitions = schema.get("$defs", {})

    def walk(path: str, inner: dict[str, Any]) -> Iterator[str]:
        if "$ref" in inner:
            inner = {**definitions[inner["$ref"].rpartition("/")[2]], **inner}
        said = {key: value for key, value in inner.items() if _is_of_value(key, value)}
        yield f"{name} {path} {json.dumps(said, ensure_ascii=False, sort_keys=True)}".replace("  ", " ")
        for code in inner.get("enum", ()):
            yield f"{name} {path} code {code}".replace("  ", " ")
        for key, member in inner.get("properties", {}).items():
            yield from walk(f"{path}.{key}".removeprefix("."), member)
        for keyword, sign in (("additionalProperties", "*"), ("items", "[]")):
            if isinstance(inner.get(keyword), dict):
                yield from walk(f"{path}.{sign}".removeprefix("."), inner[keyword])
        for place, member in enumerate(inner.get("anyOf", ())):
            yield from walk(f"{path}|{place}", member)

    yield from walk("", schema)


def _events() -> Iterator[str]:
    """Yield the keys of the message of each event."""
    finder = EventFinder(topic="teleinfo", private=False)
    for event in Event:
        details = {name: _example(form) for name, form in DETAILS.get(event, {}).items()}
        yield from _keys(f"event {event}", finder._message(event, moment(0).wall, details))


def _example(form: DetailForm) -> str | int | list[Json]:
    """Return a detail of an event, as `EventFinder` has it before it is published."""
    if form is StateType.NUMBER:
        return 1
    if form is StateType.LIST:
        return ["l1"]
    if form is Contract:
        return "historique BASE"
    if form is TariffPeriod:
        return "TH TH"
    return "text"


def _slots() -> Iterator[str]:
    """Yield the keys of the slots of the day profiles."""
    for meter in states.ALL:
        followed, heard = states.followed(meter)
        state = followed.state(moment(heard))
        yield from _keys("state", {"day_profile": state.get("day_profile")})


def _index_keys() -> Iterator[str]:
    """Yield the key of each index of the suppliers, with the common contracts and with any other one."""
    for contract in (*Contract, "<other>"):
        for label in INDEXES:
            yield f"key of the index {label} with the contract {contract}: {index_key(label, contract)}"


def _presence() -> Iterator[str]:
    """
    Yield the rules of absence and null of the fields, by the mode of the meter or for those of businesses.

    A field is absent, or is null or kept after ten minutes without a frame.
    """
    for meter in states.ALL:
        followed, heard = states.followed(meter)
        state = followed.state(moment(heard))
        silent = followed.state(moment(heard + SILENCE))
        kind = "business" if meter in FAMILIES else find(state, "meter.mode")
        for field in FIELDS:
            if not _values(state, field.parts):
                yield f"presence {kind} {field.path} absent"
                continue
            for value in _values(silent, field.parts):
                yield f"presence {kind} {field.path} {'null' if value is None else 'kept'} in silence"


def _values(content: Any, parts: tuple[str, ...]) -> list[Any]:  # noqa: ANN401 - JSON
    """Return the values at a path, of which ANY_LABEL is any key; none if the path is not there."""
    if not parts:
        return [content]
    if not isinstance(content, dict):
        return []
    keys = content if parts[0] == ANY_LABEL else [parts[0]]
    return [value for key in keys if key in content for value in _values(content[key], parts[1:])]


def _is_of_value(key: str, value: object) -> bool:
    """True if a member of a schema says something of the value that is not text, and not of its members."""
    nested = {"properties", "items", "additionalProperties", "anyOf", "enum", "$defs", "$ref", "required"}
    return key not in {*NO_TEXT, *nested} and not isinstance(value, dict)


def _keys(name: str, content: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each key of a message, within its objects and in the first object of its lists too."""
    for key, value in content.items():
        yield f"{name} key {key}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _keys(name, {f"{key}.{inner}": each for inner, each in value[0].items()})
        if isinstance(value, dict) and not key.endswith("lost"):  # keys of that are étiquettes
            yield from _keys(name, {f"{key}.{inner}": each for inner, each in value.items()})


def _entities() -> Iterator[str]:
    for field in golden.every_entity():
        codes = ",".join(code.value for code in field.codes)
        said = (field.type.value, field.unit, field.device_class, codes, field.enabled)
        yield " ".join(("entity", field.id, *(str(part) for part in said if part)))
    for meter in golden.ALL:
        message = golden.read(golden.content(meter).encode())
        for key, component in message["components"].items():
            number = message["device"]["identifiers"][0].rpartition("_")[2]
            kept = ("platform", "unit_of_measurement", "device_class", "state_class", "default_entity_id")
            parts = [str(component[name]) for name in kept if component.get(name)]
            identity = component.get("unique_id", "").replace(number, "<id>")
            yield " ".join(("discovered", key, identity, *parts))
            attributes = component.get("json_attributes_template", "")
            yield from (f"discovered {key} attribute {name}" for name in re.findall(r"'(\w+)':", attributes))


def _settings() -> Iterator[str]:
    for variable, schema in settings_schema()["properties"].items():
        said = {key: value for key, value in schema.items() if key not in NO_TEXT}
        yield f"setting {variable} {json.dumps(said, ensure_ascii=False, sort_keys=True)}"


def _commands() -> Iterator[str]:
    for name, command in command_line.COMMANDS.items():
        if name in TOOLS_FOR_TESTS:
            continue
        yield f"command {name}"
        module = importlib.import_module(f"teleinfo.{command.module}")
        parser = argparse.ArgumentParser(prog=name, allow_abbrev=False)
        if hasattr(module, "configure"):
            module.configure(parser)
        yield from _options(f"teleinfo {name}", parser)
        if command.reads_settings:
            yield f"option teleinfo {name} --env-file"


def _options(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, inner in action.choices.items():
                yield f"command {name.removeprefix('teleinfo ')} {verb}"
                yield from _options(f"{name} {verb}", inner)
            continue
        default = "" if action.default in (None, argparse.SUPPRESS) else f" default={action.default}"
        choices = f" {'|'.join(map(str, action.choices))}" if action.choices else ""
        many = "" if action.nargs is None else f" nargs={action.nargs}"
        for option in action.option_strings or [action.dest]:
            yield f"option {name} {option}{many}{choices}{default}"


@cache
def _exit_statuses() -> tuple[str, ...]:
    """Return the exit status of a few command lines, as they are run."""
    lines = []
    sources = str(Path(teleinfo.__file__).parents[1])
    for words in ("--version", "--unheard", "decode /nowhere/meter.tic", "run --mqtt-port 0"):
        run = subprocess.run(
            [sys.executable, "-m", "teleinfo", *words.split()],
            env={"PATH": os.environ["PATH"], "TELEINFO_LANGUAGE": "en", "PYTHONPATH": sources},
            cwd="/",
            capture_output=True,
            check=False,
            timeout=60,
        )
        lines.append(f"exit {run.returncode} teleinfo {words}")
    return (*lines, f"exit {command_line.EXIT_INTERRUPTED} Ctrl-C")


def _metrics() -> Iterator[str]:
    """Yield name, type and labels of each metric of a state in which every field is known."""
    state: dict[str, Any] = {}
    for field in FIELDS:
        within = state
        *sections, name = field.parts
        for section in sections:
            within = within.setdefault(section, {})
        within[name] = "text" if field.type in {StateType.TEXT, StateType.ENUM} else 1
    counts = Counts(
        frames=1, groups=1, parity=1, checksum=1, malformed=1, interrupted=1, unconfirmed=1, implausible=1
    )
    known = health.complete(health.Health(uptime=1), counts, health.Quality())
    known = dataclasses.replace(known, bad_groups_percent=1.0)
    kind = ""
    for line in exposition({"teleinfo": MeterNow(state, known, online=True)}).splitlines():
        if line.startswith("# TYPE "):
            kind = line.split()[3]
        elif not line.startswith("#"):
            metric = line.partition("{")[0]
            labels = dict(re.findall(r'[{,](\w+)="(.*?)"', line))
            # Every field is 1: what is shown is the factor of its unit.
            yield f"metric {metric} {kind} {','.join(labels)} factor {line.rpartition(' ')[2]}"
            for label in labels.keys() & LABELS_WITH_CODES:
                yield f"metric {metric} {label} code {labels[label]}"


def _history() -> Iterator[str]:
    """Yield the members of each table of the page, and the first line of its CSV."""
    now = 1767225600
    day = 86_400
    batch = Batch("<id>", now)
    # A rise within a day, and one over several months, which no reading divides.
    for time, energy in ((now - 90 * day, 0), (now - 7200, 1000), (now - 3600, 2000), (now, 3000)):
        batch.add_reading("HCHP", IndexReading(time, energy, "HP"))
    prices = PriceSource(None, Prices({"HP": 0.2}, 10.0))
    with contextlib.closing(Store(Path(tempfile.gettempdir()) / "no such history")) as store:
        for name in sorted(tables.NAMES - NOT_OF_HISTORY):
            table = json.loads(json.dumps(tables.table(store, [batch], "<id>", name, prices=prices, now=now)))
            yield f"history /history/<id>/{name}.json"
            for path, inner in _tables(name, table):
                yield from _of_table(path, inner)


def _of_table(path: str, table: dict[str, Any]) -> Iterator[str]:
    yield from (f"history {path} {member}" for member in table)
    for gap in table.get("gaps", ()):
        yield f"history {path} gap {' '.join(type(part).__name__ for part in gap)}"
    if "columns" in table:
        header, *rows = tables.as_csv(table).splitlines()
        yield f"history {path} csv {header}"
        yield from (f"history {path} complete {word}" for word in sorted(_truths(rows)))


def _tables(name: str, table: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield name, table
    for member, inner in table.items():
        if isinstance(inner, dict):
            yield from _tables(f"{name}.{member}", inner)


def _truths(rows: Iterable[str]) -> set[str]:
    return {cell for row in rows for cell in row.split(",") if cell.lower() in {"true", "false"}}


def _offers() -> Iterator[str]:
    """Yield the entries of offers.toml, with what they may name: calendars and shipped offers."""
    yield from _members("offers.toml", Offers.model_json_schema())
    shipped = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    for name, rules in shipped["calendar"].items():
        yield f"offers.toml calendar {name} codes {' '.join(rule['code'] for rule in rules)}"
    yield from (f"offers.toml offer {offer['id']} is shipped" for offer in shipped["offer"])


def _files() -> Iterator[str]:
    """Yield files and their formats: memory, recordings, settings, socket, exported history and units."""
    yield f"memory version {memory.VERSION}"
    yield from (f"memory {path}" for path in _parts(memory.Memory))
    yield f"recording {recording_times.SUFFIX} {recording_times._LINE.pattern.decode()!r}"
    yield f"file {service_language.SERVICE_FILE}"
    yield from frozen_places.files()
    yield f"socket {socket_path(Path('/run/teleinfo'), 'teleinfo')}"
    yield f"socket {socket_path(Path('/run/teleinfo-garage'), 'home/garage')}"
    with contextlib.closing(sqlite3.connect(":memory:")) as base:
        base.executescript(SCHEMA)
        query = "SELECT name, sql FROM sqlite_schema WHERE type = 'table'"
        for table, sql in base.execute(query).fetchall():
            yield from (f"exported history {table} code {word}" for word in re.findall(r"'(\w+)'", sql))
            for name, kind in base.execute("SELECT name, type FROM pragma_table_info(?)", (table,)):
                yield f"exported history {table} {name} {kind}"
    for name in ("teleinfo.service", "teleinfo@.service", "teleinfo-web.service"):
        path = ROOT / "systemd" / name
        yield f"unit {name}"
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(r"(StateDirectory|RuntimeDirectory|EnvironmentFile|LoadCredential)=", line):
                yield f"unit {path.name} {line}"


def _parts(of: type[Any], path: str = "", within: tuple[type[Any], ...] = ()) -> Iterator[str]:
    """Yield the path of each part of a dataclass; a part of the type of a whole is not taken apart again."""
    for name, kind in get_type_hints(of).items():
        here = f"{path}.{name}".removeprefix(".")
        yield here
        for inner in (kind, *get_args(kind)):
            if isinstance(inner, type) and dataclasses.is_dataclass(inner) and inner not in (of, *within):
                yield from _parts(inner, here, (of, *within))


def _library() -> Iterator[str]:
    """Yield the names of the library: signatures, members, and the values of enumerations."""
    for name in teleinfo.__all__:
        thing = getattr(teleinfo, name)
        if isinstance(thing, type) and issubclass(thing, enum.Enum):
            yield from (f"library {name}.{member.name} {member.value}" for member in thing)
            yield f"library {name} {thing.__mro__[1].__name__}"
        elif isinstance(thing, type):
            yield f"library {name}{_signature(thing)}"
            yield from (f"library {name}.{member}" for member in _public(thing))
        elif callable(thing):
            yield f"library {name}{_signature(thing)}"
        else:
            yield f"library {name}"


def _public(of: type[Any]) -> Iterator[str]:
    """Yield the public members of a class, each method with its signature."""
    attributes = {"Decoder": teleinfo.Decoder(), "PortError": teleinfo.PortError}
    shown = attributes.get(of.__name__, of)
    of_exceptions = set(dir(Exception))
    for member in sorted(set(dir(shown)) - of_exceptions):
        if not member.startswith("_"):
            value = inspect.getattr_static(of, member, None)
            yield f"{member}{_signature(value)}" if inspect.isfunction(value) else member


def _signature(of: Any) -> str:  # noqa: ANN401 - anything that can be called
    return re.sub("[\"']", "", str(inspect.signature(of)))


def kept() -> list[str]:
    """Return the lines of the file; before 1.0 is published it may be removed and made anew."""
    if not FILE.exists():
        return []
    return [line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def main() -> None:
    """Add what is new to the file."""
    lines = dict.fromkeys((*kept(), *names()))
    FILE.write_text(HEAD + "".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")
