"""
The page as data, pure: the text of each place, in words and figures, in the language of the reader.

The page puts the texts into their places; it does not interpret TIC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_, _
from teleinfo.common.terminal_text import printable
from teleinfo.state.declaration import FIELD_OF_PATH
from teleinfo.vocabulary.codes import Alert, Contract, Phase, TariffPeriod
from teleinfo.vocabulary.line import LineGrade
from teleinfo.watch import sentences
from teleinfo.watch.declared import clock, find, integer, number, rows, text, title
from teleinfo.watch.describe import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.state.fields import Json
    from teleinfo.watch.live_model import LiveModel

_THREE_PHASES: Final = 3

_SPANS: Final = {"today": N_("Today"), "yesterday": N_("Yesterday")}
"""The days whose energies stand side by side, with their names."""

_PLACED: Final = {
    *("power.apparent", "power.injected", "power.net", "power.active", "headroom.used", "headroom.power"),
    *("contract.subscribed_power", "contract.subscribed_current", "contract.cut_off_power"),
}
"""The fields with a place of their own, which have no row beside it."""

_HOURS: Final = {
    **{period: "low" for period in TariffPeriod if period.startswith(("HC", "HSC", "WE"))},
    **dict.fromkeys((TariffPeriod.TH, TariffPeriod.HN, TariffPeriod.PRODUCER), "plain"),
    TariffPeriod.PM: "peak",
}
"""The shade of a period in a picture; any other common period is "high"."""


def words_part(model: LiveModel) -> dict[str, Json]:
    """Return the part `words`, what the history has as codes: tariff periods, and alerts of the contract."""
    return {
        "periods": {
            period: {"text": _(period.words), "hours": _HOURS.get(period, "high"), "colour": period.colour}
            for period in TariffPeriod
        },
        "alerts": {alert: _(alert.words) for alert in _alerts_of(model.state())},
    }


def now_part(model: LiveModel, *, now: float) -> dict[str, object]:
    """Return the part `now`, all that changes with each reading, at the monotonic time `now`."""
    state, today = model.state(now=now), model.clock().date()
    silence = model.silence(now=now)
    return {
        "meter": sentences.meter(model),
        "id": find(state, "meter.id"),
        "time": clock(find(state, "time"), today=today, seconds=True),
        "waiting": sentences.waiting(model) if model.mode is None else None,
        "silent": None
        if silence is None
        else _("The meter is silent for {time}").format(time=duration(silence)),
        "why": "" if model.note is None else model.note.text,
        "alerts": [
            [_(alert.words), _("since {time}").format(time=since) if since else ""]
            for alert in _alerts_of(state)
            if find(state, f"alerts.{alert}.active") is True
            for since in [clock(find(state, f"alerts.{alert}.since"), today=today)]
        ],
        "power": _power(state),
        "facts": _rows(state, "power", "headroom", "current", "voltage"),
        "phases": _phases(state),
        "tariff": [
            *_row(state, "tariff.name"),
            *_row(state, "tariff.next.time", "tariff.next.name"),
            *_row(state, "cost.price"),
            *_rows(state, "contract"),
        ],
        "tempo": _tempo(state),
        "days": _days(state),
        "indexes": [
            [name, f"{number(value / 1000, 1)} kWh"]
            for label, name in _indexes(state).items()
            if (value := integer(state, f"energy.indexes.{label}.value")) is not None
        ],
        "line": _line(model, state),
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


def _alerts_of(state: Json) -> Iterator[Alert]:
    """Yield the alerts that mean something with this contract: with Tempo, a mobile peak is a red day."""
    contract = find(state, "contract.code")
    for alert in Alert:
        field = FIELD_OF_PATH[f"alerts.{alert}.active"]
        if not isinstance(field.enabled, Contract) or field.enabled == contract:
            yield alert


def _row(state: Json, path: str, more: str = "") -> list[tuple[str, str]]:
    """Return the name of a field with its text, and that of another field; nothing if it is unknown."""
    shown = text(state, path)
    parts = [shown, text(state, more) if more else ""]
    return [(title(path), ", ".join(part for part in parts if part))] if shown else []


def _rows(state: Json, *sections: str) -> list[tuple[str, str]]:
    """Return name and text of each field of these sections that has no place of its own, but for zeros."""
    single = find(state, "meter.phases") != _THREE_PHASES
    return [
        (name, shown)
        for field, name, shown in rows(state)
        if field.parts[0] in sections and field.path not in _PLACED and not field.diagnostic
        if (single or field.phase is None) and find(state, field.path) != 0
    ]


def _power(state: Json) -> dict[str, Json] | None:
    net, drawn = integer(state, "power.net"), integer(state, "power.apparent")
    if net is None or drawn is None:
        return None
    estimated = net < 0 and find(state, "power.estimated") is True
    return {
        "figure": number(net),
        "label": _("injected into the grid") if net < 0 else _("drawn from the grid"),
        "watts": text(state, "power.active"),
        "injects": net < 0,
        "estimated": _("estimated, from current and voltage") if estimated else "",
        "limit": _limit(state),
    }


def _limit(state: Json) -> Json:
    """Return how much of the subscribed power, or of a lower cut-off power, is used, and what is left."""
    subscribed, cut_off = (
        integer(state, f"contract.{power}_power") or 0 for power in ("subscribed", "cut_off")
    )
    used, left = integer(state, "headroom.used"), integer(state, "headroom.power")
    if used is None or not subscribed:
        return None
    most, template = subscribed, _("{share} % of the {limit} VA subscribed")
    if 0 < cut_off < subscribed:
        most, template = cut_off, _("{share} % of the {limit} VA at which the meter cuts off")
    return {
        "now": used,
        "most": 100,
        "text": template.format(share=used, limit=number(most)),
        "left": ""
        if left is None or left < 0
        else _("{power} left").format(power=text(state, "headroom.power")),
        "over": used > 100,  # noqa: PLR2004 - %
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
            "left": text(state, f"headroom.current.{phase}"),
            "voltage": text(state, f"voltage.{phase}"),
            "now": integer(state, f"current.{phase}"),
            "most": integer(state, "contract.subscribed_current"),
        }
        for phase in Phase
    ]


def _tempo(state: Json) -> list[Json]:
    """Return the colours of Tempo: the name of the day, the code of the colour, and its name."""
    return [
        {"day": title(path), "colour": find(state, path), "text": text(state, path) or _("not known yet")}
        for path in ("tempo.today", "tempo.tomorrow")
        if find(state, "tempo.today")
    ]


def _indexes(state: Json) -> dict[str, str]:
    """Return the name of each index of the supplier by its étiquette."""
    indexes = find(state, "energy.indexes")
    return {
        label: printable(_(str(find(index, "name") or label)))
        for label, index in (indexes.items() if isinstance(indexes, dict) else ())
    }


def _days(state: Json) -> object:
    """Return the energy and the cost of today and yesterday side by side, and those of the months."""
    if integer(state, "energy.today.imported") is None:
        return None
    indexes = _indexes(state)
    names = {f"indexes.{label}": name for label, name in indexes.items() if len(indexes) > 1}
    table = [
        [name, *(text(state, f"energy.{span}.{part}", marked=False) or "–" for span in _SPANS)]
        for part, name in {**names, "imported": _("Total"), "exported": _("Injected")}.items()
        if any(integer(state, f"energy.{span}.{part}") for span in _SPANS) or part == "imported"
    ]
    cost = [text(state, f"cost.{span}.value", marked=False) for span in _SPANS]
    return {
        "energy": text(state, "energy.today.imported", marked=False),
        "cost": cost[0],
        "columns": [
            _("{value} (incomplete)").format(value=_(name))
            if find(state, f"energy.{span}.is_complete") is False
            else _(name)
            for span, name in _SPANS.items()
        ],
        "rows": [*table, *([[_("Cost"), *cost]] if any(cost) else [])],
        "months": [
            (
                name,
                " · ".join(part for part in (shown, text(state, f"cost.{span}.value", marked=False)) if part),
            )
            for span in ("this_month", "last_month")
            for name, shown in _row(state, f"energy.{span}.imported")
        ],
    }


def _line(model: LiveModel, state: Json) -> Json:
    health = model.health
    if health is None or health.line is None:
        return None
    details = sentences.line_details(health) if health.reason is None else (_(health.reason),)
    offset = [": ".join(row) for row in _row(state, "meter.clock_offset")]
    return {
        "grade": sentences.grade(health.line),
        "good": health.line in {LineGrade.GOOD, LineGrade.FAIR},
        "details": [detail for detail in (*details, *offset) if detail],
    }
