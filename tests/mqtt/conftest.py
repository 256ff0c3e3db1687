"""Brokers, certificates and the log, for the tests of the publisher."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mqtt.running import (
    Log,
)
from tests.support.broker import MosquittoBroker
from tests.support.certificates import Certificate, make_authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    """Read the log."""
    return Log(caplog)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """Run a broker that takes anybody."""
    with MosquittoBroker(tmp_path) as broker:
        yield broker


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make an authority that nobody else trusts."""
    return make_authority(tmp_path_factory.mktemp("authority"))
