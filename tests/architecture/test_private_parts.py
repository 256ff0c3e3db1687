"""Private parts of other modules and of libraries: fewer than five, each in the one file that knows it."""

from __future__ import annotations

import ast

from tests.architecture.sources import FILES, tree

KNOWN = {
    ("teleinfo.mqtt.client", "_client"),
    ("teleinfo.mqtt.paho_driver", "_sock_recv"),
}
"""tests/mqtt/test_connection.py fails where a new version of the library does not have them any more."""

OWN = {"self", "cls"}
PUBLIC = "os._exit"
"""Documented: its underscore warns of what it leaves out."""


def is_private(name: str) -> bool:
    """Return True for a name with an underscore before it; `_value_` of enumerations is a public name."""
    return name.startswith("_") and not name.startswith("__") and not name.endswith("_")


def test_these_private_parts_are_used_and_no_others() -> None:
    """By attribute or by import; each has its reason where it stands."""
    used = set()
    for module in FILES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute) and is_private(node.attr) and ast.unparse(node) != PUBLIC:
                if not (isinstance(node.value, ast.Name) and node.value.id in OWN):
                    used.add((module, node.attr))
            elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
                used |= {(module, alias.name) for alias in node.names if is_private(alias.name)}

    assert used == KNOWN
    assert len(used) < 5
