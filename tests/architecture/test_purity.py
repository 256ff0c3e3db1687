"""
The pure rooms do no input or output, and have neither clock nor chance: both come in as arguments.

That is what lets hypothesis, the fuzzer and the mutants work on them, and what makes a test of them quick.
"""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.sources import FILES, HOUSE, imports, place, tree

PURE = [
    *(module for module in FILES if module.startswith("teleinfo.tic")),
    *(module for module in FILES if module.startswith("teleinfo.homeassistant") and "link" not in module),
    *(
        f"teleinfo.{name}"
        for name in (
            "backoff", "durations", "health", "pace", "payload", "port.tuning", "record", "topics",
            "doctor.verdict", "watch.chart", "watch.sections", "watch.model",
            "meter.base", "meter.catalogue", "meter.encode", "meter.historique", "meter.house",
            "meter.pacing", "meter.play", "meter.registers", "meter.standard", "meter.tariff",
            "meter.wrong_speed",
        )
    ),
]  # fmt: skip

WORLD = {
    "asyncio", "concurrent", "ctypes", "fcntl", "glob", "importlib", "io", "logging", "multiprocessing", "os",
    "pathlib", "random", "secrets", "select", "selectors", "shutil", "signal", "socket", "ssl", "subprocess",
    "sys", "tempfile", "termios", "threading", "time", "tty", "urllib", "uuid",
}  # fmt: skip
"""What the standard library has of clock, chance, threads, files, processes and the net."""

READS_A_CLOCK = {"now", "utcnow", "today"}
TOUCHES_THE_WORLD = {"open", "print", "input", "exec", "eval", "__import__"}


@pytest.mark.parametrize("module", PURE)
def test_a_pure_room_imports_the_standard_library_and_other_pure_rooms(module: str) -> None:
    """Nothing else, and of the standard library nothing that reaches the world."""
    imported = imports(module, for_types=False)
    ours = {name for name in imported if name.partition(".")[0] == HOUSE}
    others = {name.partition(".")[0] for name in imported - ours}

    assert ours <= {*PURE, HOUSE}
    assert others <= sys.stdlib_module_names
    assert others & WORLD == set()


@pytest.mark.parametrize("module", PURE)
def test_a_pure_room_asks_nobody_for_the_time_and_opens_nothing(module: str) -> None:
    """`datetime` is allowed there, but not its `now`; and no call touches a file or the screen."""
    calls = [node for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
    wrong = [
        place(module, call)
        for call in calls
        if (isinstance(call.func, ast.Attribute) and call.func.attr in READS_A_CLOCK)
        or (isinstance(call.func, ast.Name) and call.func.id in TOUCHES_THE_WORLD)
    ]

    assert wrong == []


@pytest.mark.parametrize("module", [module for module in PURE if module.startswith("teleinfo.tic")])
def test_what_reads_the_line_raises_nothing(module: str) -> None:
    """On no input: what is thrown away is counted."""
    raised = [place(module, node) for node in ast.walk(tree(module)) if isinstance(node, ast.Raise)]

    assert raised == []
