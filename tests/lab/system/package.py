"""The Debian package as a file: reproducible, and without a fault that Debian's own checker finds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.lab.system import roots
from tests.support.figures import promise

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the package of this checkout."""
    return roots.package(tmp_path_factory.mktemp("package"))


def test_two_builds_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """Another folder, another time, another umask: the same package."""
    before = os.umask(0o077)
    try:
        again = roots.package(tmp_path)
    finally:
        os.umask(before)

    assert built.read_bytes() == again.read_bytes()
    promise("size of the package", built.stat().st_size / 1024, at_most=1024, unit="KiB")


def test_lintian_finds_no_fault(built: Path) -> None:
    """No error and no warning."""
    roots.run("lintian", "--allow-root", "--fail-on", "error,warning", str(built))


def test_every_architecture_takes_it(built: Path) -> None:
    """It is one package for armhf, arm64, amd64 and all others."""
    assert roots.run("dpkg-deb", "--field", str(built), "Architecture") == "all\n"
