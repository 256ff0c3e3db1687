"""The settings: variables from the environment, a file, or directories of secrets, all checked."""

from teleinfo.settings.env_file import SERVICE_FILE, default_env_file
from teleinfo.settings.faults import PREFIX, SECRETS, SettingsError, variable_of
from teleinfo.settings.model import Settings, field_specs
from teleinfo.settings.sources import load, load_all, unread_variables

__all__ = [
    "PREFIX",
    "SECRETS",
    "SERVICE_FILE",
    "Settings",
    "SettingsError",
    "default_env_file",
    "field_specs",
    "load",
    "load_all",
    "unread_variables",
    "variable_of",
]
