"""
Translate argparse's own messages; define the types of the arguments.

The types raise argparse's ArgumentTypeError, whose message names the allowed values.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gettext
import math
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from teleinfo.common.i18n import FOLDER, N_, _, language
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
N = TypeVar("N", int, float)

_DOMAIN = "argparse"


def translate_argparse() -> None:
    """
    Make argparse use the language of the locale.

    argparse takes its texts from gettext's current domain (CPython 3.11 to 3.14). Texts that our catalogue
    lacks stay English. For English, the domain is one without a catalogue, whatever the system has.
    """
    gettext.bindtextdomain(_DOMAIN, FOLDER)
    gettext.textdomain(_DOMAIN if language() is not Language.EN else "messages")


def checked(read: Callable[[str], T], message: str, text: str) -> T:
    """Return what `read` makes of the argument `text`; its ValueError becomes `message`, marked by `N_`."""
    try:
        return read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_(message).format(text=text or '""')) from error


def _number(read: Callable[[str], N], is_allowed: Callable[[N], bool], message: str, text: str) -> N:
    number = checked(read, message, text)
    if math.isfinite(number) and is_allowed(number):
        return number
    raise argparse.ArgumentTypeError(_(message).format(text=text))


count = partial(_number, int, lambda number: number >= 1, N_("{text} is not a number of 1 or more"))
positive = partial(_number, float, lambda number: number > 0, N_("{text} is not a number above 0"))
not_negative = partial(_number, float, lambda number: number >= 0, N_("{text} is not a number of 0 or more"))
port = partial(_number, int, range(1, 65536).__contains__, N_("{text} is not a number from 1 to 65535"))
share = partial(_number, float, lambda number: 0 <= number <= 1, N_("{text} is not a number from 0 to 1"))

local_time = partial(
    checked,
    lambda text: dt.datetime.fromisoformat(text).replace(tzinfo=None),
    N_("{text} is not a time such as 2026-01-15T18:30"),
)
