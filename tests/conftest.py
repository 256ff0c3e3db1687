"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No time limit for an example: the machines that run these tests are slow and busy. The seed is fixed in CI,
# so that a red run can be repeated, and free elsewhere, so that new ground is tried.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
def captures() -> Path:
    """Return the folder with recordings of real meters: they belong to others, and stay outside."""
    beside = Path(__file__).parents[2] / "shared" / "captures"
    folder = Path(os.environ.get("TIC_CAPTURES", beside))
    if not folder.is_dir():
        pytest.skip(f"no recordings of real meters in {folder}: set TIC_CAPTURES")
    return folder
