"""
The settings: variables from the environment, a file, or directories of secrets, all checked.

`sources` and `model` import pydantic, nothing else does.
"""

from teleinfo.common.service_language import SERVICE_FILE
from teleinfo.settings.env_file import default_env_file
from teleinfo.settings.faults import PREFIX, SECRETS, SettingsError, variable_of
from teleinfo.settings.values import DEFAULTS, Settings

__all__ = [
    "DEFAULTS",
    "PREFIX",
    "SECRETS",
    "SERVICE_FILE",
    "Settings",
    "SettingsError",
    "default_env_file",
    "variable_of",
]
