"""
The declaration of the fields of the state, a module for some sections of the message each.

The message, its plain topics and the entities of Home Assistant derive from it; `tests/state/documents.py`
writes the JSON Schema and the tables of the documentation. `Field` explains the attributes. Pure.
"""

from __future__ import annotations

from typing import Final

from teleinfo.state.declaration import alerts, contacts, contract, cost, energy, meter, phases, power

FIELDS: Final = (
    *meter.FIELDS,
    *contract.FIELDS,
    *energy.FIELDS,
    *cost.FIELDS,
    *power.FIELDS,
    *phases.FIELDS,
    *alerts.FIELDS,
    *contacts.FIELDS,
)
"""The fields of the state, in the order of the message."""

FIELD_OF_PATH: Final = {field.path: field for field in FIELDS}
