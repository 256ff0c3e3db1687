"""The machine of most tests of the doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doctor.machine_tree import Tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Return an empty tree of files."""
    return Tree(tmp_path)
