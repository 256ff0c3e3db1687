"""
The entities of the decoded state: what both modes of the meter say has one entity with one id.

Pure. A change of mode changes where a state stands in the message (`energy.indexes.HCHC` or `EASF01`), and
nothing that Home Assistant knows its entity by. The keys are frozen: with another id every household would
lose its history.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from teleinfo.homeassistant.entities import DEVICE_CLASSES, Entity, StateType, entity_of, localized
from teleinfo.state.words import unnamed_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.state.fields import Json
    from teleinfo.state.words import Language
    from teleinfo.tic.labels import Mode

_PHASES: Final = (1, 2, 3)
_RELAYS: Final = range(2, 9)  # the first is the dry contact
_COLOURS: Final = (("blue", "Bleu"), ("white", "Blanc"), ("red", "Rouge"))
_BREAKER: Final = (
    ("closed", "Fermé"),
    ("open: overload", "Ouvert : surpuissance"),
    ("open: overvoltage", "Ouvert : surtension"),
    ("open: load shedding", "Ouvert : délestage"),
    ("open: order of the distributor", "Ouvert : ordre du distributeur"),
    ("open: overheated, current too high to cut", "Ouvert : surchauffe, courant trop fort pour couper"),
    ("open: overheated", "Ouvert : surchauffe"),
)


def _measure(key: str, name: str, path: str, unit: str, **more: Any) -> Entity:  # noqa: ANN401 - any field of Entity
    """Return the entity of a number at this moment, whose mean over an hour means something."""
    return _number(key, name, path, unit, state_class="measurement", **more)


def _number(key: str, name: str, path: str, unit: str, **more: Any) -> Entity:  # noqa: ANN401 - as above
    return Entity(
        key=key,
        name=name,
        state_type=StateType.NUMBER,
        path=tuple(path.split(".")),
        device_class=DEVICE_CLASSES[unit],
        unit=unit,
        precision=0,
        **more,
    )


def _total(key: str, name: str, path: str) -> Entity:
    return _number(key, name, path, "Wh", state_class="total_increasing")


def _other(key: str, name: str, path: str, state_type: StateType, **more: Any) -> Entity:  # noqa: ANN401 - as above
    return Entity(key=key, name=name, state_type=state_type, path=tuple(path.split(".")), **more)


def _alert(name: str, french: str, device_class: str = "problem", **more: Any) -> Entity:  # noqa: ANN401 - as above
    path = f"alerts.{name}.active"
    return _other(f"alert_{name}", french, path, StateType.SWITCH, device_class=device_class, **more)


def _maxima() -> Iterator[Entity]:
    """Yield the greatest powers of two days, and when they were."""
    for name, french in (
        ("max_today", "Puissance max. du jour"),
        ("max_yesterday", "Puissance max. de la veille"),
        ("max_injected_today", "Puissance max. injectée du jour"),
        ("max_injected_yesterday", "Puissance max. injectée de la veille"),
    ):
        yield _number(f"power_{name}", french, f"power.{name}", "VA")
        yield _time(f"power_{name}_time", f"{french} (heure)", f"power.{name}_time")


def _time(key: str, name: str, path: str) -> Entity:
    return _other(key, name, path, StateType.TIME, device_class="timestamp", diagnostic=True, enabled=False)


_FIELDS: Final = (
    _other("contract", "Contrat", "contract.name", StateType.TEXT, icon="mdi:file-sign"),
    _number("subscribed_power", "Puissance souscrite", "contract.subscribed_power", "VA", diagnostic=True),
    _number("subscribed_current", "Intensité souscrite", "contract.subscribed_current", "A", diagnostic=True),
    _number("cut_off_power", "Puissance de coupure", "contract.cut_off_power", "VA", diagnostic=True),
    _other("tariff", "Tarif en cours", "tariff.name", StateType.TEXT, icon="mdi:clock-outline"),
    *(
        _other(
            f"tempo_{day}",
            french,
            f"tempo.{day}",
            StateType.CHOICE,
            device_class="enum",
            words=_COLOURS,
            icon=icon,
        )
        for day, french, icon in (
            ("today", "Couleur du jour", "mdi:calendar-today"),
            ("tomorrow", "Couleur du lendemain", "mdi:calendar-arrow-right"),
        )
    ),
    _total("energy_import", "Énergie soutirée", "energy.import_total"),
    _total("energy_export", "Énergie injectée", "energy.export_total"),
    _measure("power_apparent", "Puissance apparente", "power.apparent", "VA"),
    _measure("power_injected", "Puissance apparente injectée", "power.injected", "VA"),
    _measure("power_mean", "Puissance active moyenne (calculée)", "power.mean", "W"),
    _measure(
        "power_injected_mean", "Puissance active moyenne injectée (calculée)", "power.injected_mean", "W"
    ),
    _other(
        "exporting",
        "Injection sur le réseau",
        "power.exporting",
        StateType.SWITCH,
        icon="mdi:transmission-tower-import",
    ),
    *_maxima(),
    _measure("load_curve_imported", "Courbe de charge soutirée", "load_curve.imported.value", "W"),
    _time("load_curve_imported_time", "Courbe de charge soutirée (heure)", "load_curve.imported.time"),
    _measure("load_curve_exported", "Courbe de charge injectée", "load_curve.exported.value", "W"),
    _time("load_curve_exported_time", "Courbe de charge injectée (heure)", "load_curve.exported.time"),
    _alert("overrun", "Dépassement"),
    _alert("overvoltage", "Surtension"),
    _alert("terminal_cover_open", "Cache-bornes", "opening", diagnostic=True),
    _alert("clock_degraded", "Horloge dégradée", diagnostic=True),
    _alert("phase_missing", "Phase absente", diagnostic=True),
    _other(
        "breaker",
        "Organe de coupure",
        "contacts.breaker",
        StateType.CHOICE,
        device_class="enum",
        words=_BREAKER,
        icon="mdi:electric-switch",
        diagnostic=True,
    ),
    _other(
        "dry_contact",
        "Contact sec",
        "contacts.dry_contact",
        StateType.SWITCH,
        on="closed",
        off="open",
        icon="mdi:electric-switch",
    ),
    *(
        _other(
            f"relay_{relay}",
            f"Relais {relay}",
            f"contacts.relays.{relay}",
            StateType.SWITCH,
            icon="mdi:electric-switch",
            diagnostic=True,
            enabled=False,
        )
        for relay in _RELAYS
    ),
    _time("clock", "Horloge du compteur", "meter.clock"),
)
# Of every meter in mode standard, and of interest with few contracts.
_PEAKS: Final = (
    _alert("mobile_peak_notice", "Préavis de pointe mobile"),
    _alert("mobile_peak", "Pointe mobile"),
)
# Of a meter that injects nothing it would be the apparent power once more.
_NET: Final = _measure("power_net", "Puissance apparente nette", "power.net", "VA")
_BY_PHASE: Final = (
    _measure("current", "Intensité", "current", "A"),
    _measure("voltage", "Tension", "voltage", "V"),
    _measure("mean_voltage", "Tension moyenne", "mean_voltage", "V", enabled=False),
    _measure("power_apparent", "Puissance apparente", "power.apparent_by_phase", "VA"),
)


def entities_of(state: dict[str, Json], mode: Mode, language: Language) -> dict[str, Entity]:
    """Return by key the entities of everything that stands in `state`, of a meter in `mode`."""
    phases = _find(state, ("meter", "phases")) or 1
    french = [entity for entity in _FIELDS if _has(state, entity.path)]
    peaks = [entity for entity in _PEAKS if _has(state, entity.path)]
    with_peaks = _find(state, ("contract", "code")) == "EJP"
    french += [replace(entity, enabled=with_peaks) for entity in peaks]
    if _has(state, ("power", "injected")):
        french.append(_NET)
    found = {entity.key: localized(entity, language) for entity in french}
    for entity in _BY_PHASE:
        found |= {
            one.key: one for one in _phases_of(localized(entity, language), state, phases == 1, language)
        }
    found |= {entity.key: entity for entity in _indexes(state, language)}
    labels = state.get("labels")
    keys = labels if isinstance(labels, dict) else {}
    own = ((key, entity_of(mode, key, language)) for key in keys)
    return found | {key: entity for key, entity in own if entity is not None}


def _phases_of(
    entity: Entity,
    state: dict[str, Json],
    single: bool,  # noqa: FBT001 - private, called once
    language: Language,
) -> Iterator[Entity]:
    of_phase = " phase " if language == "fr" else ", phase "
    for phase in _PHASES:
        path = (*entity.path, str(phase))
        if _has(state, path):
            name = entity.name if single else f"{entity.name}{of_phase}{phase}"
            yield replace(entity, key=f"{entity.key}_{phase}", name=name, path=path)


def _indexes(state: dict[str, Json], language: Language) -> Iterator[Entity]:
    """
    Yield the indexes of the supplier: by the tariff period that they count, else by their étiquette.

    What is the name of one is not given to another: Home Assistant makes ids of names.
    """
    names: set[str] = set()
    indexes = _find(state, ("energy", "indexes"))
    for label, index in indexes.items() if isinstance(indexes, dict) else ():
        name, period = _find(index, ("name",)), _find(index, ("period",))
        if not isinstance(name, str):  # unknown now
            continue
        name = unnamed_index(label, language) if name in names else name
        names.add(name)
        yield _total(f"index_{period or label}", name, f"energy.indexes.{label}.value")


def every_entity(language: Language = "fr") -> list[Entity]:
    """Return every entity of a field of the state, without the indexes; for tests and checks."""
    entities = [localized(entity, language) for entity in (*_FIELDS, *_PEAKS, _NET)]
    phases: dict[str, Json] = {str(phase): 0 for phase in _PHASES}
    state: dict[str, Json] = {
        "power": {"apparent_by_phase": phases},
        **dict.fromkeys(("current", "voltage", "mean_voltage"), phases),
    }
    for entity in _BY_PHASE:
        entities += _phases_of(localized(entity, language), state, False, language)  # noqa: FBT003 - as above
    return entities


def _has(state: dict[str, Json], path: tuple[str, ...]) -> bool:
    within = _find(state, path[:-1])
    return isinstance(within, dict) and path[-1] in within


def _find(state: Json, path: tuple[str, ...]) -> Json:
    for name in path:
        if not isinstance(state, dict):
            return None
        state = state.get(name)
    return state
