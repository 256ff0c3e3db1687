"""
What an entity of Home Assistant gets by its unit or étiquette: device class, icon, pace, enabled or not.

The abbreviated keys of discovery messages stand here, too.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

DEVICE_CLASSES: Final = {
    "Wh": "energy",
    "varh": "reactive_energy",
    "VA": "apparent_power",
    "W": "power",
    "var": "reactive_power",
    "A": "current",
    "V": "voltage",
    "min": "duration",
    "EUR": "monetary",
    "time": "timestamp",
    "enum": "enum",
}
"""Home Assistant's device class for each unit or type of state."""

HIDDEN: Final = frozenset(
    {
        # Constants of Linky.
        *("IMAX", "IMAX1", "IMAX2", "IMAX3", "HHPHC", "VTIC", "NJOURF", "NJOURF+1", "MSG1", "MSG2"),
        # Maxima of each phase, and values of the day before.
        *("SMAXSN1", "SMAXSN2", "SMAXSN3", "SMAXSN1-1", "SMAXSN2-1", "SMAXSN3-1", "CCASN-1", "CCAIN-1"),
        # Indexes of the distributor, and of the reactive energy.
        *("EASD01", "EASD02", "EASD03", "EASD04", "ERQ1", "ERQ2", "ERQ3", "ERQ4"),
    }
)
"""Étiquettes whose entity is not enabled."""

ICONS: Final = {
    "HHPHC": "mdi:timetable",
    "MSG1": "mdi:message-text-outline",
    "MSG2": "mdi:message-text-outline",
    "GAZ": "mdi:meter-gas",
    "PEJP": "mdi:timer-alert-outline",
}
"""Icons of étiquettes."""


class Pace(NamedTuple):
    """The pace of a number, which is shown anew when it changes by more than `noise`, or after `seconds`."""

    noise: float
    seconds: float


PACES: Final = {
    "W": Pace(noise=75, seconds=120),
    "VA": Pace(noise=75, seconds=120),
    "V": Pace(noise=3, seconds=300),
    "Wh": Pace(noise=math.inf, seconds=300),
    "EUR": Pace(noise=math.inf, seconds=300),
}
"""
The pace of the numbers of a unit. Those of any other unit are shown at once.

The share of the subscription and the currents have no pace: automations shed load at a threshold of theirs,
and must see each change. They are whole numbers, and change seldom.
"""

SHORT_KEYS: Final = {
    "unique_id": "uniq_id",
    "device_class": "dev_cla",
    "state_class": "stat_cla",
    "unit_of_measurement": "unit_of_meas",
    "suggested_display_precision": "sug_dsp_prc",
    "options": "ops",
    "payload_on": "pl_on",
    "payload_off": "pl_off",
    "icon": "ic",
    "entity_category": "ent_cat",
    "enabled_by_default": "en",
    "expire_after": "exp_aft",
    "state_topic": "stat_t",
    "value_template": "val_tpl",
    "last_reset_value_template": "lrst_val_tpl",
    "json_attributes_topic": "json_attr_t",
    "json_attributes_template": "json_attr_tpl",
}
"""Home Assistant's abbreviations of the keys of a component (components/mqtt/abbreviations.py of 2025.6)."""
