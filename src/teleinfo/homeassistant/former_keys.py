"""
The keys that entities keep from version 0.1.0, whatever they are called today.

Pure. Home Assistant recognises an entity by its unique id, which ends with the key of the entity. With
another key it would be another entity: history, dashboards and automations would stay with the old entity,
which would never change again. Hence the rule for every later change: the key of an entity never changes. A
field that gets another path keeps its key by `key` in its declaration.

Version 0.2.0 broke the rule: it replaced the étiquettes, which were the keys of 0.1.0, by the keys of today.
So a household that comes from 0.1.0 keeps its keys, and any other household has those of today. The memory
says which; `RENAMED` is needed only at the first start after the upgrade.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.entities import Entity
from teleinfo.state.field_entry import StateType
from teleinfo.vocabulary.codes import Phase

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_PAIRS: Final = """
OPTARIF=contract NGTF=contract PTEC=tariff LTARF=tariff ISOUSC=subscribed_current
PREF=subscribed_power PCOUP=cut_off_power DATE=clock EAST=energy_import BASE=energy_import
INDEX_TOTAL_HC=energy_import INDEX_TOTAL_EJP=energy_import INDEX_TOTAL_BBR=energy_import
EAIT=energy_export SINSTS=power_apparent PAPP=power_apparent SINSTI=power_injected
SMAXSN=power_max_today PMAX=power_max_yesterday SMAXSN_HORODATE=power_max_today_time
SMAXSN-1=power_max_yesterday SMAXSN-1_HORODATE=power_max_yesterday_time
SMAXIN=power_max_injected_today SMAXIN_HORODATE=power_max_injected_today_time
SMAXIN-1=power_max_injected_yesterday SMAXIN-1_HORODATE=power_max_injected_yesterday_time
PUISSANCE_MOYENNE=power_mean PUISSANCE_MOYENNE_INJECTEE=power_injected_mean
CCASN=load_curve_imported CCASN_HORODATE=load_curve_imported_time CCAIN=load_curve_exported
CCAIN_HORODATE=load_curve_exported_time IINST=current_1 IINST1=current_1 IINST2=current_2
IINST3=current_3 IRMS1=current_1 IRMS2=current_2 IRMS3=current_3 URMS1=voltage_1 URMS2=voltage_2
URMS3=voltage_3 UMOY1=mean_voltage_1 UMOY2=mean_voltage_2 UMOY3=mean_voltage_3
SINSTS1=power_apparent_1 SINSTS2=power_apparent_2 SINSTS3=power_apparent_3 COULEUR_JOUR=tempo_today
COULEUR_LENDEMAIN=tempo_tomorrow STGE_DEPASSEMENT=alert_overrun ADPS=alert_overrun
STGE_SURTENSION=alert_overvoltage STGE_CACHE_BORNES=alert_terminal_cover_open
STGE_HORLOGE=alert_clock_degraded STGE_COUPURE=breaker STGE_CONTACT_SEC=dry_contact
STGE_INJECTION=exporting
"""
RENAMED: Final = dict(pair.split("=") for pair in _PAIRS.split())
"""
The key of today for each key of 0.1.0, but for the indexes: their keys were their étiquettes.

Of several keys, the first counts: every state of 0.1.0 has ADPS, also in standard, where it had no entity.
"""

_UNUSED_INDEXES: Final = tuple(f"EASF{number:02}" for number in range(1, 11))
_UNUSED: Final = "MOTDETAT DEMAIN NTARF STGE RELAIS PPOT STGE_PREAVIS STGE_POINTE"
REMOVED: Final = {
    **dict.fromkeys((*_UNUSED.split(), *_UNUSED_INDEXES), StateType.TEXT),
    **{f"UMOY{phase}_HORODATE": StateType.TEXT for phase in Phase},
    **{f"{label}{phase}": StateType.SWITCH for label in ("PPOT_", "ADIR") for phase in Phase},
}
"""The type of each key of 0.1.0 that has no entity any more, unless it is kept."""

_MAXIMA: Final = ("SMAX", "PMAX", "CCASN-1", "CCAIN-1")


def keys_kept(found: Mapping[str, Entity], sent: Collection[str], kept: Mapping[str, str]) -> dict[str, str]:
    """Return the keys that are `kept`, and those of the entities of which version 0.1.0 `sent` a state."""
    keys = {new: old for old, new in reversed(RENAMED.items()) if old in sent and new in found}
    keys.update(kept)
    for key, entity in found.items():
        label = entity.path[2] if entity.path[:2] == ("energy", "indexes") else ""
        if label in sent and label not in keys.values():
            keys.setdefault(key, label)
    return keys


def with_kept_key(entity: Entity, kept: Mapping[str, str], *, upgrading: bool) -> Entity:
    """
    Return an entity as a household that has `kept` keys of 0.1.0 sees it.

    A quantity that had statistics has them still, since Home Assistant would ask to delete them. While
    `upgrading`, a state of 0.1.0 is shown until the next state, and it may be no option of a choice.
    """
    key = kept.get(entity.key, entity.key)
    if kept and key.startswith(_MAXIMA) and entity.state_type is StateType.NUMBER:
        entity = replace(entity, state_class="measurement")
    if upgrading and key != entity.key and entity.key in {"contract", "tariff"}:
        entity = replace(entity, state_type=StateType.TEXT, device_class=None)
    return replace(entity, key=key)


def removed_keys(sent: Collection[str]) -> dict[str, Entity]:
    """Return the entities of which version 0.1.0 `sent` a state, and that may be no more, by key."""
    removed = ((key, of) for key, of in REMOVED.items() if key in sent)
    return {key: Entity(key=key, name=key, state_type=of) for key, of in removed}
