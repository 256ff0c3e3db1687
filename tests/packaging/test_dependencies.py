"""Every library that the program imports is declared, for pip and for Debian."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.architecture.sources import FILES, PACKAGE, imports

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DEBIAN = {
    "aiomqtt": "python3-asyncio-mqtt",
    "paho-mqtt": "python3-paho-mqtt",
    "pydantic": "python3-pydantic",
    "pydantic-settings": "python3-pydantic-settings",
    "pyserial": "python3-serial",
    "pyserial-asyncio": "python3-serial-asyncio",
    "tzdata": "tzdata",
}
"""Debian's package of each distribution."""
OF_PYDANTIC = {"pydantic-core"}
"""Parts of another distribution, which requires exactly one version of each."""


def declared(requirements: list[str]) -> set[str]:
    """Return the names in a list of requirements."""
    return {re.split(r"[<>=\[; ]", requirement)[0] for requirement in requirements}


def imported() -> set[str]:
    """Return the distributions of all modules that the program imports, but its own and Python's."""
    modules = {name.split(".")[0] for module in FILES for name in imports(module, for_types=False)}
    foreign = modules - sys.stdlib_module_names - {PACKAGE}
    distributions = packages_distributions()
    return {distributions[name][0].lower().replace("_", "-") for name in foreign} - OF_PYDANTIC


def test_every_imported_library_is_declared() -> None:
    extras = PROJECT["optional-dependencies"]
    optional = declared(extras["demo"]) | declared(extras["watch"]) | declared(extras["web"])

    # The database of time zones is data: zoneinfo reads it.
    assert imported() | {"tzdata"} == declared(PROJECT["dependencies"]) | optional


def test_debian_s_package_depends_on_the_same_libraries() -> None:
    control = (ROOT / "systemd/debian/control").read_text(encoding="utf-8")
    depends = control.partition("\nDepends:")[2].partition("\nRecommends:")[0]
    packages = {line.split()[0].rstrip(",") for line in depends.splitlines() if line.strip()}

    assert {DEBIAN[name] for name in declared(PROJECT["dependencies"])} <= packages
