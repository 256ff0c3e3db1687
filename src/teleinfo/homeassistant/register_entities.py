"""
The fields of the registers STGE and PPOT, and the Tempo colours, as entities and their states.

Pure. Sources: STGE, Enedis-NOI-CPT_54E v3 ("registre de statuts"); PPOT, Enedis-NOI-CPT_02E v6. A field whose
value is not in the documents gives no state.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.entities import Entity, StateType
from teleinfo.tic import registers as bits
from teleinfo.tic.horodate import local_time
from teleinfo.tic.labels import STATUS_REGISTER

if TYPE_CHECKING:
    from collections.abc import Mapping

_TODAY, _TOMORROW = "COULEUR_JOUR", "COULEUR_LENDEMAIN"
_COLOURS: Final = ("Bleu", "Blanc", "Rouge")
_CODES: Final = {"BLEU": "Bleu", "BLAN": "Blanc", "ROUG": "Rouge"}
_DAY_BEGINS: Final = dt.timedelta(hours=6)
_PEAKS: Final = ("Aucune", "Pointe mobile 1", "Pointe mobile 2", "Pointe mobile 3")


@dataclass(frozen=True, slots=True)
class _Field:
    """Bits of a register: `on` is the value that means ON, None if each value is an option of the entity."""

    entity: Entity
    bits: bits.Bits
    on: int | None = 1

    def state(self, word: int) -> str | None:
        number = self.bits.of(word)
        if self.on is not None:
            return "ON" if number == self.on else "OFF"
        return self.entity.options[number] if number < len(self.entity.options) else None


def _switch(key: str, name: str, device_class: str | None = "problem", **more: bool) -> Entity:
    return Entity(key=key, name=name, state_type=StateType.SWITCH, device_class=device_class, **more)  # type: ignore[arg-type]  # mypy takes the flags for any field


def _choice(key: str, name: str, options: tuple[str, ...], icon: str, **more: bool) -> Entity:
    return Entity(
        key=key,
        name=name,
        state_type=StateType.CHOICE,
        device_class="enum",
        options=options,
        icon=icon,
        **more,  # type: ignore[arg-type]  # as above
    )


_BREAKER: Final = (
    "Fermé",
    "Ouvert : surpuissance",
    "Ouvert : surtension",
    "Ouvert : délestage",
    "Ouvert : ordre du distributeur",
    "Ouvert : surchauffe, courant trop fort pour couper",
    "Ouvert : surchauffe",
)
_STGE: Final = (
    _Field(
        Entity(
            key="STGE_CONTACT_SEC",
            name="Contact sec",
            state_type=StateType.SWITCH,
            icon="mdi:electric-switch",
        ),
        bits.DRY_CONTACT,
        on=0,
    ),
    _Field(
        _choice("STGE_COUPURE", "Organe de coupure", _BREAKER, "mdi:electric-switch", diagnostic=True),
        bits.BREAKER,
        None,
    ),
    _Field(_switch("STGE_CACHE_BORNES", "Cache-bornes", "opening", diagnostic=True), bits.TERMINAL_COVER),
    _Field(_switch("STGE_SURTENSION", "Surtension"), bits.OVERVOLTAGE),
    _Field(_switch("STGE_DEPASSEMENT", "Dépassement"), bits.OVERRUN),
    _Field(
        Entity(
            key="STGE_INJECTION",
            name="Injection sur le réseau",
            state_type=StateType.SWITCH,
            icon="mdi:transmission-tower-import",
        ),
        bits.EXPORTING,
    ),
    _Field(_switch("STGE_HORLOGE", "Horloge dégradée", diagnostic=True), bits.CLOCK),
    _Field(
        _choice("STGE_PREAVIS", "Préavis de pointe mobile", _PEAKS, "mdi:timer-alert-outline", enabled=False),
        bits.PEAK_NOTICE,
        None,
    ),
    _Field(
        _choice("STGE_POINTE", "Pointe mobile", _PEAKS, "mdi:timer-alert", enabled=False), bits.PEAK, None
    ),
)
_PPOT: Final = tuple(
    _Field(_switch(f"PPOT_{phase}", f"Phase {phase} absente", diagnostic=True), bits.Bits(phase))
    for phase in bits.PHASES
)
_COLOUR_ENTITIES: Final = (
    _choice(_TODAY, "Couleur du jour", _COLOURS, "mdi:calendar-today"),
    _choice(_TOMORROW, "Couleur du lendemain", _COLOURS, "mdi:calendar-arrow-right"),
)
ENTITIES: Final = {
    **{field.entity.key: field.entity for field in (*_STGE, *_PPOT)},
    **{entity.key: entity for entity in _COLOUR_ENTITIES},
}
"""The entities of registers, by key."""


def decode_registers(values: Mapping[str, str]) -> dict[str, str | None]:
    """Return the states of the registers of one frame, by key; None: unknown to the meter."""
    found: dict[str, str | None] = {}
    status = bits.status(values.get(STATUS_REGISTER, ""))
    if status is not None:
        found |= _fields(_STGE, status)
    phases = bits.phases(values.get("PPOT", ""))
    if phases is not None:
        found |= _fields(_PPOT, phases)
    return found | _colours(values, status)


def _fields(fields: tuple[_Field, ...], word: int) -> dict[str, str | None]:
    return {field.entity.key: state for field in fields if (state := field.state(word)) is not None}


def _colours(values: Mapping[str, str], status: int | None) -> dict[str, str | None]:
    """
    Return the Tempo colours: from STGE and the mobile peaks, or from PTEC (`HPJW`) and DEMAIN.

    A Tempo day runs from 06:00 to 06:00. A meter without Tempo gives none; the colour of tomorrow is None
    until it is known.
    """
    if status is not None:
        today = bits.TODAY.of(status)
        if not today:
            return {}
        tomorrow = bits.TOMORROW.of(status) or _peak_tomorrow(values)
        return {_TODAY: _COLOURS[today - 1], _TOMORROW: _COLOURS[tomorrow - 1] if tomorrow else None}
    found: dict[str, str | None] = {}
    ptec = re.fullmatch(r"H[CP]J([BWR])", values.get("PTEC", ""))
    if ptec is not None:
        found[_TODAY] = _COLOURS["BWR".index(ptec[1])]
    if "DEMAIN" in values:
        found[_TOMORROW] = _CODES.get(values["DEMAIN"])
    return found


def _peak_tomorrow(values: Mapping[str, str]) -> int:
    """
    Return the colour of a mobile peak that begins tomorrow: 2 blanc (DPM1), 3 rouge (DPM2), 0 none.

    With Tempo a peak lasts a whole day. In a recording DPM2 announces one hours before STGE does.
    """
    now = local_time(values.get("DATE", ""))
    if now is None:
        return 0
    begin = f"{now - _DAY_BEGINS + dt.timedelta(days=1):%y%m%d}060000"
    peaks = {2: values.get("DPM1_HORODATE", ""), 3: values.get("DPM2_HORODATE", "")}
    return next((colour for colour, horodate in peaks.items() if horodate[1:] == begin), 0)
