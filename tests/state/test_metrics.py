"""The metrics for Prometheus: their names, their units, their labels."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from teleinfo.port.health import Health
from teleinfo.state.declaration import FIELDS
from teleinfo.state.metrics import TABLE, exposition

GOLDEN = Path(__file__).with_name("golden")
HEALTH = Health(frames=3, rejected={"parity": 2, "checksum": 0}, bad_groups_percent=0.5)


def metrics(text: str) -> dict[str, float]:
    """Return the value of each sample by its name with its labels."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_numbers_are_in_base_units_with_the_topic_as_label() -> None:
    state = json.loads((GOLDEN / "hc.json").read_text(encoding="utf-8"))
    text = exposition({"teleinfo": (state, HEALTH)})
    found = metrics(text)
    index = state["energy"]["indexes"]["HC"]["value"]

    assert found['teleinfo_energy_index_joules_total{topic="teleinfo",index="HC"}'] == index * 3600
    assert found['teleinfo_headroom_used_ratio{topic="teleinfo"}'] == state["headroom"]["used"] / 100
    assert found['teleinfo_current_amperes{topic="teleinfo",phase="1"}'] == state["current"]["1"]
    assert found['teleinfo_alert_active{topic="teleinfo",alert="overrun"}'] == 0
    assert found['teleinfo_rejected_groups_total{topic="teleinfo",cause="parity"}'] == 2
    assert found['teleinfo_bad_groups_ratio{topic="teleinfo"}'] == 0.005
    assert "# TYPE teleinfo_energy_imported_joules_total counter\n" in text
    assert "# TYPE teleinfo_power_apparent_volt_amperes gauge\n" in text
    assert not [name for name in found if name.startswith("teleinfo_uptime")]  # unknown


def test_the_samples_of_a_metric_stand_together_and_texts_are_escaped() -> None:
    """A topic may have a quotation mark; nothing is known of the second meter."""
    text = exposition({'é"b\\c': ({}, HEALTH), "other": ({}, HEALTH), "unknown": ({}, None)})

    assert text.splitlines()[:4] == [
        "# HELP teleinfo_frames_total Frames that were published.",
        "# TYPE teleinfo_frames_total counter",
        r'teleinfo_frames_total{topic="é\"b\\c"} 3',
        'teleinfo_frames_total{topic="other"} 3',
    ]
    assert "unknown" not in text


@pytest.mark.parametrize("line", [line for line in TABLE if line[:1] not in {"", "#"}])
def test_each_metric_has_a_field_and_a_name_by_the_conventions(line: str) -> None:
    """Its path is that of a field of the state or of health; its factor is that of its unit."""
    name, path, factor, _meaning = line.split(" | ")
    section, _, rest = path.partition(".")
    pattern = re.compile(re.sub(r"\\{\w+\\}", r"[^.]+", re.escape(rest)))
    fields = [field for field in FIELDS if pattern.fullmatch(field.path)]
    unit = fields[0].unit if fields else None

    assert re.fullmatch("[a-z][a-z_]*", name)
    assert {"health": rest.partition(".")[0] in get_type_hints(Health), "state": fields}[section]
    assert float(factor) == {"Wh": 3600, "%": 0.01}.get(
        unit or "", 0.01 if name.endswith("groups_ratio") else 1
    )
