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


def test_no_class_of_all_errors_has_a_second_name() -> None:
    """`Exception` is the base of a class, or the type of an argument, or caught where the rule allows it."""
    wrong = []
    for module in set(FILES) - HANDED_ON - REPORTED:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Assign | ast.NamedExpr | ast.Tuple | ast.ImportFrom):
                names = node.names if isinstance(node, ast.ImportFrom) else [node]
                if any(is_broad(name) for name in names):
                    wrong.append(place(module, node))

    assert wrong == []


def test_no_callback_of_a_task_keeps_its_error() -> None:
    """Who asks for the error of a task has read it: the loop does not report it any more."""
    called = [
        (module, node.func.attr)
        for module in FILES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in {"add_done_callback", "exception"}
    ]

    assert sorted(called) == [
        # It raises the error of a table that nobody waits for any more.
        ("teleinfo.history.recorder", "add_done_callback"),
        ("teleinfo.history.recorder", "exception"),
        # They end a wait, and leave the result alone.
        ("teleinfo.mqtt.client", "add_done_callback"),
        ("teleinfo.mqtt.paho_driver", "add_done_callback"),
        ("teleinfo.port.library", "add_done_callback"),
    ]


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
    names = [getattr(part, "id", None) or getattr(part, "attr", None) for part in ast.walk(node)]
    # `from builtins import Exception` has a name, and no expression.
    return bool({*names, getattr(node, "name", None)} & FORBIDDEN)
