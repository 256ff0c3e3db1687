"""The systems on which first evenings are played, one for each Debian."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.journeys.player import House
from tests.lab.system.conftest import able

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["able"]


@pytest.fixture(scope="session")
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Boot the Debian of the parameter, and install teleinfo on it as the README says."""
    with House(request.param, tmp_path_factory.mktemp("house")) as house:
        house.install()
        yield house
