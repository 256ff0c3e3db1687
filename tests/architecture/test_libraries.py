"""Each library has one file that knows it, so that it can be exchanged by writing that file anew."""

from __future__ import annotations

import ast
import sys

from tests.architecture.sources import FILES, HOUSE, imports, place, tree

KNOWN_TO = {
    "serial": {"teleinfo.port.serial_port"},
    "serial_asyncio": {"teleinfo.port.serial_port"},
    "aiomqtt": {"teleinfo.mqtt.client"},
    "paho": {"teleinfo.mqtt.client"},
    "pydantic": {"teleinfo.settings.model"},
    "pydantic_core": {"teleinfo.settings.model"},
    "pydantic_settings": {"teleinfo.settings.model"},
    "amqtt": {"teleinfo.demo.broker"},
}
SCREEN = "rich"
"""What draws the screen of `watch`: known to that room alone."""

FORBIDDEN = {"Exception", "BaseException"}


def test_each_library_is_imported_by_one_file() -> None:
    """No other file imports it, not even for its types; and a new library must be written down here."""
    found: dict[str, set[str]] = {}
    for module in FILES:
        for name in imports(module, for_types=True):
            library = name.partition(".")[0]
            if library != HOUSE and library not in sys.stdlib_module_names:
                found.setdefault(library, set()).add(module)
    drawing = found.pop(SCREEN)

    assert found == KNOWN_TO
    assert all(module.startswith("teleinfo.watch.") for module in drawing)


def test_nobody_catches_everything() -> None:
    """A fault that nobody foresaw ends the process loudly: no bare `except`, no `except Exception`."""
    caught = [
        place(module, node)
        for module in FILES
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
