"""
The language of the service: TELEINFO_LANGUAGE, French by default.

Every command that reads the settings speaks it, whatever the locale: the doctor quotes the log of the
service, and an image of Raspberry Pi OS comes with a British locale.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from teleinfo.vocabulary.words import Language

SERVICE_FILE: Final = Path("/etc/teleinfo/teleinfo.env")
"""The settings of the service, installed by `make install` and by the package; only root can read them."""

VARIABLE: Final = "TELEINFO_LANGUAGE"

_MAX_CHARACTERS: Final = 1 << 20
"""Characters that are read; a settings file has a hundredth of them."""

_LINE: Final = re.compile(rf"^[ \t]*{VARIABLE}[ \t]*=[ \t]*[\"']?([A-Za-z]*)", re.MULTILINE)


def service_language(file: Path | None) -> Language:
    """
    Return the language by the environment, else by a settings `file`, which need not be readable.

    French, the default, if neither names a language, or one that we do not speak.
    """
    setting = os.environ.get(VARIABLE, "")
    if not setting and file is not None:
        setting = _setting_in(file)
    if setting.strip().lower() == Language.EN:
        return Language.EN
    return Language.FR


def _setting_in(file: Path) -> str:
    """Return the setting that counts in a file, the last one; "" if it has none, or cannot be read."""
    # What is read from a pipe would be lost to those who read the settings.
    if not os.path.isfile(file):  # noqa: PTH113 - unlike a Path, it raises nothing
        return ""
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            settings = _LINE.findall(opened.read(_MAX_CHARACTERS))
    except OSError:
        return ""
    return settings[-1] if settings else ""
