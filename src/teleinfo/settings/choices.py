"""The settings that are one of a few words."""

from __future__ import annotations

import enum


class SerialMode(enum.StrEnum):
    """What the meter speaks, or `auto` to find out."""

    AUTO = "auto"
    HISTORIQUE = "historique"
    STANDARD = "standard"


class LogLevel(enum.StrEnum):
    """The least grave message that is logged; logging's own names."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
