"""What the household asks for: one variable a setting, from the environment or one file, all checked."""

from teleinfo.settings.model import LogLevel, Row, SerialMode, Settings, SettingsError, load, rows

__all__ = ["LogLevel", "Row", "SerialMode", "Settings", "SettingsError", "load", "rows"]
