"""
The page as data, pure: the text of each place, in words and figures, in the language of the reader.

The page puts the texts into their places; it does not interpret TIC.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from teleinfo.common.durations import duration
from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.vocabulary.codes import Alert, Phase, TariffPeriod
from teleinfo.vocabulary.line import LineGrade
from teleinfo.watch import sentences
from teleinfo.watch.declared import clock, find, integer, number, rows, text, title
from teleinfo.watch.describe import describe
from teleinfo.watch.history import BIN, LONGEST, counters

if TYPE_CHECKING:
    from teleinfo.state.fields import Json
    from teleinfo.watch.live_model import LiveModel

_THREE_PHASES: Final = 3
_PLACED: Final = {
    *("power.apparent", "power.net", "headroom.share", "energy.import_total", "energy.export_total"),
    *("contract.subscribed_power", "contract.subscribed_current", "contract.cut_off_power"),
}
"""Fields with a place of their own, and those that change rarely or with each reading."""

STEPS: Final = 5
"""The most steps between the lowest and the highest power; rounding at both ends may add some."""

_SIZES: Final = [size * 10**zeros for zeros in range(7) for size in (10, 20, 25, 50)]
"""The sizes of a step, VA."""

TICK_MINUTES: Final = 15
"""Minutes between two times below the curve."""

_HOURS: Final = {
    **{period: "low" for period in TariffPeriod if period.startswith(("HC", "HSC", "WE"))},
    **dict.fromkeys((TariffPeriod.TH, TariffPeriod.HN, TariffPeriod.PRODUCER), "plain"),
    TariffPeriod.PM: "peak",
}
"""The shade of a period behind the curve; any other common period is "high"."""


def now_part(model: LiveModel, *, now: float) -> dict[str, Json]:
    """Return the part `now`, all that changes with each reading, at the monotonic time `now`."""
    state, today = model.state(now=now), model.clock().date()
    power, silence = _power(state), model.silence(now=now)
    return {
        "meter": sentences.meter(model),
        "time": clock(find(state, "time"), today=today, seconds=True),
        "waiting": sentences.waiting(model) if model.mode is None else None,
        "silent": None
        if silence is None
        else _("The meter is silent for {time}").format(time=duration(silence)),
        "why": "" if model.note is None else model.note.text,
        "alerts": _alerts(state, today),
        "power": power,
        "facts": _entries(state, "power", "headroom"),
        "phases": _phases(state),
        "tariff": [*_entries(state, "tariff"), *_entries(state, "contract")],
        "tempo": _tempo(state),
        "energy": _energy(model, state),
        "days": _entries(state, "energy", "cost"),
        "line": _line(model),
    }


def rows_part(model: LiveModel) -> dict[str, Json]:
    """Return the part `rows`: every étiquette in the order of the screen."""
    return {
        "rows": [
            {
                "key": row.key,
                "name": words.name,
                "value": f"{words.value} ({words.note})" if words.note else words.value,
                "alarm": row.is_alarm,
                "facts": [fact.text for fact in words.facts],
            }
            for row in model.rows()
            for words in [describe(row)]
        ]
    }


def curve_part(model: LiveModel, *, now: float) -> dict[str, Json]:
    """Return the part `curve`, the last hour: net power of each point in VA, axes, a band for each tariff."""
    means = model.history.net.means(LONGEST, now=now)
    values = [None if value is None else round(value) for value in means]
    known = [value for value in values if value is not None]
    subscribed = integer(model.state(now=now), "contract.subscribed_power")
    summary = ""
    if known:
        summary = _("Power of the last hour: from {least} to {most} VA, {mean} VA on average.").format(
            least=number(min(known)), most=number(max(known)), mean=number(round(sum(known) / len(known)))
        )
    return {
        "values": list(values),
        "limit": None
        if subscribed is None
        else [subscribed, _("{power} VA subscribed").format(power=number(subscribed))],
        "axis": _axis(known),
        "ticks": _ticks(model.clock()),
        "bands": [
            {
                "first": band.first,
                "end": band.end,
                "text": printable(_(str(band.name))),
                "hours": _HOURS.get(band.code, "high") if isinstance(band.code, TariffPeriod) else "plain",
                "colour": band.colour,
            }
            for band in model.history.bands(now=now)
        ],
        "summary": summary,
    }


def _alerts(state: Json, today: dt.date) -> list[Json]:
    """Return the active alerts, each with its start."""
    return [
        [_(alert.words), _("since {time}").format(time=since) if since else ""]
        for alert in Alert
        if find(state, f"alerts.{alert}.active") is True
        for since in [clock(find(state, f"alerts.{alert}.since"), today=today)]
    ]


def _power(state: Json) -> dict[str, Json] | None:
    net, drawn = integer(state, "power.net"), integer(state, "power.apparent")
    most = integer(state, "contract.subscribed_power")
    if net is None or drawn is None:
        return None
    estimated = net < 0 and find(state, "power.estimated") is True
    return {
        "figure": number(net),
        "label": _("injected into the grid") if net < 0 else _("drawn from the grid"),
        "injects": net < 0,
        "estimated": _("estimated, from current and voltage") if estimated else "",
        "limit": {
            "now": drawn,
            "most": most,
            "text": _("{share} % of the {limit} VA subscribed").format(
                share=round(100 * drawn / most), limit=number(most)
            ),
            "over": drawn > most,
        }
        if most
        else None,
    }


def _phases(state: Json) -> list[Json]:
    """Return a row for each phase of a three-phase meter; the gauge of its current ends at `most`."""
    if find(state, "meter.phases") != _THREE_PHASES:
        return []
    return [
        {
            "name": _(phase.words),
            "power": text(state, f"power.apparent_by_phase.{phase}"),
            "current": text(state, f"current.{phase}"),
            "voltage": text(state, f"voltage.{phase}"),
            "now": integer(state, f"current.{phase}"),
            "most": integer(state, "contract.subscribed_current"),
        }
        for phase in Phase
    ]


def _entries(state: Json, *sections: str) -> list[Json]:
    """Return name and text of each row of these sections that has no place of its own, but for zeros."""
    return [
        [name, shown]
        for field, name, shown in rows(state)
        if field.parts[0] in sections and field.path not in _PLACED and field.phase is None
        if find(state, field.path) != 0
    ]


def _tempo(state: Json) -> list[Json]:
    """Return the colours of Tempo: the name of the day, the code of the colour, and its name."""
    return [
        {"day": title(path), "colour": find(state, path), "text": text(state, path) or _("not known yet")}
        for path in ("tempo.today", "tempo.tomorrow")
        if find(state, "tempo")
    ]


def _energy(model: LiveModel, state: Json) -> Json:
    day, read = model.history.day, counters(state)
    indexes = find(state, "energy.indexes")
    names = {key: find(index, "name") for key, index in indexes.items()} if isinstance(indexes, dict) else {}
    # With a single index, the total would repeat it.
    if len(names) != 1 or read.get("import_total") != read.get(next(iter(names))):
        names["import_total"] = title("energy.import_total")
    names["export_total"] = title("energy.export_total")
    rows: list[Json] = [
        {
            "name": printable(_(name)) if isinstance(name, str) else key,
            "value": _kwh(read[key], 1),
            "added": "" if (added := day.added(key)) is None else f"+{_kwh(added, 2)}",
        }
        for key, name in names.items()
        if key in read
    ]
    if not rows or day.since is None:
        return None
    since = _("since midnight") if day.whole else _("since {time}").format(time=f"{day.since:%H:%M}")
    return {"since": since, "rows": rows}


def _line(model: LiveModel) -> Json:
    health = model.health
    if health is None or health.line is None:
        return None
    details = sentences.line_details(model, health) if health.reason is None else (_(health.reason),)
    return {
        "grade": sentences.grade(health.line),
        "good": health.line in {LineGrade.GOOD, LineGrade.FAIR},
        "details": [detail for detail in details if detail],
    }


def _axis(known: list[int]) -> list[Json]:
    """Return the powers of the horizontal lines, from the lowest to the highest, each with its text."""
    if not known:
        return []
    most, least = int(max(*known, 100) * 1.05), min(*known, 0)
    step = next(size for size in _SIZES if size * STEPS >= most - least)
    powers = range(least // step * step, most + step, step)
    return [[power, number(power)] for power in powers]


def _ticks(time: dt.datetime) -> list[Json]:
    """Return the points at which a quarter of an hour begins, each with its time."""
    last = time.replace(minute=time.minute - time.minute % TICK_MINUTES, second=0, microsecond=0)
    times = [last - dt.timedelta(minutes=back) for back in range(60, -1, -TICK_MINUTES)]
    points = [(LONGEST - (time - tick).total_seconds() / BIN, tick) for tick in times]
    return [{"point": round(point, 1), "text": f"{tick:%H:%M}"} for point, tick in points if point >= 0]


def _kwh(watt_hours: int, digits: int) -> str:
    return number(watt_hours / 1000, digits)
