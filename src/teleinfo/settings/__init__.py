"""What the household asks for: one variable a setting, from the environment or one file, all checked."""

from teleinfo.settings.choices import LogLevel, SerialMode
from teleinfo.settings.faults import SettingsError
from teleinfo.settings.model import Settings, load
from teleinfo.settings.rows import Row, rows
from teleinfo.settings.sources import SERVICE_FILE, beside_the_service

__all__ = [
    "SERVICE_FILE",
    "LogLevel",
    "Row",
    "SerialMode",
    "Settings",
    "SettingsError",
    "beside_the_service",
    "load",
    "rows",
]
