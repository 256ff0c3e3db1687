"""An error that nobody foresaw ends the process."""

from __future__ import annotations

import ast

from tests.architecture.sources import FILES, place, tree

FORBIDDEN = {"Exception", "BaseException"}

HANDED_ON = {"teleinfo.common.event_loop", "teleinfo.port.serial_port"}
"""Modules that catch what a callback or a thread raises, and raise it again where it is awaited."""

REPORTED = {"teleinfo.doctor.command"}
"""The module that makes an error in a check of the doctor a line of the report."""


def test_nobody_catches_everything() -> None:
    """
    A fault that nobody foresaw ends the process: no bare `except`, no `except Exception`, no `suppress`.

    Two modules catch it once, to raise it in another task; `tests/port/test_serial_port.py` and
    `tests/common/test_executor.py` test that they do. One reports it, as `tests/doctor/test_examination.py`
    tests.
    """
    caught = [
        place(module, node)
        for module in set(FILES) - HANDED_ON - REPORTED
        for node in ast.walk(tree(module))
        if (isinstance(node, ast.ExceptHandler) and (node.type is None or is_broad(node.type)))
        or (
            isinstance(node, ast.Call)
            and "suppress" in ast.unparse(node.func)
            and any(map(is_broad, node.args))
        )
    ]

    assert caught == []


def test_no_error_is_kept_from_who_waits_for_it_or_from_the_loop() -> None:
    silencing = {"return_exceptions", "set_exception_handler", "call_exception_handler"}
    used = [
        (module, name)
        for module in FILES
        for node in ast.walk(tree(module))
        for name in (getattr(node, "attr", None), getattr(node, "arg", None))
        if name in silencing
    ]

    assert sorted(used) == [
        ("teleinfo.common.event_loop", "set_exception_handler"),
        ("teleinfo.port.library", "return_exceptions"),
    ]


def is_broad(node: ast.AST) -> bool:
    """Return True if this expression names a class of all exceptions."""
    return any(isinstance(part, ast.Name) and part.id in FORBIDDEN for part in ast.walk(node))
