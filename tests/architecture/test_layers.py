"""The layers and who may import which library: the contracts in pyproject.toml, under [tool.importlinter]."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

from teleinfo.cli.main import COMMANDS
from tests.architecture.sources import FILES, PACKAGE, SRC, imports, place, tree

ROOT = Path(__file__).parents[2]

BREACHES = [
    ("layers", "teleinfo.port.reader", "teleinfo.state.tracker"),
    ("layers", "teleinfo.state.tracker", "teleinfo.port.link_status"),
    ("layers", "teleinfo.mqtt.publisher", "teleinfo.port.link_status"),
    ("layers", "teleinfo.tic.decoder", "teleinfo.common.durations"),
    ("layers", "teleinfo.common.untrusted_json", "teleinfo.tic.labels"),
    ("layers", "teleinfo.vocabulary.codes", "teleinfo.common.durations"),
    ("layers", "teleinfo.settings.checks", "teleinfo.daemon.app"),
    ("layers", "teleinfo.record.capture", "teleinfo.cli.main"),
    ("acyclic", "teleinfo.tic.labels", "teleinfo.tic.decoder"),
    ("acyclic", "teleinfo.mqtt.config", "teleinfo.mqtt.client"),
    ("simulator", "teleinfo.simulator.encode", "teleinfo.tic.parity"),
    ("simulator", "teleinfo.simulator.historique", "teleinfo.tic.labels"),
    ("commands", "teleinfo.doctor.check_line", "teleinfo.simulator.encode"),
    ("daemon", "teleinfo.live.model", "teleinfo.daemon.monitor"),
    ("daemon", "teleinfo.cli.forget", "teleinfo.homeassistant.adapter"),
    ("commands", "teleinfo.web.view", "teleinfo.simulator.meter"),
    ("messages", "teleinfo.mqtt.outbox", "teleinfo.tic.decoder"),
    ("messages", "teleinfo.mqtt.config", "teleinfo.tic.labels"),
    ("live", "teleinfo.watch.layout", "teleinfo.tic.labels"),
    ("live", "teleinfo.web.view", "teleinfo.state.declaration"),
    ("settings", "teleinfo.settings.faults", "teleinfo.mqtt.client"),
    ("settings", "teleinfo.settings.faults", "asyncio"),
    ("serial", "teleinfo.port.reader", "serial"),
    ("serial", "teleinfo.doctor.check_port", "serial_asyncio"),
    ("aiomqtt", "teleinfo.mqtt.publisher", "paho"),
    ("aiomqtt", "teleinfo.live.feeds", "aiomqtt"),
    ("pydantic", "teleinfo.cli.run", "pydantic"),
    ("pydantic", "teleinfo.daemon.app", "pydantic_settings"),
    ("optional", "teleinfo.daemon.app", "aiohttp"),
    ("optional", "teleinfo.web.view", "rich"),
]
"""Imports that break each contract: the id of the contract, the module, and what it imports."""


def linter() -> list[dict[str, list[str] | str]]:
    """Return the contracts of import-linter."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, list[str] | str]] = settings["tool"]["importlinter"]["contracts"]
    return contracts


def lint(*options: str, src: Path = SRC) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package in `src`."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(src)!r}); {program}", *options],
        cwd=ROOT, capture_output=True, text=True, check=False, env={"COLUMNS": "300"}, timeout=120,
    )  # fmt: skip


def test_the_contracts_are_kept() -> None:
    """`lint-imports` finds no import that a contract forbids."""
    result = lint("--no-cache")

    assert result.returncode == 0, result.stdout + result.stderr


def test_an_import_that_a_contract_forbids_is_found(tmp_path: Path) -> None:
    """
    In a copy of the package with all of `BREACHES`, each contract names the imports that break it.

    Every second import is one of a function, as for a module that is not always needed.
    """
    shutil.copytree(SRC / PACKAGE, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    for number, (_, module, imported) in enumerate(BREACHES):
        with (tmp_path / FILES[module].relative_to(SRC)).open("a", encoding="utf-8") as file:
            function = f"def planted_{number}():\n    " if number % 2 else ""
            file.write(f"\n{function}import {imported}\n")
    text = lint("--no-cache", src=tmp_path).stdout.partition("Broken contracts")[2]
    names = {str(contract["name"]): str(contract["id"]) for contract in linter()}
    reports = defaultdict(list)
    contract = ""
    for line in text.splitlines():
        contract = names.get(line, contract)
        reports[contract].append(line)

    assert [breach for breach in BREACHES if not is_reported(breach, "\n".join(reports[breach[0]]))] == []


def is_reported(breach: tuple[str, str, str], report: str) -> bool:
    """Return True if the report names this import: of a cycle in a package, the last parts of both names."""
    _, module, imported = breach
    siblings = f"- .{module.rpartition('.')[2]} -> .{imported.rpartition('.')[2]} ("
    return f"{module} -> {imported} (" in report or siblings in report


def test_each_contract_is_broken_twice_by_a_test() -> None:
    broken = Counter(contract for contract, _, _ in BREACHES)

    assert [contract["id"] for contract in linter() if broken[str(contract["id"])] < 2] == []


def test_each_module_has_a_layer() -> None:
    """A new package is written into the contract of the layers before it is used."""
    free = [
        module
        for module in FILES
        if not any(module == name or module.startswith(f"{name}.") for name in layers())
        and not any(name.startswith(f"{module}.") for name in layers())
    ]

    assert free == []


def layers() -> list[str]:
    """Return the modules and packages that have a layer."""
    [contract] = [contract for contract in linter() if contract["id"] == "layers"]
    return [name.strip(" ()") for layer in contract["layers"] for name in layer.split("|")]


def test_a_command_is_a_module_or_a_package_of_the_layers() -> None:
    """The command line names its modules as text, which import-linter does not read."""
    packages = {f"{PACKAGE}.{command.module.removesuffix('.command')}" for command in COMMANDS.values()}

    assert packages <= set(layers())
    assert {f"{PACKAGE}.{command.module}" for command in COMMANDS.values()} <= FILES.keys()


def test_no_module_imports_the_public_api() -> None:
    """An import of `teleinfo` would evade the contracts; only the version may be imported from it."""
    found = [
        place(module, node)
        for module in FILES
        for node in ast.walk(tree(module))
        if (isinstance(node, ast.Import) and PACKAGE in {alias.name for alias in node.names})
        or (isinstance(node, ast.ImportFrom) and node.module == PACKAGE and not inner(node))
    ]

    assert found == []


def test_no_module_is_imported_by_a_name_in_a_text() -> None:
    found = {
        module
        for module in FILES
        for node in ast.walk(tree(module))
        for name in (getattr(node, "attr", None), getattr(node, "id", None), getattr(node, "name", None))
        if name in {"import_module", "__import__"}
    }

    assert found == {PACKAGE, f"{PACKAGE}.cli.main"}


def test_the_page_knows_the_types_of_the_state_alone() -> None:
    """The contract lets it import one module of the core: the form of a value of the state."""
    below = ("teleinfo.tic", "teleinfo.state", "teleinfo.port", "teleinfo.mqtt")
    screens = [module for module in FILES if module.startswith(("teleinfo.web", "teleinfo.watch"))]
    wrong = [
        (module, name)
        for module in screens
        for name in imports(module, for_types=False)
        if name.startswith(below)
    ]

    assert wrong == []


def test_the_tables_lead_to_no_code_of_the_decoder() -> None:
    found = {name for name in imports("teleinfo.tic.labels", for_types=True) if name.startswith(PACKAGE)}
    below = {
        name for name in imports("teleinfo.tic.tables.reader", for_types=True) if name.startswith(PACKAGE)
    }

    assert found == {"teleinfo.tic.tables.reader"}
    assert all(name.startswith("teleinfo.vocabulary.") for name in below)


def inner(node: ast.ImportFrom) -> bool:
    """Return True if this imports only modules of the package, or its version."""
    names = [alias.name for alias in node.names]
    return all(name == "__version__" or f"{PACKAGE}.{name}" in FILES for name in names)


def test_each_library_has_a_contract() -> None:
    """A new dependency is written into a contract, which says who may import it."""
    forbidden = {name for contract in linter() for name in contract.get("forbidden_modules", [])}
    imported = {name.partition(".")[0] for module in FILES for name in imports(module, for_types=True)}
    # `_typeshed` is the types of the standard library, known to type checkers alone.
    other = {*sys.stdlib_module_names, "_typeshed", PACKAGE}

    assert imported - other == {name for name in forbidden if name.partition(".")[0] not in other}
