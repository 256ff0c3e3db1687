"""The options of a simulated meter that `teleinfo simulate` and `teleinfo demo` share."""

from __future__ import annotations

from typing import Any, Protocol

from teleinfo.cli.arguments import local_time, positive, share
from teleinfo.common.i18n import _
from teleinfo.simulator.catalogue import DEFAULT, METERS


class Container(Protocol):
    """A parser of argparse, or one of its groups."""

    def add_argument(self, *flags: str, **how: Any) -> object: ...  # noqa: ANN401, D102 -- as argparse has it


def add_meter(to: Container) -> None:
    """Add `--meter`, a name of METERS."""
    to.add_argument(
        "--meter",
        choices=METERS,
        default=DEFAULT,
        help=_("which meter to simulate: {names} (default: %(default)s)").format(names=", ".join(METERS)),
        metavar="NAME",
    )


def add_noise(to: Container) -> None:
    """Add `--noise`, the share of wrong bits."""
    to.add_argument(
        "--noise",
        type=share,
        default=0.0,
        metavar="BER",
        help=_("share of bits that arrive wrong, for example 0.001 (default: %(default)g)"),
    )


def add_clock(to: Container, *, start: str, time_lapse: float, seed: int | None) -> None:
    """Add `--seed`, `--start` and `--time-lapse` with these defaults, that of `start` in words."""
    help_on_seed = _("the same N gives the same day and the same noise")
    if seed is not None:
        help_on_seed += " " + _("(default: {default})").format(default=seed)
    to.add_argument("--seed", type=int, default=seed, metavar="N", help=help_on_seed)
    to.add_argument(
        "--start",
        type=local_time,
        metavar="TIME",
        help=_("when the meter's day begins, for example 2026-01-15T18:30 (default: {default})").format(
            default=start
        ),
    )
    to.add_argument(
        "--time-lapse",
        type=positive,
        default=time_lapse,
        metavar="N",
        help=_("the meter's clock runs N times faster than its line (default: %(default)g)"),
    )
