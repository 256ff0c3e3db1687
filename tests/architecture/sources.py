"""The modules of the package, parsed: their files, their syntax and their imports."""

from __future__ import annotations

import ast
import contextlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SRC = Path(__file__).parents[2] / "src"
PACKAGE = "teleinfo"


def _name_of(path: Path) -> str:
    return ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")


FILES = {_name_of(path): path for path in sorted((SRC / PACKAGE).rglob("*.py"))}
"""The path of every module, by its full name."""


_planted: dict[str, str] = {}
"""Code at the end of a module that its file does not have."""


@contextlib.contextmanager
def planted(module: str, code: str) -> Iterator[None]:
    """Add this code to a module, for the tests that look at it: a test shall notice it."""
    _planted[module] = code
    try:
        yield
    finally:
        del _planted[module]


def tree(module: str) -> ast.Module:
    """Return the syntax of a module."""
    return _parsed(module, _planted.get(module, ""))


@cache
def _parsed(module: str, code: str) -> ast.Module:
    return ast.parse(f"{FILES[module].read_text(encoding='utf-8')}\n{code}", str(FILES[module]))


def imports(module: str, *, for_types: bool) -> set[str]:
    """Return the full names of what a module imports; `for_types`: also what it imports for its types."""
    return {
        name
        for node in _nodes(tree(module), for_types=for_types)
        for name in _names(node)
        if name != "__future__"
    }


def _nodes(node: ast.AST, *, for_types: bool) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not for_types:
        return
    for child in ast.iter_child_nodes(node):
        yield from _nodes(child, for_types=for_types)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        for alias in node.names:
            inside = f"{node.module}.{alias.name}"
            yield inside if inside in FILES else str(node.module)


def place(module: str, node: ast.AST) -> str:
    """Return where something stands, for people: file and line."""
    return f"{FILES[module].relative_to(SRC)}:{getattr(node, 'lineno', '?')}"
