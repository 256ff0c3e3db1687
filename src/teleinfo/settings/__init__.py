"""What the household asks for: one variable a setting, from the environment or one file, all checked."""

from teleinfo.settings.choices import LogLevel, SerialMode
from teleinfo.settings.faults import SettingsError
from teleinfo.settings.model import Settings, load
from teleinfo.settings.rows import Row, rows

__all__ = ["LogLevel", "Row", "SerialMode", "Settings", "SettingsError", "load", "rows"]
