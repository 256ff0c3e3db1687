"""What the household asks for: one variable a setting, from the environment or one file, all checked."""

from teleinfo.settings.faults import SettingsError
from teleinfo.settings.model import FieldSpec, LogLevel, SerialMode, Settings, field_specs, load
from teleinfo.settings.sources import SERVICE_FILE, beside_the_service

__all__ = [
    "SERVICE_FILE",
    "FieldSpec",
    "LogLevel",
    "SerialMode",
    "Settings",
    "SettingsError",
    "beside_the_service",
    "field_specs",
    "load",
]
