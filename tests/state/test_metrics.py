"""The metrics for Prometheus: their names, their units, their labels."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from teleinfo.port.health import Health
from teleinfo.state.declaration import FIELDS
from teleinfo.state.metrics import METRICS, MeterNow, Metric, exposition
from teleinfo.vocabulary.codes import Phase
from teleinfo.vocabulary.line import LineGrade

NAMED = {
    "Wh": ("_joules", 3600),
    "%": ("_ratio", 0.01),
    "VA": ("_volt_amperes", 1),
    "W": ("_watts", 1),
    "A": ("_amperes", 1),
    "V": ("_volts", 1),
    "EUR": ("_euros", 1),
    "s": ("_seconds", 1),
}
"""How the name of a metric in each unit ends, and its factor."""
GOLDEN = Path(__file__).with_name("golden")
HEALTH = Health(
    version="1.0.0",
    frames=3,
    rejected={"parity": 2, "checksum": 0},
    bad_groups_percent=0.5,
    line_quality=LineGrade.FAIR,
)


def metrics(text: str) -> dict[str, float]:
    """Return the value of each sample by its name with its labels."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_numbers_are_in_base_units_with_the_topic_as_label() -> None:
    state = json.loads((GOLDEN / "hc.json").read_text(encoding="utf-8"))
    text = exposition({"teleinfo": MeterNow(state, HEALTH, online=True)})
    found = metrics(text)
    index = state["energy"]["indexes"]["HC"]["value"]

    assert found['teleinfo_energy_index_joules_total{topic="teleinfo",index="HC"}'] == index * 3600
    assert found['teleinfo_headroom_used_ratio{topic="teleinfo"}'] == state["headroom"]["used_percent"] / 100
    assert found['teleinfo_current_amperes{topic="teleinfo",phase="l1"}'] == state["current"]["l1"]
    assert found['teleinfo_alert_active{topic="teleinfo",alert="overrun"}'] == 0
    assert found['teleinfo_rejected_groups_total{topic="teleinfo",cause="parity"}'] == 2
    assert found['teleinfo_bad_groups_ratio{topic="teleinfo"}'] == 0.005
    assert found['teleinfo_line_quality{topic="teleinfo"}'] == 2
    assert found['teleinfo_online{topic="teleinfo"}'] == 1
    model = state["meter"]["model"]
    info = f'teleinfo_info{{topic="teleinfo",version="1.0.0",mode="historique",model="{model}"}}'
    assert (found[info], model.split()[0]) == (1, "Linky")
    assert "# TYPE teleinfo_energy_imported_joules_total counter\n" in text
    assert "# TYPE teleinfo_power_apparent_import_volt_amperes gauge\n" in text
    assert not [name for name in found if name.startswith("teleinfo_uptime")]  # unknown


def test_the_samples_of_a_metric_stand_together_and_texts_are_escaped() -> None:
    """A topic may have a quotation mark; nothing is known of the third meter."""
    known = MeterNow({}, HEALTH, online=None)
    silent = MeterNow({}, HEALTH, online=False)
    text = exposition({'é"b\\c': known, "other": silent, "unknown": MeterNow({}, None, online=None)})

    assert text.splitlines()[:10] == [
        "# HELP teleinfo_info Version of teleinfo, mode and model of the meter.",
        "# TYPE teleinfo_info gauge",
        r'teleinfo_info{topic="é\"b\\c",version="1.0.0",mode="",model=""} 1',
        'teleinfo_info{topic="other",version="1.0.0",mode="",model=""} 1',
        "# HELP teleinfo_online 1 while readings come.",
        "# TYPE teleinfo_online gauge",
        'teleinfo_online{topic="other"} 0',
        "# HELP teleinfo_frames_total Frames that were published.",
        "# TYPE teleinfo_frames_total counter",
        r'teleinfo_frames_total{topic="é\"b\\c"} 3',
    ]
    assert "unknown" not in text


def test_a_text_has_no_other_escapes_than_those_of_the_text_format() -> None:
    """A tab, or another control character, has none there: it stands as it is."""
    text = exposition({'a\\n\n"\t\x01\x7fé': MeterNow({}, None, online=True)})

    assert text.split("\n")[2] == 'teleinfo_online{topic="a\\\\n\\n\\"\t\x01\x7fé"} 1'


def test_each_phase_has_its_number() -> None:
    """A meter of three phases has a current for each phase, and none without a phase."""
    state = json.loads((GOLDEN / "tri.json").read_text(encoding="utf-8"))
    found = metrics(exposition({"teleinfo": MeterNow(state, None, online=True)}))
    currents = {f'teleinfo_current_amperes{{topic="teleinfo",phase="{phase}"}}' for phase in Phase}

    assert {name for name in found if name.startswith("teleinfo_current_amperes")} == currents


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_each_metric_has_a_field_and_a_name_by_the_conventions(metric: Metric) -> None:
    """Its path is that of a field of the state or of health; its name and its factor tell of its unit."""
    section, _, rest = metric.path.partition(".")
    pattern = re.compile(re.sub(r"\\{\w+\\}", r"[^.]+", re.escape(rest)))
    fields = [field for field in FIELDS if pattern.fullmatch(field.path)]
    unit = fields[0].unit if fields else None
    is_there = {
        "online": not rest,
        "health": rest.partition(".")[0] in get_type_hints(Health),
        "state": bool(fields),
    }
    unit_in_name, factor = NAMED.get(unit or "", ("", 1))
    if metric.path == "health.bad_groups_percent":
        unit_in_name, factor = NAMED["%"]

    assert re.fullmatch("[a-z][a-z_]*", metric.name)
    assert is_there[section]
    assert metric.factor == factor
    assert metric.name.removesuffix("_total").endswith(unit_in_name)
    assert metric.help.endswith(".")


def test_no_two_metrics_have_one_name() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
