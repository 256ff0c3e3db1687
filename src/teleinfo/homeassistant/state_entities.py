"""
The entities of the decoded state: what both modes of the meter say has one entity with one id.

Pure. A change of mode changes where a state stands in the message (`energy.indexes.HCHC` or `EASF01`), and
nothing that Home Assistant knows its entity by. The keys are frozen: with another id every household would
lose its history.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from teleinfo.homeassistant.entities import DEVICE_CLASSES, Entity, StateType, entity_of, words_of
from teleinfo.state.tariffs import unnamed_index
from teleinfo.vocabulary.codes import Alert, Breaker, Colour, Contract, DryContact, Phase
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.state.fields import Json
    from teleinfo.tic.labels import Mode

_THREE_PHASES: Final = 3
_RELAYS: Final = range(2, 9)  # the first is the dry contact


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


def _alert(alert: Alert, **more: Any) -> Entity:  # noqa: ANN401 - as above
    path = f"alerts.{alert}.active"
    return _other(f"alert_{alert}", alert.words, path, StateType.SWITCH, device_class="problem", **more)


def _maxima() -> Iterator[Entity]:
    """Yield the greatest powers of two days, and when they were."""
    for maximum, name in (
        ("max_today", Message("Max. power today")),
        ("max_yesterday", Message("Max. power yesterday")),
        ("max_injected_today", Message("Max. exported power today")),
        ("max_injected_yesterday", Message("Max. exported power yesterday")),
    ):
        yield _number(f"power_{maximum}", name, f"power.{maximum}", "VA")
        yield _time(f"power_{maximum}_time", Message("{name} (time)", name=name), f"power.{maximum}_time")


def _load_curve(way: str, name: Message) -> Iterator[Entity]:
    """Yield the last point of a load curve, and the end of its interval."""
    yield _measure(f"load_curve_{way}", name, f"load_curve.{way}.value", "W")
    yield _time(f"load_curve_{way}_time", Message("{name} (time)", name=name), f"load_curve.{way}.time")


def _time(key: str, name: str, path: str) -> Entity:
    return _other(key, name, path, StateType.TIME, device_class="timestamp", diagnostic=True, enabled=False)


_FIELDS: Final = (
    _other("contract", Message("Contract"), "contract.name", StateType.TEXT, icon="mdi:file-sign"),
    _number(
        "subscribed_power", Message("Subscribed power"), "contract.subscribed_power", "VA", diagnostic=True
    ),
    _number(
        "subscribed_current",
        Message("Subscribed current"),
        "contract.subscribed_current",
        "A",
        diagnostic=True,
    ),
    _number("cut_off_power", Message("Cut-off power"), "contract.cut_off_power", "VA", diagnostic=True),
    _other("tariff", Message("Current tariff"), "tariff.name", StateType.TEXT, icon="mdi:clock-outline"),
    *(
        _other(
            f"tempo_{day}",
            name,
            f"tempo.{day}",
            StateType.CHOICE,
            device_class="enum",
            words=words_of(Colour),
            icon=icon,
        )
        for day, name, icon in (
            ("today", Message("Colour of today"), "mdi:calendar-today"),
            ("tomorrow", Message("Colour of tomorrow"), "mdi:calendar-arrow-right"),
        )
    ),
    _total("energy_import", Message("Imported energy"), "energy.import_total"),
    _total("energy_export", Message("Exported energy"), "energy.export_total"),
    _measure("power_apparent", Message("Apparent power"), "power.apparent", "VA"),
    _measure("power_injected", Message("Exported apparent power"), "power.injected", "VA"),
    _measure("power_mean", Message("Mean active power (calculated)"), "power.mean", "W"),
    _measure(
        "power_injected_mean", Message("Mean exported active power (calculated)"), "power.injected_mean", "W"
    ),
    _other(
        "exporting",
        Message("Export to the grid"),
        "power.exporting",
        StateType.SWITCH,
        icon="mdi:transmission-tower-import",
    ),
    *_maxima(),
    *_load_curve("imported", Message("Import load curve")),
    *_load_curve("exported", Message("Export load curve")),
    _alert(Alert.OVERRUN),
    _alert(Alert.OVERVOLTAGE),
    _alert(Alert.TERMINAL_COVER_OPEN, diagnostic=True),
    _alert(Alert.CLOCK_DEGRADED, diagnostic=True),
    _alert(Alert.PHASE_MISSING, diagnostic=True),
    _other(
        "breaker",
        Message("Breaker"),
        "contacts.breaker",
        StateType.CHOICE,
        device_class="enum",
        words=words_of(Breaker),
        icon="mdi:electric-switch",
        diagnostic=True,
    ),
    _other(
        "dry_contact",
        Message("Dry contact"),
        "contacts.dry_contact",
        StateType.SWITCH,
        on=DryContact.CLOSED,
        off=DryContact.OPEN,
        icon="mdi:electric-switch",
    ),
    *(
        _other(
            f"relay_{relay}",
            Message("Relay {number}", number=relay),
            f"contacts.relays.{relay}",
            StateType.SWITCH,
            icon="mdi:electric-switch",
            diagnostic=True,
            enabled=False,
        )
        for relay in _RELAYS
    ),
    _time("clock", Message("Clock of the meter"), "meter.clock"),
)
# Of every meter in mode standard, and of interest with few contracts.
_PEAKS: Final = (_alert(Alert.MOBILE_PEAK_NOTICE), _alert(Alert.MOBILE_PEAK))
# Of a meter that injects nothing it would be the apparent power once more.
_NET: Final = _measure("power_net", Message("Net apparent power"), "power.net", "VA")
_BY_PHASE: Final = (
    _measure("current", Message("Current"), "current", "A"),
    _measure("voltage", Message("Voltage"), "voltage", "V"),
    _measure("mean_voltage", Message("Mean voltage"), "mean_voltage", "V", enabled=False),
    _measure("power_apparent", Message("Apparent power"), "power.apparent_by_phase", "VA"),
)


def entities_of(state: dict[str, Json], mode: Mode) -> dict[str, Entity]:
    """Return by key the entities of everything that stands in `state`, of a meter in `mode`."""
    single = _find(state, ("meter", "phases")) != _THREE_PHASES
    with_peaks = _find(state, ("contract", "code")) == Contract.EJP
    found = [entity for entity in _FIELDS if _has(state, entity.path)]
    found += [replace(entity, enabled=with_peaks) for entity in _PEAKS if _has(state, entity.path)]
    if _has(state, ("power", "injected")):
        found.append(_NET)
    for entity in _BY_PHASE:
        found += [one for one in _phases_of(entity, single=single) if _has(state, one.path)]
    found += _indexes(state)
    labels = state.get("labels")
    own = (entity_of(mode, key) for key in (labels if isinstance(labels, dict) else {}))
    found += [entity for entity in own if entity is not None]
    return {entity.key: entity for entity in found}


def _phases_of(entity: Entity, *, single: bool) -> Iterator[Entity]:
    for phase in Phase:
        name = entity.name if single else Message("{name}, phase {phase}", name=entity.name, phase=phase)
        yield replace(entity, key=f"{entity.key}_{phase}", name=name, path=(*entity.path, phase.value))


def _indexes(state: dict[str, Json]) -> Iterator[Entity]:
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
        name = unnamed_index(label) if name in names else name
        names.add(name)
        yield _total(f"index_{period or label}", name, f"energy.indexes.{label}.value")


def every_entity() -> list[Entity]:
    """Return every entity of a field of the state, without the indexes; for tests and checks."""
    by_phase = (one for entity in _BY_PHASE for one in _phases_of(entity, single=False))
    return [*_FIELDS, *_PEAKS, _NET, *by_phase]


def _has(state: dict[str, Json], path: tuple[str, ...]) -> bool:
    within = _find(state, path[:-1])
    return isinstance(within, dict) and path[-1] in within


def _find(state: Json, path: tuple[str, ...]) -> Json:
    for name in path:
        if not isinstance(state, dict):
            return None
        state = state.get(name)
    return state
