"""
The command line in the language of the user: argparse's own words, and the kinds of numbers that it takes.

The functions for argparse's `type` raise its ArgumentTypeError, which says what a number must be.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gettext
import math
from typing import NoReturn

from teleinfo.common.i18n import FOLDER, N_, _, language
from teleinfo.vocabulary.words import Language

_DOMAIN = "argparse"


def translate_argparse() -> None:
    """
    Let argparse speak the language of the locale.

    argparse takes its words from gettext's current domain (CPython 3.11 to 3.14); those that the catalogue
    lacks stay English. Where we speak English there is no catalogue, whatever the system has.
    """
    gettext.bindtextdomain(_DOMAIN, FOLDER)
    gettext.textdomain(_DOMAIN if language() is not Language.EN else "messages")


def count(text: str) -> int:
    """Read a whole number of 1 or more."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    return number if number >= 1 else _refuse(N_("{text} is not a number of 1 or more"), text)


def positive(text: str) -> float:
    """Read a number above 0."""
    number = _finite(text)
    return number if number > 0 else _refuse(N_("{text} is not a number above 0"), text)


def not_negative(text: str) -> float:
    """Read a number that is 0 or more."""
    number = _finite(text)
    return number if number >= 0 else _refuse(N_("{text} is not a number of 0 or more"), text)


def share(text: str) -> float:
    """Read a number from 0 to 1."""
    number = _finite(text)
    return number if 0 <= number <= 1 else _refuse(N_("{text} is not a number from 0 to 1"), text)


def local_time(text: str) -> dt.datetime:
    """Read a time in ISO 8601 as one of the local clock."""
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        _refuse(N_("{text} is not a time such as 2026-01-15T18:30"), text)


def _finite(text: str) -> float:
    """Return the number that `text` is; what is none is minus infinity, which nobody takes."""
    try:
        number = float(text)
    except ValueError:
        return -math.inf
    return number if math.isfinite(number) else -math.inf


def _refuse(message: str, text: str) -> NoReturn:
    raise argparse.ArgumentTypeError(_(message).format(text=text))
