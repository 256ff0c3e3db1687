"""The last hour as data: the curve, its axes, and the periods behind it, in the reader's language. Pure."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.vocabulary.codes import TariffPeriod
from teleinfo.watch.declared import integer, number
from teleinfo.watch.history import BIN, LONGEST
from teleinfo.watch.web.view import signed

if TYPE_CHECKING:
    from teleinfo.state.fields import Json
    from teleinfo.watch.history import Band
    from teleinfo.watch.live_model import LiveModel

STEPS: Final = 5
"""Steps between the lowest and the highest power, at most; rounding at both ends adds to them."""

TICK_MINUTES: Final = 15
"""Minutes between two times below the curve."""

_HOURS: Final = {
    **{period: "low" for period in TariffPeriod if period.startswith(("HC", "HSC", "WE"))},
    **dict.fromkeys((TariffPeriod.TH, TariffPeriod.HN, TariffPeriod.PRODUCER), "plain"),
    TariffPeriod.PM: "peak",
}
"""The shade of a period behind the curve; any other common period is "high"."""


def curve_part(model: LiveModel, *, now: float) -> dict[str, Json]:
    """Return the part `curve`: the net power of each point in VA, its axes, and the periods behind it."""
    means = model.history.net.means(LONGEST, now=now)
    values = [None if value is None else round(value) for value in means]
    known = [value for value in values if value is not None]
    subscribed = integer(model.state(now=now), "contract.subscribed_power")
    summary = ""
    if known:
        summary = _("Power of the last hour: from {least} to {most} VA, {mean} VA on average.").format(
            least=signed(min(known)), most=signed(max(known)), mean=signed(round(sum(known) / len(known)))
        )
    return {
        "values": list(values),
        "limit": None
        if subscribed is None
        else [subscribed, _("{power} VA subscribed").format(power=number(subscribed))],
        "axis": _axis(known),
        "ticks": _ticks(model.clock()),
        "bands": [_band(band) for band in model.history.bands(now=now)],
        "summary": summary,
    }


def _axis(known: list[int]) -> list[Json]:
    """Return the powers of the lines across, from the lowest to the highest, each with its text."""
    if not known:
        return []
    most, least = max(*known, 100) * 1.05, min(*known, 0)
    exact = (most - least) / STEPS
    ten = 10 ** int(math.log10(exact))
    size = next((each * ten // 10 for each in (10, 20, 25, 50) if each * ten / 10 >= exact), 10 * ten)
    powers = range(math.floor(least / size) * size, math.ceil(most / size) * size + 1, size)
    return [[power, signed(power)] for power in powers]


def _ticks(time: dt.datetime) -> list[Json]:
    """Return the points at which a quarter of an hour begins, each with its time."""
    last = time.replace(minute=time.minute - time.minute % TICK_MINUTES, second=0, microsecond=0)
    times = [last - dt.timedelta(minutes=back) for back in range(60, -1, -TICK_MINUTES)]
    points = [(LONGEST - (time - tick).total_seconds() / BIN, tick) for tick in times]
    return [{"point": round(point, 1), "text": f"{tick:%H:%M}"} for point, tick in points if point >= 0]


def _band(band: Band) -> dict[str, Json]:
    return {
        "first": band.first,
        "end": band.end,
        "text": printable(_(str(band.name))),
        "hours": _HOURS.get(band.code, "high") if isinstance(band.code, TariffPeriod) else "plain",
        "colour": band.colour,
    }
