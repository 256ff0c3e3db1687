"""
The model of pydantic that checks the settings.

A check of two settings is a validator of the setting that is declared later, since pydantic validates fields
in the order of their declaration.
"""

from __future__ import annotations

from typing import Any, Final, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, create_model, field_validator

from teleinfo.common.i18n import N_
from teleinfo.settings import allowed
from teleinfo.settings.faults import ConflictError
from teleinfo.settings.values import DEFAULTS, Settings, explanations

_NEEDED: Final = {
    "mqtt_password": "mqtt_username",
    "mqtt_tls_ca_file": "mqtt_tls",
    "mqtt_tls_cert_file": "mqtt_tls",
    "mqtt_tls_key_file": "mqtt_tls_cert_file",
    "mqtt_tls_insecure": "mqtt_tls",
    "state_topics_dead_band": "state_topics",
}
"""The setting without which one has no effect: a text that is missing, or a switch that is off."""


class _Rules(BaseModel):
    """The rules for two settings together; a fault raises `ConflictError`."""

    model_config = ConfigDict(extra="forbid", validate_default=True, hide_input_in_errors=True)

    @field_validator(*_NEEDED, check_fields=False)
    @classmethod
    def _goes_with_another(cls, value: object, others: ValidationInfo) -> object:
        other = _NEEDED[str(others.field_name)]
        if not value or other not in others.data:
            return value  # pydantic leaves out a setting that is wrong itself
        needed = others.data[other]
        if needed is None:
            raise ConflictError(N_("is given without {other}; set both"), other)
        if needed is False:
            raise ConflictError(N_("has no effect without {other}=true; set it, or remove this one"), other)
        return value

    @field_validator("state_topics", "homeassistant", "metrics_file", check_fields=False)
    @classmethod
    def _is_made_of_the_state(cls, value: object, others: ValidationInfo) -> object:
        if value and others.data.get("state") is False:
            text = N_("is made of the state, which {other}=false turns off; remove one of the two")
            raise ConflictError(text, "state")
        return value

    @field_validator("homeassistant_prefix", check_fields=False)
    @classmethod
    def _is_not_the_base_topic(cls, value: str, others: ValidationInfo) -> str:
        # Home Assistant publishes on <prefix>/status when it starts and stops, and we on <base>/status.
        if value == others.data.get("mqtt_topic"):
            text = N_("is the same as {other}, where Home Assistant has its own status; change {other}")
            raise ConflictError(text, "mqtt_topic")
        return value


_TYPES = get_type_hints(Settings, localns={"allowed": allowed}, include_extras=True)
_FIELDS: dict[str, Any] = {
    name: (_TYPES[name], Field(DEFAULTS[name], description=text)) for name, text in explanations().items()
}
SettingsModel: Final = create_model("SettingsModel", __base__=_Rules, **_FIELDS)
"""A model with the fields of `Settings`."""


def _in_words(name: str) -> allowed.InWords:
    """Return the allowed values of a setting in words; raise TypeError if its type has none."""
    for part in reversed(getattr(_TYPES[name], "__metadata__", ())):
        if isinstance(part, allowed.InWords):
            return part
    text = f"the type of {name} has no words"
    raise TypeError(text)


IN_WORDS: Final = {name: _in_words(name) for name in DEFAULTS}
"""The allowed values of each setting in words."""
