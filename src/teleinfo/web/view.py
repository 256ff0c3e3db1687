"""
The page as data, pure: the text of each place, in words and figures, in the language of the reader.

The page puts the texts into their places; it does not interpret TIC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.common.durations import duration
from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.contract.days import in_zone_of, local
from teleinfo.live import sentences
from teleinfo.live.declared import alerts_of, clock, find, integer, number, rows, text, title
from teleinfo.live.describe import describe
from teleinfo.vocabulary.codes import Phase, TariffPeriod

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from teleinfo.live.model import LiveModel
    from teleinfo.state.fields import Json

LIVE: Final = 30.0
"""Greatest age of a reading that is live, in seconds; after ten without a reading the meter is silent."""

_ALL: Final = 100
"""The whole of the subscribed power, in %."""

_PLACED: Final = {
    "power.apparent_import",
    "power.apparent_export",
    "power.apparent_net",
    "power.active",
    "power.active_import_mean",
    "headroom.used_percent",
    "headroom.power",
    "contract.subscribed_power",
    "contract.subscribed_current",
    "contract.cut_off_power",
}
"""The fields with a place of their own, which have no row beside it."""

_HOURS: Final = {
    **{period: "low" for period in TariffPeriod if period.startswith(("HC", "HSC", "WE"))},
    **dict.fromkeys((TariffPeriod.TH, TariffPeriod.HN, TariffPeriod.PRODUCER), "plain"),
    TariffPeriod.PM: "peak",
}
"""The shade of a period in a picture; any other common period is "high"."""

_OFF_PEAK_IN_TEXTS: Final = frozenset({"HC", "CREUSE", "CREUSES"})
_HOURS_IN_TEXTS: Final = _OFF_PEAK_IN_TEXTS | {"HP", "PLEINE", "PLEINES", "POINTE"}
"""Words of suppliers, for the shade of an index that counts no common period; without one it is "plain"."""


def words_part(model: LiveModel) -> dict[str, Json]:
    """
    Return the part `words`: the texts for the codes of the history.

    These are tariff periods, indexes that count no common one, and the alerts of the contract.
    """
    periods: dict[str, Json] = {
        period: {"text": _(period.words), "hours": _HOURS.get(period, "high"), "colour": period.colour}
        for period in TariffPeriod
    }
    return {
        "periods": periods | _indexes_in_words(model.state()),
        "alerts": {alert: _(alert.words) for alert in alerts_of(model.state())},
    }


def _indexes_in_words(state: Json) -> dict[str, Json]:
    """Return text and shade of each index that counts no common tariff period, by key."""
    indexes = find(state, "energy.indexes")
    if not isinstance(indexes, dict):
        return {}
    shown: dict[str, Json] = {}
    for key, index in indexes.items():
        if key in TariffPeriod.__members__:
            continue
        name = _name_of_index(key, index)
        period_words = _HOURS_IN_TEXTS & {*name.upper().split()}
        hours = "plain"
        if period_words & _OFF_PEAK_IN_TEXTS:
            hours = "low"
        elif period_words:
            hours = "high"
        shown[key] = {"text": name, "hours": hours, "colour": None}
    return shown


def _name_of_index(key: str, index: Json) -> str:
    """Return the name of an index in the language of the reader, else its key."""
    name = find(index, "name")
    if not isinstance(name, str) or not name:
        return printable(key)
    return printable(_(name))


def now_part(
    model: LiveModel, *, now: float, meters: Sequence[tuple[str, int, int]] = (), fault: str | None = None
) -> dict[str, object]:
    """
    Return the part `now`, all that changes with each reading, at the monotonic time `now`.

    `meters` and `fault` come from the history: see `HistoryRecorder`. Values stay as they were at the last
    reading, with its age; alerts do not.
    """
    state = model.state()
    today = model.clock().date()
    time = find(state, "time")
    silence = model.silence(now=now)
    age = 0.0
    if model.heard is not None:
        age = now - model.heard
    age_in_words = ""
    if age > LIVE:
        age_in_words = _("Power {time} ago").format(time=duration(age))
    stream = None
    is_live = silence is None and model.heard is not None and age <= LIVE
    if not is_live:
        stream = _last(time, meters, today)
    silent = None
    if silence is not None:
        silent = _("The meter is silent for {time}").format(time=duration(silence))
    waiting = None
    if model.mode is None:
        waiting = sentences.waiting(model)
    why = ""
    if model.note is not None:
        why = model.note.text
    fault_in_words = ""
    if fault is not None:
        fault_in_words = _(fault)
    meter_id = find(state, "meter.id")
    if not meter_id and meters:
        meter_id = meters[0][0]  # the one that was read last
    return {
        "meter": sentences.meter(model),
        "id": meter_id,
        "meters": [[name, f"{_day(name, first)} – {_day(name, last)}"] for name, first, last in meters],
        "fault": fault_in_words,
        "today": f"{today}",
        "ahead": model.minutes_ahead,
        "time": clock(time, today=today, seconds=True),
        "stream": stream,
        "waiting": waiting,
        "silent": silent,
        "age": age_in_words,
        "why": why,
        "alerts": _active_alerts(model.state(now=now), today),
        "power": _power(state),
        "facts": _rows(state, "power", "max_power", "headroom", "current", "voltage"),
        "phases": _phases(state),
        "tariff": [
            *_row(state, "tariff.name"),
            *_row(state, "tariff.next.time", "tariff.next.name"),
            *_row(state, "cost.price"),
            *_rows(state, "contract"),
        ],
        "tempo": _tempo_days(state),
        "indexes": _indexes(state),
        "line": _line(model, state),
    }


def _active_alerts(state: Json, today: dt.date) -> list[Json]:
    """Return the words of each alert that is active, and since when it is."""
    active: list[Json] = []
    for alert in alerts_of(state):
        if find(state, f"alerts.{alert}.active") is not True:
            continue
        start = clock(find(state, f"alerts.{alert}.start"), today=today)
        since = _("since {time}").format(time=start) if start else ""
        active.append([_(alert.words), since])
    return active


def _tempo_days(state: Json) -> list[Json]:
    """Return name and colour of today and tomorrow; nothing without the contract Tempo."""
    if not find(state, "tempo.today"):
        return []
    days: list[Json] = []
    for path in ("tempo.today", "tempo.tomorrow"):
        words = text(state, path) or _("not known yet")
        days.append({"day": title(path), "colour": find(state, path), "text": words})
    return days


def _indexes(state: Json) -> list[Json]:
    """Return the name of each index of the supplier, and its reading in kWh."""
    indexes = find(state, "energy.indexes")
    if not isinstance(indexes, dict):
        return []
    shown: list[Json] = []
    for key, index in indexes.items():
        reading = integer(index, "value")  # Wh
        if reading is not None:
            shown.append([_name_of_index(key, index), f"{number(reading / 1000, 1)} kWh"])
    return shown


def _last(time: Json, meters: Sequence[tuple[str, int, int]], today: dt.date) -> str:
    """Return since when nothing has come: since the last reading of this process, or of the history."""
    heard = time
    if heard is None and meters:
        name, _first, last = meters[0]
        with in_zone_of(name):
            heard = local(last).isoformat()
    shown = clock(heard, today=today)
    return _("no reading since {time}").format(time=shown) if shown else _("no reading so far")


def _day(meter: str, time: int) -> str:
    with in_zone_of(meter):
        return f"{local(time):%d/%m/%Y}"


def rows_part(model: LiveModel) -> dict[str, Json]:
    """Return the part `rows`: every étiquette in the order of the screen."""
    shown: list[Json] = []
    for row in model.rows():
        words = describe(row)
        value = words.value
        if words.note:
            value = f"{words.value} ({words.note})"
        shown.append(
            {
                "key": row.key,
                "name": words.name,
                "value": value,
                "alarm": row.is_alarm,
                "facts": [fact.text for fact in words.facts],
            }
        )
    return {"rows": shown}


def _row(state: Json, path: str, more: str = "") -> list[tuple[str, str]]:
    """Return the name of a field with the texts of this field and another one; nothing if unknown."""
    shown = text(state, path)
    if not shown:
        return []
    shown_more = text(state, more) if more else ""
    if shown_more:
        shown = f"{shown}, {shown_more}"
    return [(title(path), shown)]


def _rows(state: Json, *sections: str) -> list[tuple[str, str]]:
    """Return name and text of each field of these sections that is not shown elsewhere, but no zeros."""
    has_three_phases = find(state, "meter.phases") == len(Phase)
    is_overrun = (integer(state, "headroom.used_percent") or 0) > _ALL
    shown = []
    for field, name, value in rows(state):
        section = field.parts[0]
        if section not in sections or field.diagnostic:
            continue
        if field.path in _PLACED:
            continue
        # `_phases` shows it.
        if has_three_phases and field.phase is not None:
            continue
        if find(state, field.path) == 0:
            continue
        # The gauge shows an overrun, in which nothing is left.
        if section == "headroom" and (is_overrun or _left_in_words(state, field.path) == ""):
            continue
        shown.append((name, value))
    return shown


def _power(state: Json) -> dict[str, Json] | None:
    """Return the figure of the power, with its label and the gauge of the limit; None if it is unknown."""
    net = integer(state, "power.apparent_net")  # VA
    if net is None or integer(state, "power.apparent_import") is None:
        return None
    is_injecting = net < 0
    label = _("drawn from the grid")
    estimated = ""
    if is_injecting:
        label = _("injected into the grid")
        if find(state, "power.apparent_export_estimated") is True:
            estimated = _("estimated, from current and voltage")
    return {
        "figure": number(net),
        "label": label,
        "watts": text(state, "power.active") or text(state, "power.active_import_mean"),
        "injects": is_injecting,
        "estimated": estimated,
        "limit": _limit(state),
    }


def _limit(state: Json) -> Json:
    """Return how much of the subscribed power, or of a lower cut-off power, is used, and what is left."""
    subscribed = integer(state, "contract.subscribed_power") or 0
    cut_off = integer(state, "contract.cut_off_power") or 0
    used = integer(state, "headroom.used_percent")
    if used is None or not subscribed:
        return None
    limit = subscribed
    template = _("{share} % of the {limit} VA subscribed")
    if 0 < cut_off < subscribed:
        limit = cut_off
        template = _("{share} % of the {limit} VA at which the meter cuts off")
    limit_in_text = limit
    if find(state, "headroom.current.l2") is not None:  # a business meter has no limit of a phase
        limit_in_text = limit // len(Phase)
        template = _("{share} % of the {limit} VA of the phase that draws most")
    power_left = _left_in_words(state, "headroom.power")
    left = ""
    if power_left:
        left = _("{power} left").format(power=power_left)
    return {
        "now": used,
        "most": _ALL,
        "power": limit,
        "text": template.format(share=used, limit=number(limit_in_text)),
        "left": left,
        "over": used > _ALL,
    }


def _phases(state: Json) -> list[Json]:
    """Return a row for each phase of a three-phase meter; the gauge of its current ends at `most`."""
    if find(state, "meter.phases") != len(Phase):
        return []
    return [
        {
            "name": _(phase.words),
            "power": text(state, f"power.apparent_import_{phase}"),
            "current": text(state, f"current.{phase}"),
            "left": _left_in_words(state, f"headroom.current.{phase}"),
            "voltage": text(state, f"voltage.{phase}"),
            "now": integer(state, f"current.{phase}"),
            "most": integer(state, "contract.subscribed_current"),
        }
        for phase in Phase
    ]


def _left_in_words(state: Json, path: str) -> str:
    """Return what is left before a limit; empty in an overrun, which the gauge shows."""
    left = integer(state, path)
    if left is None or left < 0:
        return ""
    return text(state, path)


def _line(model: LiveModel, state: Json) -> Json:
    health = model.health
    if health is None or health.line_quality is None:
        return None
    details: list[str] = []
    if health.reason is None:
        details += sentences.line_details(health)
    else:
        details.append(_(health.reason))
    details += [": ".join(row) for row in _row(state, "meter.clock_offset")]
    return {
        "grade": sentences.grade(health.line_quality),
        "good": sentences.is_good(health.line_quality),
        "details": [detail for detail in details if detail],
    }
