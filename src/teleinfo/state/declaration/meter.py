"""The fields of the meter, of its clock and of its last frame."""

from __future__ import annotations

from typing import Final

from teleinfo.state.field_entry import Field, StateType
from teleinfo.tic.labels import Mode

FIELDS: Final = (
    Field(
        "time",
        StateType.TIME,
        "Time of the last frame, by the clock of the machine.",
        read=lambda now: now.facts.heard.iso,
    ),
    Field(
        "meter.serial_number",
        StateType.TEXT,
        "Number of the meter (ADCO, ADSC); absent where it is excluded or not sent.",
        sources=("ADCO", "ADSC", "ADS"),
        read=lambda now: now.device.serial,
    ),
    Field(
        "meter.id",
        StateType.TEXT,
        "Identity of the meter: its number, or four digits of a hash where that is excluded or not sent.",
        read=lambda now: now.device.scope,
    ),
    Field(
        "meter.model",
        StateType.TEXT,
        "Model of the meter, by its number.",
        read=lambda now: now.model,
    ),
    Field(
        "meter.manufacturer",
        StateType.TEXT,
        "Manufacturer of the meter, by its number.",
        read=lambda now: now.manufacturer,
    ),
    Field(
        "meter.mode",
        StateType.ENUM,
        "Mode of the output of the meter.",
        codes=tuple(Mode),
        read=lambda now: now.contract.mode,
    ),
    Field(
        "meter.phases",
        StateType.NUMBER,
        "Number of phases of the meter: 1 or 3.",
        unit="",
        read=lambda now: now.facts.phases,
    ),
    Field(
        "meter.clock",
        StateType.TIME,
        "Clock of the meter (standard; absent for a meter of the overseas islands).",
        sources=("DATE", "DATECOUR"),
        read=lambda now: now.clock,
        name="Meter clock",
        key="clock",
        diagnostic=True,
        enabled=False,
    ),
    Field(
        "meter.clock_offset",
        StateType.NUMBER,
        "Seconds by which that clock is ahead of the machine's, negative if it is behind; it changes "
        "only by more than 5.",
        unit="s",
        signed=True,
        read=lambda now: now.clock_offset,
        name="Meter clock offset",
        key="clock_offset",
        diagnostic=True,
    ),
    Field(
        "frame.missing",
        StateType.LIST,
        "Étiquettes that the last frame lacked, which came not long before: their groups were "
        "damaged or withheld.",
        read=lambda now: now.missing,
    ),
)
