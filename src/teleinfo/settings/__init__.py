"""The settings: variables from the environment, a file, or directories of secrets, all checked."""

from teleinfo.settings.env_file import SERVICE_FILE, default_env_file
from teleinfo.settings.faults import PREFIX, SECRETS, SettingsError, variable_of, written
from teleinfo.settings.model import Settings
from teleinfo.settings.sources import load, load_all, unread_variables

__all__ = [
    "PREFIX",
    "SECRETS",
    "SERVICE_FILE",
    "Settings",
    "SettingsError",
    "default_env_file",
    "load",
    "load_all",
    "unread_variables",
    "variable_of",
    "written",
]
