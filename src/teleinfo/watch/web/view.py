"""
The page as data: what stands in each place, in words and figures, in the language of the reader.

Pure. Three parts, each a JSON object: `now` (what changes with each reading) and `rows` (every étiquette) are
made here, `curve` (the last hour) in curve.py. The page puts the texts where they belong; it knows no TIC.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from teleinfo.common.durations import duration
from teleinfo.common.i18n import _, decimal, in_words
from teleinfo.common.terminal_text import printable
from teleinfo.vocabulary.codes import Alert, Colour, Phase
from teleinfo.vocabulary.line import LineGrade
from teleinfo.watch import sentences
from teleinfo.watch.describe import describe, number
from teleinfo.watch.history import counters, part
from teleinfo.watch.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.state.fields import Json
    from teleinfo.watch.live_model import LiveModel, Row

MINUS: Final = "\N{MINUS SIGN}"

_THREE_PHASES: Final = 3


def now_part(model: LiveModel, *, now: float) -> dict[str, Json]:
    """Return the part `now` at the monotonic time `now`."""
    state, time = in_words(model.state(now=now)), model.clock()
    silence = model.silence(now=now)
    return {
        "meter": sentences.meter(model),
        "time": _when(part_text(state, "time"), time, seconds=True),
        "waiting": sentences.waiting(model) if model.mode is None else None,
        "silent": None
        if silence is None
        else _("The meter is silent for {time}").format(time=duration(silence)),
        "why": "" if model.note is None else model.note.text,
        "alerts": _alerts(part(state, "alerts"), time),
        "power": _power(state),
        "facts": _facts(part(state, "power")),
        "phases": _phases(state),
        "tariff": _tariff(state),
        "tempo": _tempo(part(state, "tempo")),
        "energy": _energy(model, state),
        "line": _line(model),
    }


def rows_part(model: LiveModel, *, now: float) -> dict[str, Json]:
    """Return the part `rows`: every étiquette in the order of the screen."""
    return {"rows": [_row(row) for row in model.rows(now=now)]}


def _power(state: dict[str, Json]) -> Json:
    power, contract = part(state, "power"), part(state, "contract")
    net, injected = power.get("net"), power.get("injected")
    if not isinstance(net, int):
        return None
    injects = isinstance(injected, int) and injected > 0 and net < 0
    found: dict[str, Json] = {
        "figure": signed(net),
        "label": _("injected into the grid") if injects else _("drawn from the grid"),
        "injects": injects,
        "estimated": _("estimated, from current and voltage") if injects and power.get("estimated") else "",
        "limit": None,
    }
    limit = contract.get("subscribed_power")
    drawn = power.get("apparent")
    if isinstance(limit, int) and limit > 0 and isinstance(drawn, int):
        share = round(100 * drawn / limit)
        found["limit"] = {
            "now": drawn,
            "most": limit,
            "text": _("{share} % of the {limit} VA subscribed").format(share=share, limit=number(limit)),
            "over": drawn > limit,
        }
    return found


def _facts(power: dict[str, Json]) -> list[Json]:
    """Return what else there is to know of the power: term and text."""
    found: list[Json] = []
    net = power.get("net")
    injects = isinstance(net, int) and net < 0
    for name, term, wanted in (
        ("mean", _("Active mean"), not injects),
        ("injected_mean", _("Injected mean"), injects),
    ):
        watts = power.get(name)
        if wanted and isinstance(watts, int):
            most = power.get(f"{name}_is_upper_bound") is True
            text = _("at most {power} W") if most else _("{power} W")
            found.append([term, text.format(power=number(watts))])
    for name, term in (
        ("max_today", _("Maximum today")),
        ("max_yesterday", _("Maximum yesterday")),
        ("max_injected_today", _("Maximum injected")),
    ):
        most_power = power.get(name)
        if isinstance(most_power, int) and most_power > 0:
            text = f"{number(most_power)} VA"
            at = _clock(part_text(power, f"{name}_time"))
            found.append([term, _("{power} at {time}").format(power=text, time=at) if at else text])
    return found


def _phases(state: dict[str, Json]) -> list[Json]:
    """Return a row for each phase of a three-phase meter; the current has the subscribed one as its limit."""
    if part(state, "meter").get("phases") != _THREE_PHASES:
        return []
    current, voltage = part(state, "current"), part(state, "voltage")
    power = part(part(state, "power"), "apparent_by_phase")
    limit = part(state, "contract").get("subscribed_current")
    found: list[Json] = []
    for phase in Phase:
        amperes = current.get(phase)
        bounded = isinstance(amperes, int) and isinstance(limit, int) and limit > 0
        found.append(
            {
                "name": _(phase.words),
                "power": _quantity(power.get(phase), "VA"),
                "current": _quantity(amperes, "A"),
                "voltage": _quantity(voltage.get(phase), "V"),
                "now": amperes if bounded else None,
                "most": limit if bounded else None,
            }
        )
    return found


def _tariff(state: dict[str, Json]) -> list[Json]:
    terms = (
        (_("Period"), part(state, "tariff").get("name")),
        (_("Contract"), part(state, "contract").get("name")),
    )
    return [[term, printable(text)] for term, text in terms if isinstance(text, str)]


def _tempo(tempo: dict[str, Json]) -> list[Json]:
    """Return the colours of Tempo: the day, the colour for the eye, and its name."""
    if not tempo:
        return []
    found: list[Json] = []
    for day, term in (("today", _("Today")), ("tomorrow", _("Tomorrow"))):
        colour = tempo.get(day)
        text = _(colour.words) if isinstance(colour, Colour) else _("not known yet")
        found.append({"day": term, "colour": colour, "text": text})
    return found


def _energy(model: LiveModel, state: dict[str, Json]) -> Json:
    energy = part(state, "energy")
    read = counters(state)
    names = {name: part(part(energy, "indexes"), name).get("name") for name in part(energy, "indexes")}
    # A total that is the only index would say the same twice.
    totals = {"import_total": _("Total drawn"), "export_total": _("Total injected")}
    if len(names) == 1 and read.get("import_total") == read.get(next(iter(names))):
        del totals["import_total"]
    lines: list[Json] = [
        {
            "name": printable(name) if isinstance(name, str) else key,
            "value": _kwh(read[key], 1),
            "added": "" if (added := model.history.day.added(key)) is None else f"+{_kwh(added, 2)}",
        }
        for key, name in [*names.items(), *totals.items()]
        if key in read
    ]
    day = model.history.day
    if not lines or day.since is None:
        return None
    title = _("since midnight") if day.whole else _("since {time}").format(time=f"{day.since:%H:%M}")
    return {"since": title, "rows": lines}


def _alerts(alerts: dict[str, Json], now: dt.datetime) -> list[Json]:
    """Return the alerts that are active, and since when."""
    found: list[Json] = []
    for alert in Alert:
        fields = part(alerts, alert)
        if fields.get("active") is True:
            since = _when(part_text(fields, "since"), now)
            found.append([_(alert.words), _("since {time}").format(time=since) if since else ""])
    return found


def _line(model: LiveModel) -> Json:
    health = model.health
    if health is None or health.line is None:
        return None
    details: Iterable[str] = (
        sentences.bad_groups(health),
        sentences.frames(model),
        sentences.causes(health),
        sentences.withheld(health),
    )
    reason = health.reason
    return {
        "grade": sentences.grade(health.line),
        "good": health.line in {LineGrade.GOOD, LineGrade.FAIR},
        "details": [text for text in (details if reason is None else (_(reason),)) if text],
    }


def _row(row: Row) -> Json:
    words = describe(row)
    return {
        "key": row.key,
        "name": words.name,
        "value": f"{words.value} ({words.note})" if words.note else words.value,
        "alarm": row.section is Section.ALARM,
        "facts": [fact.text for fact in words.facts],
    }


def part_text(fields: dict[str, Json], name: str) -> str:
    """Return a text among these fields, empty where there is none."""
    found = fields.get(name)
    return found if isinstance(found, str) else ""


def _when(time: str, now: dt.datetime, *, seconds: bool = False) -> str:
    """Return a time in ISO 8601 as the time of day, with its date if that is not today; empty for none."""
    text = _clock(time, seconds=seconds)
    if not text:
        return ""
    date = dt.datetime.fromisoformat(time)
    return text if date.date() == now.date() else f"{date:%d/%m} {text}"


def _clock(time: str, *, seconds: bool = False) -> str:
    """Return the time of day of a time in ISO 8601; empty for none."""
    try:
        read = dt.datetime.fromisoformat(time)
    except ValueError:
        return ""
    return f"{read:%H:%M:%S}" if seconds else f"{read:%H:%M}"


def _quantity(value: Json, unit: str) -> str:
    return f"{number(value)} {unit}" if isinstance(value, int) else ""


def signed(power: int) -> str:
    """Return a power as the page has it, with the minus of typography."""
    return number(power) if power >= 0 else f"{MINUS}{number(-power)}"


def _kwh(watt_hours: int, digits: int) -> str:
    return decimal(f"{watt_hours / 1000:,.{digits}f}".replace(",", " "))
