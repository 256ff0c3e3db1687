"""Fixtures of the tests of the port."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.serial_line import SerialLine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SerialLine]:
    """Return a line that is open, behind a link."""
    with SerialLine(link=tmp_path / "meter") as line:
        yield line
