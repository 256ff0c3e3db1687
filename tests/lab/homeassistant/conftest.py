"""The household of all tests here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.homeassistant.household import Household

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def household(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Household]:
    """Return a household, with the meter of the parameter, of which only broker and meter run."""
    with Household(tmp_path, getattr(request, "param", "tempo")) as all_together:
        yield all_together
