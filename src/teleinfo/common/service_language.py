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

_MOST: Final = 1 << 20
"""Characters that are read; a settings file has a hundredth of them."""

_LINE: Final = re.compile(rf"^[ \t]*{VARIABLE}[ \t]*=[ \t]*[\"']?([A-Za-z]*)", re.MULTILINE)


def service_language(file: Path | None) -> Language:
    """Return the language by the environment, else by a settings `file`, which need not be readable."""
    given = os.environ.get(VARIABLE, "")
    if not given and file is not None:
        given = _given_in(file)
    return Language.EN if given.strip().lower() == Language.EN else Language.FR


def _given_in(file: Path) -> str:
    """Return the language that is written in a file; "" if there is none, or no file."""
    # What is read from a pipe would be lost to those who read the settings.
    if not os.path.isfile(file):  # noqa: PTH113 - unlike a Path, it raises nothing
        return ""
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            lines = _LINE.findall(opened.read(_MOST))
    except OSError:
        return ""
    return lines[-1] if lines else ""
