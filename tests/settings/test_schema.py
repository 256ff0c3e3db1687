"""docs/settings.schema.json agrees with the settings."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import jsonschema
import pytest

from teleinfo.settings import DEFAULTS, SECRETS, SettingsError, variable_of
from tests.state.documents import settings_schema
from tests.support.settings import settings_of

if TYPE_CHECKING:
    from pathlib import Path

VALIDATOR = jsonschema.Draft202012Validator(settings_schema())


def test_each_setting_is_explained_and_no_secret_has_a_default() -> None:
    properties = settings_schema()["properties"]

    assert list(properties) == [variable_of(name) for name in DEFAULTS]
    assert all(each["description"] for each in properties.values())
    assert [name for name in SECRETS if "default" in properties[variable_of(name)]] == []


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("MQTT_PORT", 0, False),
        ("MQTT_VERSION", "4", False),
        ("PAYLOAD_EXCLUDE", "ADCO,PRM", True),
        ("WEB_URL", "meter:8080", False),
        ("BROKER", "localhost", False),
    ],
)
def test_a_value_is_valid_for_both(tmp_path: Path, name: str, value: object, *, valid: bool) -> None:
    path = tmp_path / "teleinfo.env"
    path.write_text(f"TELEINFO_{name}='{value}'\n", encoding="utf-8")
    with contextlib.nullcontext() if valid else pytest.raises(SettingsError):
        settings_of({}, path)

    assert VALIDATOR.is_valid({f"TELEINFO_{name}": value}) == valid
