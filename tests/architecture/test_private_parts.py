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

BY_NAME = {"getattr", "setattr", "delattr", "hasattr", "attrgetter", "methodcaller"}

PUBLIC = "os._exit"
"""Documented: its underscore warns of what it leaves out."""


def is_private(name: str) -> bool:
    """Return True for a name with an underscore before it; `_value_` of enumerations is a public name."""
    return name == "_" or (name.startswith("_") and not name.startswith("__") and not name.endswith("_"))


def parts_of_own_classes(module: str) -> set[str]:
    """Return the private methods and slots that the classes of a module define."""
    names = set()
    for each in ast.walk(tree(module)):
        if not isinstance(each, ast.ClassDef):
            continue
        for statement in each.body:
            if isinstance(statement, ast.FunctionDef):
                names.add(statement.name)
            elif isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__slots__":
                names |= set(ast.literal_eval(statement.value))
    return names


def test_these_private_parts_are_used_and_no_others() -> None:
    used = set()
    for module in FILES:
        of_module = parts_of_own_classes(module)
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute) and is_private(node.attr) and ast.unparse(node) != PUBLIC:
                is_own = isinstance(node.value, ast.Name) and node.value.id in OWN
                if not is_own and node.attr not in of_module:
                    used.add((module, node.attr))
            elif isinstance(node, ast.ImportFrom) and node.module not in {"__future__", I18N}:
                used |= {(module, alias.name) for alias in node.names if is_private(alias.name)}

    assert used == KNOWN
    assert len(used) <= 3


def test_no_private_part_is_reached_by_a_text() -> None:
    """Neither by `vars` or `__dict__`, which hold all of them, nor by the name in a text."""
    used = set()
    for module in FILES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute) and node.attr == "__dict__":
                used.add((module, "__dict__"))
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            if called == "vars":
                used.add((module, "vars"))
            texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
            if called in BY_NAME and any(isinstance(text, str) and is_private(text) for text in texts):
                used.add((module, called))

    # `run` reads settings from the arguments of the command line.
    assert used == {("teleinfo.cli.run", "vars")}
