"""
Metrics of meters for Prometheus.

Pure. Source: prometheus.io, "Exposition formats" (text format 0.0.4) and "Metric and label naming". Names
follow their conventions: base units (Wh become joules, % a ratio), `_total` for counters.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from teleinfo.vocabulary.codes import Phase
from teleinfo.vocabulary.line import LineGrade

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _typeshed import DataclassInstance

    from teleinfo.state.fields import Json

_JOULES: Final = 3600.0  # in 1 Wh
_RATIO: Final = 0.01  # of 1 %


@dataclass(frozen=True)
class Metric:
    """
    A metric: the numbers and booleans at `path`, each times `factor`.

    `name` is without `teleinfo_`. The path begins with `state`, `health` or `online`. A part of it in braces
    is any key, and becomes the label of this name. The phase may be a part of a key, as in `current_{phase}`.
    Of a code, the number is its place in `codes`.
    """

    name: str
    path: str
    help: str
    _: KW_ONLY
    factor: float = 1.0
    codes: tuple[str, ...] = ()


METRICS: Final = (
    Metric("online", "online", "1 while readings come."),
    Metric("frames_total", "health.frames", "Frames that were published."),
    Metric("groups_total", "health.groups", "Sound groups that were published."),
    Metric("rejected_groups_total", "health.rejected.{cause}", "Groups that were not sound."),
    Metric("withheld_groups_total", "health.withheld.{cause}", "Sound groups that were not published."),
    Metric("interrupted_frames_total", "health.interrupted", "Frames that were cut short."),
    Metric(
        "bad_groups_ratio",
        "health.bad_groups_percent",
        "Share of the groups that were not sound, over five minutes.",
        factor=_RATIO,
    ),
    Metric(
        "line_quality",
        "health.line_quality",
        "Quality of the line, from 1 (good) to 4 (bad), or 0 (silent).",
        codes=tuple(LineGrade),
    ),
    Metric("uptime_seconds", "health.uptime", "Time since the start of the daemon."),
    Metric("subscribed_power_volt_amperes", "state.contract.subscribed_power", "Subscribed power."),
    Metric(
        "energy_imported_joules_total", "state.energy.import_total", "Energy drawn in all.", factor=_JOULES
    ),
    Metric(
        "energy_exported_joules_total", "state.energy.export_total", "Energy injected in all.", factor=_JOULES
    ),
    Metric(
        "energy_index_joules_total",
        "state.energy.indexes.{index}.value",
        "Reading of an index of the supplier.",
        factor=_JOULES,
    ),
    Metric(
        "energy_imported_today_joules",
        "state.energy.today.imported",
        "Energy drawn since midnight in France.",
        factor=_JOULES,
    ),
    Metric("cost_price_euros_per_kilowatt_hour", "state.cost.price", "Price of the tariff period in force."),
    Metric("cost_today_euros", "state.cost.today.value", "Cost since midnight, the subscription included."),
    Metric(
        "cost_this_month_euros",
        "state.cost.this_month.value",
        "Cost since the first day of the month, the subscription included.",
    ),
    Metric("power_apparent_import_volt_amperes", "state.power.apparent_import", "Apparent power drawn."),
    Metric(
        "power_apparent_import_phase_volt_amperes",
        "state.power.apparent_import_{phase}",
        "Apparent power drawn on a phase.",
    ),
    Metric("power_apparent_export_volt_amperes", "state.power.apparent_export", "Apparent power injected."),
    Metric(
        "power_apparent_net_volt_amperes", "state.power.apparent_net", "Apparent power drawn less injected."
    ),
    Metric("power_active_watts", "state.power.active", "Active power, negative while injecting."),
    Metric("power_active_lower_watts", "state.power.active_lower", "Lower bound of the active power."),
    Metric("power_active_upper_watts", "state.power.active_upper", "Upper bound of the active power."),
    Metric("power_factor_ratio", "state.power.factor", "Active by apparent power."),
    Metric(
        "max_power_imported_today_volt_amperes",
        "state.max_power.today.imported.value",
        "Greatest apparent power drawn today.",
    ),
    Metric(
        "headroom_used_ratio",
        "state.headroom.used_percent",
        "How much of the subscription is drawn.",
        factor=_RATIO,
    ),
    Metric("headroom_power_volt_amperes", "state.headroom.power", "Power left below the subscription."),
    Metric("current_amperes", "state.current.{phase}", "Current of a phase."),
    Metric("voltage_volts", "state.voltage.{phase}", "Voltage of a phase."),
    Metric("alert_active", "state.alerts.{alert}.active", "1 while an alert is active."),
    Metric(
        "clock_offset_seconds",
        "state.meter.clock_offset",
        "Seconds by which the clock of the meter is ahead.",
    ),
)


@dataclass(frozen=True)
class MeterNow:
    """The present state of a meter, its health, and whether readings come; the last two None if unknown."""

    state: Mapping[str, Json]
    health: DataclassInstance | None
    online: bool | None


def exposition(meters: Mapping[str, MeterNow]) -> str:
    """Return the metrics of meters, by base topic, in the text format."""
    contents: dict[str, dict[str, Any]] = {}
    for topic, meter in meters.items():
        health = None if meter.health is None else asdict(meter.health)
        contents[topic] = {"state": meter.state, "health": health, "online": meter.online}

    lines = _lines_of_info(contents)
    for metric in METRICS:
        samples = []
        for topic, content in contents.items():
            for labels, value in _values(content, metric.path.split("."), {"topic": topic}):
                if value in metric.codes:
                    samples.append(_sample(metric.name, labels, metric.codes.index(value)))
                elif isinstance(value, int | float):
                    samples.append(_sample(metric.name, labels, value * metric.factor))
        lines += _with_head(metric.name, metric.help, samples)
    return "".join(f"{line}\n" for line in lines)


def _lines_of_info(contents: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return the metric that is always 1, whose labels tell of the meter; empty where unknown."""
    samples = []
    for topic, content in contents.items():
        health = content["health"] or {}
        meter = content["state"].get("meter", {})
        labels = {
            "topic": topic,
            "version": health.get("version") or "",
            "mode": meter.get("mode") or "",
            "model": meter.get("model") or "",
        }
        if labels["version"] or labels["mode"]:
            samples.append(_sample("info", labels, 1))
    return _with_head("info", "Version of teleinfo, mode and model of the meter.", samples)


def _with_head(name: str, meaning: str, samples: list[str]) -> list[str]:
    """Return the lines of a metric; none without a sample."""
    if not samples:
        return []
    kind = "counter" if name.endswith("_total") else "gauge"
    return [f"# HELP teleinfo_{name} {meaning}", f"# TYPE teleinfo_{name} {kind}", *samples]


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    """Return the line of a value, such as `teleinfo_online{topic="teleinfo"} 1`."""
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"teleinfo_{name}{{{pairs}}} {value:.15g}"


def _escaped(text: str) -> str:
    """Return the value of a label between its quotes; the text format knows these three escapes alone."""
    # The backslash first: the other two steps add some.
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _values(content: Any, path: list[str], labels: dict[str, str]) -> Iterator[tuple[dict[str, str], Any]]:  # noqa: ANN401 - JSON
    """
    Yield each value at a path inside `content`, with its `labels`.

    A part in braces adds a label, and may lead to several values. Where the content lacks a part, the value
    is None.
    """
    if not path:
        yield labels, content
        return
    if not isinstance(content, dict):
        return
    part, *rest = path
    if "{phase}" in part:
        for phase in Phase:
            yield from _values(content.get(part.format(phase=phase)), rest, labels | {"phase": phase.value})
    elif part.startswith("{"):
        for key, inner in content.items():
            yield from _values(inner, rest, labels | {part.strip("{}"): key})
    else:
        yield from _values(content.get(part), rest, labels)
