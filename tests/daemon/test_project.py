"""The public address of the project, which the package names."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from teleinfo.daemon.project import project_url

if TYPE_CHECKING:
    from pathlib import Path

METADATA = "Metadata-Version: 2.4\nName: teleinfo-mqtt\nVersion: 1.0.0\n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "Project-URL: Changes, https://forge/c\nProject-URL: Repository, https://forge/x\n",
            "https://forge/x",
        ),
        ("Project-URL: Changes, https://forge/c\n", None),
        ("", None),
    ],
)
def test_the_address_is_that_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, expected: str | None
) -> None:
    """Read from a package that is installed before all others."""
    (info := tmp_path / "teleinfo_mqtt-1.0.0.dist-info").mkdir()
    (info / "METADATA").write_text(METADATA + more)
    monkeypatch.syspath_prepend(tmp_path)

    assert project_url() == expected


def test_without_an_installed_package_there_is_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout that nobody installed."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    importlib.invalidate_caches()

    assert project_url() is None
