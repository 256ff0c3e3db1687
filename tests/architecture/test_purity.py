"""
The pure modules do no input or output, and have neither clock nor randomness: both come in as arguments.

That is what lets hypothesis, the fuzzer and the mutants work on them, and what makes a test of them quick.
"""

from __future__ import annotations

import ast
import sys

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
    "teleinfo.homeassistant.entities", "teleinfo.simulator.catalogue", "teleinfo.simulator.households",
    "teleinfo.state.declaration", "teleinfo.state.events", "teleinfo.state.metrics", "teleinfo.state.tariffs",
    "teleinfo.tic.meter_id", "teleinfo.tic.tables.reader",
)  # fmt: skip
"""They read the tables of the package, which are the same each time, from the folder of the module."""

WORLD = {
    "asyncio", "concurrent", "ctypes", "fcntl", "glob", "importlib", "io", "logging", "multiprocessing", "os",
    "pathlib", "random", "secrets", "select", "selectors", "shutil", "signal", "socket", "ssl", "subprocess",
    "sys", "tempfile", "termios", "threading", "time", "tty", "urllib", "uuid",
}  # fmt: skip
"""Modules of the standard library with a clock, randomness, threads, files, processes or sockets."""

READS_A_CLOCK = {"now", "utcnow", "today"}
TOUCHES_THE_WORLD = {"open", "print", "input", "exec", "eval", "__import__"}


def test_a_pure_module_imports_the_standard_library_and_other_pure_modules() -> None:
    """Nothing else, and of the standard library nothing that does input or output."""
    known = {*PURE, PACKAGE, CATALOGUE}
    wrong = [
        (module, name)
        for module in PURE
        for name in imports(module, for_types=False) - known
        if name.partition(".")[0] not in sys.stdlib_module_names - WORLD
    ]

    assert sorted(wrong) == [(module, "pathlib") for module in TABLES]


def test_a_pure_module_reads_no_clock_and_opens_nothing() -> None:
    """`datetime` is allowed there, but not its `now`; and no call opens a file or writes to the screen."""
    wrong = [
        place(module, call)
        for module in PURE
        for call in ast.walk(tree(module))
        if isinstance(call, ast.Call)
        and (
            (isinstance(call.func, ast.Attribute) and call.func.attr in READS_A_CLOCK)
            or (isinstance(call.func, ast.Name) and call.func.id in TOUCHES_THE_WORLD)
        )
    ]

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
    """Input that is discarded is counted."""
    raised = [
        place(module, node)
        for module in PROTOCOL
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Raise)
    ]

    assert raised == []
