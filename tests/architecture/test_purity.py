"""
The pure modules do no input or output, and have neither clock nor randomness: both come in as arguments.

That is what lets hypothesis, the fuzzer and the mutants work on them, and what makes a test of them quick.
"""

from __future__ import annotations

import ast

from tests.architecture.sources import FILES, PACKAGE, imports, place, tree

PROTOCOL = [
    module for module in FILES if module.startswith(("teleinfo.vocabulary", "teleinfo.tic", "teleinfo.state"))
]
"""The sans-IO packages: the standard library alone, and nothing is raised."""

PURE = [
    *PROTOCOL,
    *(module for module in FILES if module.startswith("teleinfo.homeassistant") and "adapter" not in module),
    *(module for module in FILES if module.startswith("teleinfo.simulator.") and module not in (
        "teleinfo.simulator.command", "teleinfo.simulator.serial_line",
        "teleinfo.simulator.conformance", "teleinfo.simulator.conformance_check",
    )),
    *(
        f"teleinfo.{name}"
        for name in (
            "common.durations", "common.recording_times", "common.terminal_text", "common.untrusted_json",
            "port.health", "daemon.rate_limit", "mqtt.config",
            "port.link_status", "record.anonymise", "history.chronicle", "live.declared",
            "contract.days", "contract.half_hours",
        )
    ),
]  # fmt: skip

CATALOGUE = "teleinfo.common.i18n"
"""What it reads, the translations of the package, is the same each time."""

TABLES = (
    "teleinfo.simulator.catalogue", "teleinfo.simulator.households",
    "teleinfo.tic.meter_id", "teleinfo.tic.tables.reader",
)  # fmt: skip
"""They read the tables of the package, which are the same each time, from the folder of the module."""

ALLOWED = {
    "abc", "array", "bisect", "calendar", "codecs", "collections", "collections.abc", "contextlib",
    "contextvars", "copy", "dataclasses", "datetime", "decimal", "enum", "functools", "hashlib", "itertools",
    "json", "math", "operator", "re", "struct", "tomllib", "types", "typing", "unicodedata", "zlib",
    "zoneinfo",
}  # fmt: skip
"""Modules of the standard library without files, processes, sockets, threads, clock and randomness."""

REFUSES_MISUSE = {("teleinfo.payload", "__post_init__"), ("teleinfo.payload", "encode")}
"""Functions of the public library that raise ValueError for arguments that no input of the meter leads to."""

READS_A_CLOCK = {"now", "utcnow", "today"}
OWN_FIELDS = {
    ("self", "now"), ("level", "now"), ("metrology", "now"),
    ("self", "today"), ("daily", "today"), ("turned", "today"), ("daily_energy", "today"),
    ("maximum", "today"), ("period", "today"),
}  # fmt: skip
"""Fields of ours with the name of such a method, and the name of their owner."""

TOUCHES_THE_WORLD = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}
BY_NAME = {"getattr", "attrgetter", "methodcaller"}
READS_A_FILE = {"Path", "open", "read_text", "read_bytes", "read_sections"}
READERS = {
    ("teleinfo.tic.tables.reader", "read_sections"),
    ("teleinfo.simulator.catalogue", "_meters"),
}
"""Functions that read a table. They are called while a module is imported."""


def test_a_pure_module_imports_allowed_modules_and_other_pure_modules() -> None:
    """Nothing else, and of the standard library nothing that does input or output."""
    known = {*PURE, PACKAGE, CATALOGUE, *ALLOWED}
    wrong = [(module, name) for module in PURE for name in imports(module, for_types=False) - known]

    assert sorted(wrong) == [(module, "pathlib") for module in TABLES]


def test_a_pure_module_names_no_clock() -> None:
    """`datetime` is allowed there, but not its `now`, called or not, nor by its name in a text."""
    wrong = []
    for module in PURE:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute) and node.attr in READS_A_CLOCK:
                owner = ast.unparse(node.value).rpartition(".")[2]
                if (owner, node.attr) not in OWN_FIELDS:
                    wrong.append(place(module, node))
            elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in BY_NAME:
                texts = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
                wrong += [place(module, node)] * bool(texts & READS_A_CLOCK)

    assert wrong == []


def test_a_pure_module_opens_nothing() -> None:
    """It neither opens a file nor writes to the screen; such a function has no second name."""
    wrong = [
        place(module, node)
        for module in PURE
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Name) and node.id in TOUCHES_THE_WORLD
    ]

    assert wrong == []


def test_a_pure_module_reads_its_table_when_it_is_imported() -> None:
    """No function reads a file, except those that the import itself calls."""
    wrong = []
    for module in PURE:
        for function in ast.walk(tree(module)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if (module, getattr(function, "name", "")) in READERS:
                continue
            body = [function.body] if isinstance(function, ast.Lambda) else function.body
            nodes = [node for statement in body for node in ast.walk(statement)]
            names = {getattr(node, "attr", None) or getattr(node, "id", None) for node in nodes}
            if names & READS_A_FILE:
                wrong.append(place(module, function))

    assert wrong == []


def test_the_protocol_imports_nothing_of_the_program() -> None:
    """Nor does `tic` make payloads or ids: JSON and the hash in the ids of a device are above it."""
    ours = {(module, name) for module in PROTOCOL for name in imports(module, for_types=True)}
    payloads = {(module, name) for module, name in ours if name in {"json", "hashlib"}}

    assert [
        (module, name) for module, name in ours if name.startswith(PACKAGE) and name not in PROTOCOL
    ] == []
    assert [(module, name) for module, name in payloads if module.startswith("teleinfo.tic")] == []


def test_the_protocol_raises_nothing() -> None:
    """Input that is discarded is counted. Two functions of the library refuse the misuse of a program."""
    raised = []
    for module in PROTOCOL:
        of_misuse = {
            node
            for function in ast.walk(tree(module))
            if isinstance(function, ast.FunctionDef) and (module, function.name) in REFUSES_MISUSE
            for node in ast.walk(function)
        }
        nodes = (node for node in ast.walk(tree(module)) if isinstance(node, ast.Raise | ast.Assert))
        raised += [place(module, node) for node in nodes if node not in of_misuse]

    assert raised == []
