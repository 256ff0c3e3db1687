"""
Translate argparse's own messages; define the types of the arguments.

The types raise argparse's ArgumentTypeError, whose message names the allowed values.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from teleinfo.common.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
N = TypeVar("N", int, float)


def translate_argparse() -> None:
    """Make argparse translate its messages by our catalogue: gettext, which it asks, needs a compiled one."""
    argparse._ = _  # type: ignore[attr-defined]  # the name in CPython 3.11 to 3.14


def add_env_file(parser: argparse.ArgumentParser, **options: Any) -> None:  # noqa: ANN401 - argparse's
    """Add the option `--env-file`, which may come several times: `env_files`."""
    text = _("file of settings to read in place of .env (see .env-sample)")
    options.setdefault("default", [])
    parser.add_argument(
        "--env-file", dest="env_files", type=Path, action="append", metavar="PATH", help=text, **options
    )


def checked(read: Callable[[str], T], message: str, text: str) -> T:
    """
    Return what `read` makes of the argument `text`.

    Its ValueError becomes ArgumentTypeError with `message`, which is marked by `N_` and names the `{text}`.
    """
    try:
        return read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_(message).format(text=text or '""')) from error


def _number(read: Callable[[str], N], is_allowed: Callable[[N], bool], message: str, text: str) -> N:
    """Return the number that the argument `text` is, finite and allowed; see `checked`."""
    number = checked(read, message, text)
    if not math.isfinite(number) or not is_allowed(number):
        raise argparse.ArgumentTypeError(_(message).format(text=text))
    return number


# The types of arguments: each takes the text alone.
count = partial(_number, int, lambda number: number >= 1, N_("{text} is not a number of 1 or more"))
positive = partial(_number, float, lambda number: number > 0, N_("{text} is not a number above 0"))
not_negative = partial(_number, float, lambda number: number >= 0, N_("{text} is not a number of 0 or more"))
share = partial(_number, float, lambda number: 0 <= number <= 1, N_("{text} is not a number from 0 to 1"))

local_time = partial(
    checked,
    lambda text: dt.datetime.fromisoformat(text).replace(tzinfo=None),
    N_("{text} is not a time such as 2026-01-15T18:30"),
)
