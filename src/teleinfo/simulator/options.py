"""The options of a simulated meter that `teleinfo simulate` and `teleinfo demo` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.cli.arguments import local_time, positive, share
from teleinfo.common.i18n import _
from teleinfo.simulator.catalogue import DEFAULT, METERS

if TYPE_CHECKING:
    from collections.abc import Callable

    AddArgument = Callable[..., object]
    """`add_argument` of a parser of argparse, or of one of its groups."""


def add_options(
    source: AddArgument,
    line: AddArgument,
    meter: AddArgument,
    *,
    start: str,
    time_lapse: float,
    seed: int | None,
) -> None:
    """Add `--meter`, `--noise` and the options of the clock; `start` is the default of `--start` in words."""
    which = _("which meter to simulate: {names} (default: %(default)s)").format(names=", ".join(METERS))
    source("--meter", choices=METERS, default=DEFAULT, metavar="NAME", help=which)
    noise = _("share of bits that arrive wrong, for example 0.001 (default: %(default)g)")
    line("--noise", type=share, default=0.0, metavar="BER", help=noise)
    same = _("the same N gives the same day and the same noise")
    if seed is not None:
        same += " " + _("(default: {default})").format(default=seed)
    meter("--seed", type=int, default=seed, metavar="N", help=same)
    begin = _("when the meter's day begins, for example 2026-01-15T18:30 (default: {default})")
    meter("--start", type=local_time, metavar="TIME", help=begin.format(default=start))
    fast = _("the meter's clock runs N times faster than its line (default: %(default)g)")
    meter("--time-lapse", type=positive, default=time_lapse, metavar="N", help=fast)
