"""Each setting has an effect: some part of the program reads it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import teleinfo
from teleinfo.settings import DEFAULTS, values

SOURCES = Path(teleinfo.__file__).parent
SETTINGS = re.compile(r"(.*\.)?_?(settings|each|settings_of_meter|of_meter)(\[\d+\])?")
"""An expression whose value is a `Settings`, by the names that the sources give to them."""


def read_in(path: Path, owner: re.Pattern[str]) -> set[str]:
    """Return the attributes that a module reads of expressions that `owner` matches."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    return {node.attr for node in attributes if owner.fullmatch(ast.unparse(node.value))}


def test_each_setting_is_read() -> None:
    modules = [path for path in SOURCES.rglob("*.py") if path.parent.name != "settings"]
    read = set[str]().union(*(read_in(path, SETTINGS) for path in modules))
    if {"broker", "payload"} <= read:
        read |= read_in(Path(values.__file__), re.compile("self"))

    assert [name for name in DEFAULTS if name not in read] == []
