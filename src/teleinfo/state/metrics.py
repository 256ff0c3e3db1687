"""
Metrics of meters for Prometheus, as `metrics.txt` declares them.

Pure. Source: prometheus.io, "Exposition formats" (text format 0.0.4) and "Metric and label naming".
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TABLE: Final = Path(__file__).with_name("metrics.txt").read_text(encoding="utf-8").splitlines()
_METRICS: Final = [line.split(" | ") for line in TABLE if line[:1].isalpha()]


def exposition(meters: Mapping[str, tuple[Any, Any]]) -> str:
    """Return the metrics of meters: by base topic, the state, and the health as a dataclass or None."""
    lines = []
    for name, path, factor, meaning in _METRICS:
        samples = []
        for topic, (state, health) in meters.items():
            content = {"state": state, "health": health and asdict(health)}
            for labels, value in _samples(content, path.split("."), {"topic": topic}):
                pairs = ",".join(
                    f"{label}={json.dumps(text, ensure_ascii=False)}" for label, text in labels.items()
                )
                samples.append(f"teleinfo_{name}{{{pairs}}} {value * float(factor):.15g}")
        if samples:
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP teleinfo_{name} {meaning}", f"# TYPE teleinfo_{name} {kind}", *samples]
    return "".join(f"{line}\n" for line in lines)


def _samples(content: Any, path: list[str], labels: dict[str, str]) -> Iterator[tuple[dict[str, str], float]]:  # noqa: ANN401
    """Yield each number at a path, with its labels."""
    if not path:
        if isinstance(content, int | float):
            yield labels, content
    elif isinstance(content, dict):
        part, rest = path[0], path[1:]
        for key in content if part.startswith("{") else [part]:
            more = labels | {part.strip("{}"): key} if part.startswith("{") else labels
            yield from _samples(content.get(key), rest, more)
