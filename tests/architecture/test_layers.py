"""The layers and who may import which library: the contracts in pyproject.toml, under [tool.importlinter]."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.sources import FILES, PACKAGE, imports

ROOT = Path(__file__).parents[2]


def contracts() -> list[dict[str, list[str]]]:
    """Return the contracts of import-linter."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    linter: dict[str, list[dict[str, list[str]]]] = settings["tool"]["importlinter"]
    return linter["contracts"]


def test_the_contracts_are_kept() -> None:
    """`lint-imports` finds no import that a contract forbids."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert result.returncode == 0, result.stdout + result.stderr


def test_each_module_has_a_layer() -> None:
    """A new package is written into the contract of the layers before it is used."""
    [layers] = [contract["layers"] for contract in contracts() if "layers" in contract]
    named = [name.strip(" ()") for layer in layers for name in layer.split("|")]
    free = [
        module
        for module in FILES
        if not any(module == name or module.startswith(f"{name}.") for name in named)
        and not any(name.startswith(f"{module}.") for name in named)
    ]

    assert free == []


def test_each_library_has_a_contract() -> None:
    """A new dependency is written into a contract, which says who may import it."""
    forbidden = {name for contract in contracts() for name in contract.get("forbidden_modules", [])}
    imported = {name.partition(".")[0] for module in FILES for name in imports(module, for_types=True)}
    # `_typeshed` is the types of the standard library, known to type checkers alone.
    other = {*sys.stdlib_module_names, "_typeshed", PACKAGE}

    assert imported - other == {name for name in forbidden if name.partition(".")[0] not in other}
