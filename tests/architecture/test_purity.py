"""
The pure modules do no input or output, and have neither clock nor randomness: both come in as arguments.

That is what lets hypothesis, the fuzzer and the mutants work on them, and what makes a test of them quick.
"""

from __future__ import annotations

import ast
import sys

import pytest

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
    )),
    *(
        f"teleinfo.{name}"
        for name in (
            "common.durations", "common.recording_times", "common.terminal_text", "common.untrusted_json",
            "port.health", "daemon.rate_limit", "mqtt.config",
            "port.link_status", "record.anonymise", "history.chronicle", "live.declared",
        )
    ),
]  # fmt: skip

CATALOGUE = "teleinfo.common.i18n"
"""What it reads, the translations of the package, is the same each time."""

TABLES = "teleinfo.tic.tables.reader"
"""It reads the tables of the package, which are the same each time, from the folder of the module."""

WORLD = {
    "asyncio", "concurrent", "ctypes", "fcntl", "glob", "importlib", "io", "logging", "multiprocessing", "os",
    "pathlib", "random", "secrets", "select", "selectors", "shutil", "signal", "socket", "ssl", "subprocess",
    "sys", "tempfile", "termios", "threading", "time", "tty", "urllib", "uuid",
}  # fmt: skip
"""Modules of the standard library with a clock, randomness, threads, files, processes or sockets."""

READS_A_CLOCK = {"now", "utcnow", "today"}
TOUCHES_THE_WORLD = {"open", "print", "input", "exec", "eval", "__import__"}


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_imports_the_standard_library_and_other_pure_modules(module: str) -> None:
    """Nothing else, and of the standard library nothing that does input or output."""
    imported = imports(module, for_types=False)
    ours = {name for name in imported if name.partition(".")[0] == PACKAGE}
    others = {name.partition(".")[0] for name in imported - ours}

    assert ours <= {*PURE, PACKAGE, CATALOGUE}
    assert others <= sys.stdlib_module_names
    assert others & WORLD == ({"pathlib"} if module == TABLES else set())


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_reads_no_clock_and_opens_nothing(module: str) -> None:
    """`datetime` is allowed there, but not its `now`; and no call opens a file or writes to the screen."""
    calls = [node for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
    wrong = [
        place(module, call)
        for call in calls
        if (isinstance(call.func, ast.Attribute) and call.func.attr in READS_A_CLOCK)
        or (isinstance(call.func, ast.Name) and call.func.id in TOUCHES_THE_WORLD)
    ]

    assert wrong == []


@pytest.mark.parametrize("module", PROTOCOL)
def test_the_protocol_imports_nothing_of_the_program(module: str) -> None:
    """`tic` imports the standard library, `vocabulary` and itself, `state` also `tic`."""
    ours = {name for name in imports(module, for_types=True) if name.partition(".")[0] == PACKAGE}

    assert ours <= set(PROTOCOL)


@pytest.mark.parametrize("module", [module for module in FILES if module.startswith("teleinfo.tic")])
def test_tic_makes_no_payload_and_no_id(module: str) -> None:
    """JSON, and the hash in the ids of a device, are above it."""
    assert imports(module, for_types=True) & {"json", "hashlib"} == set()


@pytest.mark.parametrize("module", PROTOCOL)
def test_the_protocol_raises_nothing(module: str) -> None:
    """Input that is discarded is counted."""
    raised = [place(module, node) for node in ast.walk(tree(module)) if isinstance(node, ast.Raise)]

    assert raised == []
