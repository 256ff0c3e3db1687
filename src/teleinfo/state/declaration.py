"""
The declaration of the fields of the state: one entry for each, in the order of the message.

The message, its plain topics and the entities of Home Assistant derive from it; `tests/state/documents.py`
writes the JSON Schema and the tables of the documentation. Texts are English; their French translation is in
`locale/fr/state.po`. Pure. Sources: see the modules that read the values.
"""

from __future__ import annotations

from functools import partial
from operator import attrgetter as _of
from typing import TYPE_CHECKING, Any, Final, TypeVar

from teleinfo.state import business_meters, fields, tariffs
from teleinfo.state.energy import COUNTED, EXPORTED
from teleinfo.state.field_entry import Field, StateType
from teleinfo.state.fields import UNKNOWN
from teleinfo.state.next_tariff import NextTariff
from teleinfo.tic import registers
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import ALARMS, METER_NUMBERS, STATUS_REGISTER, Mode
from teleinfo.vocabulary.codes import Alert, Breaker, Colour, Contract, DryContact, Phase, TariffPeriod
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teleinfo.state.energy import EnergySpan
    from teleinfo.state.field_entry import SnapshotReader
    from teleinfo.state.fields import Json, Value
    from teleinfo.state.snapshot import Snapshot


_From = TypeVar("_From")
_Sent = TypeVar("_Sent", str, int)


def _clock(now: Snapshot) -> Value:
    text = now.values.get("DATECOUR", now.values.get("DATE"))
    if text is None or now.facts.device.identity.overseas:
        return None
    return (iso(text) if now.contract.site is None else business_meters.moment(text)) or UNKNOWN


def _or_unknown(value: Json) -> Value:
    """Return the value of a field that the meter has; None means that it is unknown."""
    return UNKNOWN if value is None else value


def _clock_offset(now: Snapshot) -> Value:
    contract = now.contract
    is_standard = contract.mode is Mode.STANDARD and contract.site is None
    has_clock = is_standard and "DATE" in now.values and not now.facts.device.identity.overseas
    return _or_unknown(contract.clock.offset) if has_clock else None


def _made(read: Callable[[_From], _Sent | None], make: Callable[[_Sent], Json]) -> Callable[[_From], Value]:
    """Return a reader that applies `make` to what `read` returns; if `make` returns None, it is unknown."""

    def value(now: _From) -> Value:
        sent = read(now)
        return None if sent is None else make(sent) or UNKNOWN

    return value


def _total(now: Snapshot, attribute: str) -> Value:
    """Return an attribute of the total; before the first index there is no value."""
    return None if now.facts.total is None else getattr(now.facts.total, attribute)


def _import_total(now: Snapshot) -> Value:
    return UNKNOWN if now.facts.total is not None and not now.total_is_fresh else _total(now, "total")


def _exporting(now: Snapshot) -> Value:
    injected, _estimated = now.injected
    if STATUS_REGISTER not in now.values and injected is None:
        return None
    return now.contract.exports(now.values) or bool(injected)


def _net(now: Snapshot) -> Value:
    drawn, (injected, _estimated) = fields.drawn_power(now.values), now.injected
    if drawn is None or injected is UNKNOWN:
        return None if drawn is None else UNKNOWN
    return drawn - (injected or 0)


def _active(now: Snapshot, of: str) -> Value:
    """Return a part of the active power; None for a meter without the power and the index that it needs."""
    if fields.drawn_power(now.values) is None or "mean" not in now.means:
        return None
    return UNKNOWN if now.active is None else getattr(now.active, of)


def _next_tariff(now: Snapshot, part: str) -> Value:
    found = now.next_tariff
    return _or_unknown(getattr(found, part)) if isinstance(found, NextTariff) else found


def _next_colour(now: Snapshot) -> Value:
    code = _next_tariff(now, "code")
    if code is None or now.colour_today is None:
        return None
    return (code.colour if isinstance(code, TariffPeriod) else None) or UNKNOWN


def _since(now: Snapshot, alert: Alert) -> Value:
    if alert not in now.alerts:
        return None
    return now.facts.since[alert].isoformat("T", "seconds") if alert in now.facts.since else UNKNOWN


def _of_span(now: Snapshot, span: str, read: Callable[[EnergySpan], Json]) -> Value:
    """Return what `read` finds in the energy of a day or a month; unknown while the meter is silent."""
    if now.facts.daily is None:
        return None
    found = getattr(now.facts.daily, span)
    return _or_unknown(read(found)) if found is not None and now.total_is_fresh else UNKNOWN


def _indexes_of_span(now: Snapshot, span: str) -> Value:
    counted = _of_span(now, span, _of("counted"))
    if not isinstance(counted, dict):
        return None if counted is None else dict.fromkeys(now.indexes)
    labels = dict.fromkeys((*now.indexes, *counted))
    return {label: counted.get(label, 0) for label in labels if label != EXPORTED}


def _energy_of(span: str, meaning: str, **more: Any) -> Iterator[Field]:  # noqa: ANN401 - as for `named`
    when = span.replace("_", " ")
    path = f"energy.{span}"
    yield (
        Field(f"{path}.imported", "Wh", meaning)
        .read_from(of=partial(_of_span, span=span, read=_of("imported")))
        .named(f"Energy {when}", **more)
    )
    yield (
        Field(f"{path}.exported", "Wh")
        .read_from(of=lambda now: _of_span(now, span, _of("exported")) if EXPORTED in now.values else None)
        .named(f"Exported energy {when}", **more)
    )
    yield Field(
        f"{path}.is_complete",
        _SWITCH,
        Message("False if a part of `{span}` is missing or belongs to another day, see below.", span=path),
    ).read_from(of=partial(_of_span, span=span, read=_of("is_complete")))
    yield Field(f"{path}.indexes.*", "Wh", "Energy that this index counted.").read_from(
        of=partial(_indexes_of_span, span=span)
    )


def _price(now: Snapshot) -> Value:
    if now.facts.prices is None or now.tariff is None:
        return None
    return now.facts.prices.periods.get(tariffs.period_of(now.tariff) or "", UNKNOWN)


def _cost_of_span(now: Snapshot, span: str) -> Value:
    prices = now.facts.prices
    return None if prices is None else _of_span(now, span, lambda found: found.cost_at(prices))


def _cost(span: str) -> Iterator[Field]:
    """Yield the cost of a day or a month, and whether it covers all of the energy."""
    when, path = span.replace("_", " "), f"cost.{span}"
    name = f"Cost {when}"
    meaning = Message("{name}, the subscription included, by `TELEINFO_PRICES`.", name=Message(name))
    yield (
        Field(f"{path}.value", "EUR", meaning)
        .read_from(of=partial(_cost_of_span, span=span))
        .named(name, key=f"cost_{span}", momentary=False, precision=2)
    )

    def is_complete(now: Snapshot) -> Value:
        value = _cost_of_span(now, span)
        return _of_span(now, span, _of("is_complete")) if isinstance(value, float) else value

    yield (
        Field(
            f"{path}.is_complete",
            _SWITCH,
            Message(
                "False if `{field}` is: then the cost is that of the energy that was counted.",
                field=f"energy.{span}.is_complete",
            ),
        )
        .read_from(of=is_complete)
        .named(f"Cost {when} complete", diagnostic=True)
    )


def _timed(field: Field, time: str, label: str, of: SnapshotReader | None = None) -> Iterator[Field]:
    """Yield a field that is read from this étiquette, and a field at the path `time` for its horodate."""
    yield field.read_from(label, of=of)
    name = Message("{name} (time)", name=field.name)
    read_time = Field(time, _TIME).read_from(label, by=lambda now: fields.time_of(now, label))
    yield read_time.named(name, diagnostic=True, enabled=False)


def _maximum(maximum: str, name: Message, label: str, of: SnapshotReader | None = None) -> Iterator[Field]:
    """Return the fields of the greatest power of a day, and of its time."""
    path = f"power.{maximum}"
    return _timed(Field(path, "VA").named(name, momentary=False), f"{path}_time", label, of=of)


def _max_yesterday(now: Snapshot) -> Value:
    labels = ("SMAXSN-1", fields.PMAX) if now.facts.device.identity.linky else ("SMAXSN-1",)
    return fields.number(now.values, *labels)


def _mean_power(mean: str, name: str, meaning: str, label: str) -> Iterator[Field]:
    """Yield a mean power, and the flag of an upper bound; older business meters send the power as `label`."""
    site = partial(business_meters.glued, label=label, unit="kW")
    yield (
        Field(f"power.{mean}", "W", meaning)
        .read_from(
            of=lambda now: _or_unknown(now.means[mean].reported) if mean in now.means else None, site=site
        )
        .named(name, without="power.active")
    )
    bound = Message("True while the index stands still: the mean power is at most `{field}`.", field=mean)
    yield Field(f"power.{mean}_is_upper_bound", _SWITCH, bound).read_from(
        of=lambda now: now.means[mean].is_bound if mean in now.means else None,
        # A mean power that the meter itself sends is no upper bound.
        site=lambda now: None if site(now) is None else False,
    )


def _load_curve(way: str, name: Message, label: str) -> Iterator[Field]:
    """Return the fields of the last point of a load curve, and of the end of its interval."""
    meaning = Message("{name}: mean active power of the last complete interval (standard).", name=name)
    value = Field(f"load_curve.{way}.value", "W", meaning).named(name, key=f"load_curve_{way}")
    return _timed(value, f"load_curve.{way}.time", label)


def _by_phase(section: str, unit: str, name: str, *labels: str, enabled: bool = True) -> Iterator[Field]:
    for phase in Phase:
        sources = fields.of_phase(phase, *labels)
        yield (
            Field(f"{section}.{phase}", unit).read_from(*sources).named(name, phase=phase, enabled=enabled)
        )


def _alert(alert: Alert, *sources: str, **more: Any) -> Iterator[Field]:  # noqa: ANN401 - as for `named`
    """Yield an alert and its start; an open breaker has no alert entity, since the breaker is an entity."""
    active = Message("{alert}: true while it is active.", alert=alert.words)
    field = Field(f"alerts.{alert}.active", _SWITCH, active).read_from(
        *sources, of=lambda now: now.alerts.get(alert)
    )
    if alert is not Alert.BREAKER_OPEN:
        field = field.named(alert.words, key=f"alert_{alert}", device_class="problem", **more)
    yield field
    since = Message("{alert}: when teleinfo first saw it active; null while it is not.", alert=alert.words)
    yield Field(f"alerts.{alert}.since", _TIME, since).read_from(of=lambda now: _since(now, alert))


_TEXT, _TIME, _SWITCH, _SLOTS = StateType.TEXT, StateType.TIME, StateType.SWITCH, StateType.SLOTS
_CONTACT: Final = "mdi:electric-switch"

FIELDS: Final = (
    Field("time", _TIME, "Time of the last frame, by the clock of the machine.").read_from(
        of=_of("facts.heard.iso")
    ),
    Field(
        "meter.number", _TEXT, "Number of the meter (ADCO, ADSC); absent where it is excluded or not sent."
    ).read_from(*METER_NUMBERS, of=_of("facts.device.serial")),
    Field(
        "meter.id",
        _TEXT,
        "Identity of the meter: its number, or four digits of a hash where that is excluded or not sent.",
    ).read_from(of=_of("facts.device.scope")),
    Field("meter.model", _TEXT, "Model of the meter, by its number.").read_from(
        of=lambda now: now.contract.site or now.facts.device.identity.model
    ),
    Field("meter.maker", _TEXT, "Maker of the meter, by its number.").read_from(
        of=lambda now: now.facts.device.identity.maker or UNKNOWN
    ),
    Field("meter.mode", Mode, "Mode of the output of the meter.").read_from(of=_of("contract.mode")),
    Field("meter.phases", "", "Number of phases of the meter: 1 or 3.").read_from(of=_of("facts.phases")),
    Field("meter.clock", _TIME, "Clock of the meter (standard; absent for a meter of the overseas islands).")
    .read_from("DATE", "DATECOUR", of=_clock)
    .named("Meter clock", key="clock", diagnostic=True, enabled=False),
    Field(
        "meter.clock_offset",
        "s",
        "Seconds by which that clock is ahead of the machine's, negative if it is behind; it changes only by "
        "more than 5.",
        signed=True,
    )
    .read_from(of=_clock_offset)
    .named("Meter clock offset", key="clock_offset", diagnostic=True),
    Field("contract.code", Contract, "Kind of contract; null for a contract of any other kind.").read_from(
        "OPTARIF",
        "NGTF",
        by=_made(fields.contract_text, tariffs.contract_of),
        site=_made(business_meters.contract_text, lambda text: Contract.EJP if "EJP" in text else None),
    ),
    Field("contract.name", _TEXT, "Kind of contract in words; else the supplier's own name of it.")
    .read_from(
        "OPTARIF",
        "NGTF",
        by=_made(fields.contract_text, tariffs.contract_name),
        site=_made(business_meters.contract_text, tariffs.collapse),
    )
    .named("Contract", key="contract", icon="mdi:file-sign"),
    Field("contract.subscribed_power", "VA")
    .read_from("ISOUSC", "PREF", by=fields.subscribed_power, site=business_meters.subscribed_power)
    .named("Subscribed power", key="subscribed_power", momentary=False, diagnostic=True),
    Field("contract.subscribed_current", "A", "Subscribed current of each phase.")
    .read_from("ISOUSC", "PREF", by=fields.subscribed_current)
    .named("Subscribed current", key="subscribed_current", momentary=False, diagnostic=True),
    Field("contract.cut_off_power", "VA", "Power at which the meter cuts off (standard).")
    .read_from("PCOUP", by=lambda now: fields.number(now, "PCOUP", times=1000))
    .named("Cut-off power", key="cut_off_power", momentary=False, diagnostic=True),
    Field("tariff.code", TariffPeriod, "Tariff period in force; null for any other period.").read_from(
        "PTEC", "LTARF", of=_made(_of("tariff"), tariffs.period_of)
    ),
    Field("tariff.name", _TEXT, "Tariff period in words; else the supplier's own text.")
    .read_from("PTEC", "LTARF", of=_made(_of("tariff"), tariffs.period_name))
    .named("Current tariff", key="tariff", icon="mdi:clock-outline"),
    Field("tariff.index", _TEXT, "Étiquette of the index that counts now.").read_from(
        "NTARF", by=fields.running_index, site=business_meters.running_index
    ),
    Field(
        "tariff.next.time",
        _TIME,
        "Time of the next change of the tariff period; null while it is not certain.",
    )
    .read_from(of=partial(_next_tariff, part="time"))
    .named("Next tariff change", key="next_tariff_change"),
    Field(
        "tariff.next.code", TariffPeriod, "Tariff period from then on; null where it is unknown."
    ).read_from(of=partial(_next_tariff, part="code")),
    Field("tariff.next.name", _TEXT, "Tariff period from then on, in words.")
    .read_from(of=partial(_next_tariff, part="name"))
    .named("Next tariff", key="next_tariff", icon="mdi:clock-end"),
    Field("tariff.next.colour", Colour, "Colour of the day from then on, with a Tempo contract.").read_from(
        of=_next_colour
    ),
    Field(
        "tariff.next.learned",
        _SWITCH,
        "True if the change is learned from those of earlier days; false if meter or contract says it.",
    ).read_from(of=partial(_next_tariff, part="learned")),
    Field(
        "tariff.next.days_left",
        "",
        "Days until teleinfo has learned the hours, at the least; 0 once it has (historique with off-peak "
        "hours).",
    )
    .read_from(of=_of("days_to_learn"))
    .named("Days until the hours are learned", momentary=False, diagnostic=True),
    Field("tempo.today", Colour, "Colour of today with a Tempo contract; its day runs from 06:00 to 06:00.")
    .read_from(STATUS_REGISTER, of=_of("colour_today"))
    .named("Today’s colour", icon="mdi:calendar-today"),
    Field(
        "tempo.tomorrow",
        Colour,
        "Colour of the day that begins at the next 06:00, known from about 20:00; null before.",
    )
    .read_from("DEMAIN", of=_of("colour_tomorrow"))
    .named("Tomorrow’s colour", icon="mdi:calendar-arrow-right"),
    Field(
        "energy.import_total",
        "Wh",
        "Energy drawn in all, which never falls: `import_index` + `import_offset`.",
    )
    .read_from("EAST", of=_import_total)
    .named("Imported energy", key="energy_import"),
    Field(
        "energy.import_counter",
        _TEXT,
        "Étiquettes whose sum is `import_index`, with `+` between them; never null.",
        nullable=False,
    ).read_from(of=partial(_total, attribute="counter")),
    Field(
        "energy.import_index",
        "Wh",
        "Reading of the meter: its total, or the sum of the contract's indexes; never null.",
        nullable=False,
    ).read_from(of=partial(_total, attribute="index")),
    Field(
        "energy.import_offset",
        "Wh",
        "Energy added so that the total goes on when another index counts; 0 until then, never null.",
        signed=True,
        nullable=False,
    ).read_from(of=partial(_total, attribute="offset")),
    Field("energy.export_total", "Wh", "Energy injected (with a contract to sell).")
    .read_from("EAIT")
    .named("Exported energy", key="energy_export"),
    Field("energy.indexes.*.name", _TEXT, "Name of what this index of the supplier counts.").read_from(
        of=lambda now: {label: index.name for label, index in now.indexes.items()}
    ),
    Field(
        "energy.indexes.*.period",
        TariffPeriod,
        "Tariff period that it counts, by the contract or the text of the supplier; null if uncommon.",
    ).read_from(of=lambda now: {label: index.period for label, index in now.indexes.items()}),
    Field("energy.indexes.*.value", "Wh", "Reading of this index.").read_from(
        *COUNTED, of=lambda now: {label: index.value for label, index in now.indexes.items()}
    ),
    *_energy_of("today", "Energy drawn since midnight in France."),
    *_energy_of(
        "yesterday", "Energy drawn yesterday; null if there was no reading on that day.", momentary=False
    ),
    # It changes as often as that of today: Home Assistant would store each change twice.
    *_energy_of("this_month", "Energy drawn since the first day of the month.", enabled=False),
    *_energy_of(
        "last_month", "Energy drawn last month; null if there was no reading in that month.", momentary=False
    ),
    Field("cost.price", "EUR/kWh", "Price of the tariff period in force; null if it has none.")
    .read_from(of=_price)
    .named("Price of electricity", precision=4, icon="mdi:currency-eur"),
    *_cost("today"),
    *_cost("yesterday"),
    *_cost("this_month"),
    *_cost("last_month"),
    Field("power.apparent", "VA", "Apparent power drawn now.")
    .read_from("SINSTS", "PAPP", by=fields.drawn_power, site=business_meters.apparent_power)
    .named("Apparent power", without="power.active"),
    *(
        Field(f"power.apparent_by_phase.{phase}", "VA")
        .read_from(f"SINSTS{phase}", by=partial(fields.power_of_phase, phase=phase))
        .named("Apparent power", phase=phase, key=f"power_apparent_{phase}")
        for phase in Phase
    ),
    Field("power.injected", "VA", "Apparent power injected now.")
    .read_from("SINSTI", of=lambda now: now.injected[0])
    .named("Exported apparent power"),
    Field(
        "power.estimated",
        _SWITCH,
        "True if `injected` is an estimate: IRMS × URMS, or IINST × 230 V in historique.",
    ).read_from(of=lambda now: None if now.injected[0] is None else now.injected[1]),
    Field("power.exporting", _SWITCH, "True while power flows out to the grid.")
    .read_from(of=_exporting)
    .named("Export to the grid", key="exporting", icon="mdi:transmission-tower-import"),
    # No entity for a meter that injects nothing: it would repeat the apparent power.
    Field(
        "power.net",
        "VA",
        "Apparent power drawn less injected: negative while more flows out than in.",
        signed=True,
    )
    .read_from(of=_net)
    .named("Net apparent power", beside="power.injected", without="power.active"),
    *_maximum("max_today", Message("Max. power today"), "SMAXSN"),
    *_maximum("max_yesterday", Message("Max. power yesterday"), "SMAXSN-1", _max_yesterday),
    *_maximum("max_injected_today", Message("Max. exported power today"), "SMAXIN"),
    *_maximum("max_injected_yesterday", Message("Max. exported power yesterday"), "SMAXIN-1"),
    Field(
        "power.active",
        "W",
        "Active power: the likeliest within its bounds, negative while injecting.",
        signed=True,
    )
    .read_from(of=partial(_active, of="value"))
    .named("Active power"),
    Field("power.active_lower", "W", "Lower bound of the active power.", signed=True).read_from(
        of=partial(_active, of="lower")
    ),
    Field("power.active_upper", "W", "Upper bound of the active power.", signed=True).read_from(
        of=partial(_active, of="upper")
    ),
    *_mean_power(
        "mean",
        "Mean active power (calculated)",
        "Mean active power drawn, by the index, over the last minute or more.",
        "PA1MN",
    ),
    *_mean_power(
        "injected_mean",
        "Mean exported active power (calculated)",
        "Mean active power injected, by the index, over the last minute or more.",
        "IPA1MN",
    ),
    *_load_curve("imported", Message("Import load curve"), "CCASN"),
    *_load_curve("exported", Message("Export load curve"), "CCAIN"),
    Field(
        "headroom.used",
        "%",
        "How much of the subscribed power, or of a lower cut-off power, is drawn; with three phases, by the "
        "phase that draws most.",
    )
    .read_from(by=fields.used_of_limit, site=business_meters.used_of_limit)
    .named("Subscription used", icon="mdi:gauge"),
    Field(
        "headroom.power",
        "VA",
        "Power left below that limit, with three phases on the phase that draws most: negative while more is "
        "drawn.",
        signed=True,
    )
    .read_from(by=fields.power_left, site=business_meters.power_left)
    .named("Power left", enabled=False),
    *(
        Field(f"headroom.current.{phase}", "A", signed=True)
        .read_from(by=partial(fields.current_left, phase=phase))
        .named("Current left", phase=phase, enabled=False)
        for phase in Phase
    ),
    *_by_phase("current", "A", "Current", "IRMS", "IINST"),
    *_by_phase("voltage", "V", "Voltage", "URMS"),
    *_by_phase("mean_voltage", "V", "Mean voltage", "UMOY", enabled=False),
    *_alert(Alert.OVERRUN, *sorted(ALARMS)),
    *_alert(Alert.OVERVOLTAGE),
    *_alert(Alert.BREAKER_OPEN),
    *_alert(Alert.TERMINAL_COVER_OPEN, diagnostic=True),
    *_alert(Alert.CLOCK_DEGRADED, diagnostic=True),
    # Every meter in mode standard sends both alerts; they are meaningful only with this contract.
    *_alert(Alert.MOBILE_PEAK_NOTICE, enabled=Contract.EJP),
    *_alert(Alert.MOBILE_PEAK, enabled=Contract.EJP),
    *_alert(Alert.PHASE_MISSING, "PPOT", diagnostic=True),
    Field("contacts.breaker", Breaker)
    .read_from(by=_made(fields.status, registers.breaker))
    .named("Breaker", key="breaker", icon=_CONTACT, diagnostic=True),
    Field("contacts.dry_contact", (DryContact.OPEN, DryContact.CLOSED))
    .read_from(by=_made(fields.status, registers.dry_contact))
    .named("Dry contact", key="dry_contact", icon=_CONTACT),
    Field("contacts.relays.1", _SWITCH, "Relay 1, the dry contact: true while it is closed.").read_from(
        "RELAIS", by=partial(fields.is_closed, relay=1)
    ),
    *(
        Field(
            f"contacts.relays.{relay}",
            _SWITCH,
            Message("Relay {number}: true while it is closed.", number=relay),
        )
        .read_from(by=partial(fields.is_closed, relay=relay))
        .named(
            Message("Relay {number}", number=relay),
            key=f"relay_{relay}",
            icon=_CONTACT,
            diagnostic=True,
            enabled=False,
        )
        for relay in range(2, 9)
    ),
    Field(
        "day_profile.tomorrow",
        _SLOTS,
        "Tomorrow: a list of slots, each with `start` (by the clock of the meter), `or_start` (the same if "
        "this meter writes hexadecimal numbers; null where that is known), `index`, `dry_contact` "
        "(`unchanged`, `tempo`, `open`, `closed`) and the `relays` that are closed.",
    ).read_from(by=partial(fields.day_profile, label="PJOURF+1")),
    Field(
        "day_profile.mobile_peak", _SLOTS, "The next day of mobile peak: a list of the same slots."
    ).read_from(by=partial(fields.day_profile, label="PPOINTE")),
    Field(
        "labels.*",
        StateType.ANY,
        "Value of an étiquette that has no field above: a number in its unit (kVA as VA), a text, or a time "
        "(`<étiquette>_HORODATE`); `<étiquette>_<unit>` where the unit comes with the value. The value of an "
        "étiquette that teleinfo does not know is a text.",
    ),
)
"""The fields of the state; the module `labels` reads the values of `labels.*`."""

FIELD_OF_PATH: Final = {field.path: field for field in FIELDS}
