"""Needs of all tests of whole systems, named before the first of them fails."""

from __future__ import annotations

import os
import shutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def able() -> None:
    """End the run if this machine cannot do it."""
    if os.geteuid() != 0:
        pytest.exit("These tests boot systems: please run them as root.", returncode=1)
    if shutil.which("mmdebstrap") is None:
        pytest.exit("Please run them by make test-system, which installs what they need.", returncode=1)
