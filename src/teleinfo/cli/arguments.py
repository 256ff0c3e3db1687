"""
What the command line takes, in the language of whoever types: argparse's own words, and kinds of numbers.

The functions for argparse's `type` raise its ArgumentTypeError, which says what a number must be.
"""

from __future__ import annotations

import argparse
import math
from typing import NoReturn

from teleinfo.common.i18n import N_, _

# Those of argparse that a user meets (CPython 3.11 to 3.13). It asks gettext for them, which has no French.
_WORDS = (
    N_("usage: "),
    N_("options"),
    N_("positional arguments"),
    N_("show this help message and exit"),
    N_("%(prog)s: error: %(message)s\n"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("unrecognized arguments: %s"),
    N_("expected one argument"),
    N_("not allowed with argument %s"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
)


def translate_argparse() -> None:
    """Let argparse say its words in the language of the locale; those that it does not know stay English."""
    vars(argparse)["_"] = _


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


def _finite(text: str) -> float:
    """Return the number that `text` is; what is none is minus infinity, which nobody takes."""
    try:
        number = float(text)
    except ValueError:
        return -math.inf
    return number if math.isfinite(number) else -math.inf


def _refuse(message: str, text: str) -> NoReturn:
    raise argparse.ArgumentTypeError(_(message).format(text=text))
