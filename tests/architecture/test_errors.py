"""An error that nobody foresaw ends the process."""

from __future__ import annotations

import ast

from tests.architecture.sources import FILES, place, tree

FORBIDDEN = {"Exception", "BaseException"}

HANDED_ON = {"teleinfo.common.executor", "teleinfo.port.protocol"}
"""Modules that catch what a callback or a thread raises, and raise it again where it is awaited."""


def test_nobody_catches_everything() -> None:
    """
    A fault that nobody foresaw ends the process loudly: no bare `except`, no `except Exception`.

    Two modules catch it once, to raise it in another task; `tests/port/test_protocol.py` and
    `tests/common/test_executor.py` test that they do.
    """
    caught = [
        place(module, node)
        for module in set(FILES) - HANDED_ON
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler) and (node.type is None or FORBIDDEN & _names(node.type))
    ]

    assert caught == []


def test_nobody_suppresses_everything() -> None:
    """`suppress(Exception)` is the same in other words."""
    suppressed = [
        place(module, node)
        for module in FILES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and "suppress" in ast.unparse(node.func)
        and any(FORBIDDEN & _names(argument) for argument in node.args)
    ]

    assert suppressed == []


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
