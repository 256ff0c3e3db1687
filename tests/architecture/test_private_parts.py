"""Private parts of other modules and of libraries: three at most, each in the one file that knows it."""

from __future__ import annotations

import ast

from tests.architecture.sources import FILES, tree

KNOWN = {
    ("teleinfo.mqtt.client", "_client"),
    ("teleinfo.mqtt.paho_driver", "_sock_recv"),
    ("teleinfo.console.arguments", "_"),
}
"""tests/mqtt/test_connection.py and tests/cli/test_arguments.py fail where a library lacks one of them."""

OWN = {"self", "cls"}
I18N = "teleinfo.common.i18n"
"""Its function `_` is public."""

PUBLIC = "os._exit"
"""Documented: its underscore warns of what it leaves out."""


def is_private(name: str) -> bool:
    """Return True for a name with an underscore before it; `_value_` of enumerations is a public name."""
    return name == "_" or (name.startswith("_") and not name.startswith("__") and not name.endswith("_"))


def test_these_private_parts_are_used_and_no_others() -> None:
    used = set()
    for module in FILES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute) and is_private(node.attr) and ast.unparse(node) != PUBLIC:
                if not (isinstance(node.value, ast.Name) and node.value.id in OWN):
                    used.add((module, node.attr))
            elif isinstance(node, ast.ImportFrom) and node.module not in {"__future__", I18N}:
                used |= {(module, alias.name) for alias in node.names if is_private(alias.name)}

    assert used == KNOWN
    assert len(used) <= 3
