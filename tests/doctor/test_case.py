"""Which service belongs to which file of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from teleinfo.doctor.case import unit_of

PRODUCTION = Path("/etc/teleinfo/production.env")


@pytest.mark.parametrize(
    ("env_file", "unit"),
    [
        (None, "teleinfo"),
        (PRODUCTION, "teleinfo@production"),
        (Path("/home/somebody/production.env"), "teleinfo"),
        (Path("/etc/teleinfo/notes.txt"), "teleinfo"),
    ],
)
def test_the_settings_of_one_more_meter_are_those_of_its_own_service(
    env_file: Path | None, unit: str
) -> None:
    """systemd/teleinfo@.service reads /etc/teleinfo/NAME.env."""
    assert unit_of(env_file) == unit
