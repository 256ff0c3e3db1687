"""The facts that states add to the history, and what a broker may publish in place of a state."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.contract.days import TEMPO_HOUR, midnight
from teleinfo.history.chronicle import MAX_METERS, Chronicle
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.codes import Alert, Colour, Contract, TariffPeriod

if TYPE_CHECKING:
    from teleinfo.state.fields import Json

DAY = dt.date(2026, 1, 14)
NOON = midnight(DAY) + 43_200


def state(meter: str = "1", mode: Mode = Mode.HISTORIQUE, **parts: Json) -> dict[str, Json]:
    """Return a state of a meter with one index, which stands at 1000 Wh."""
    indexes: Json = {"HP": {"label": "HCHP", "value": 1000, "code": TariffPeriod.HP}}
    return {"meter": {"id": meter, "mode": mode}, "energy": {"indexes": indexes}, **parts}


def test_each_meter_has_a_batch_of_its_own() -> None:
    """1. A meter. 2. Another one in its place. 3. Both batches are taken, and the second one goes on."""
    chronicle = Chronicle()
    chronicle.add(state("1"), at=NOON)
    chronicle.add(state("2", power={"apparent_import": 500}), at=NOON + 10)
    first, second = chronicle.take()
    chronicle.add(state("2", power={"apparent_import": 700}), at=NOON + 20)
    [last] = chronicle.take()

    assert (first.meter, second.meter, last.meter) == ("1", "2", "2")
    assert last.powers == {NOON + 10: [(500, None)], NOON + 20: [(700, None)]}


def test_of_too_many_meters_the_rarest_are_forgotten() -> None:
    """A household with a hundred others, each of which is heard for a moment."""
    chronicle = Chronicle()
    for second in range(1000):
        chronicle.add(state("own"), at=NOON + second)
        if second % 10 == 0:
            chronicle.add(state(f"{second}"), at=NOON + second)
    batches = chronicle.take()

    assert len(batches) == MAX_METERS
    [own] = [batch for batch in batches if batch.meter == "own"]
    assert own.readings["HCHP", "HP", NOON // 1800][0].time == NOON


EIGHT: Final = NOON - 4 * 3600


def maximum(*, value: int, time: str) -> Json:
    """Return the section `max_power` of a state."""
    return {"today": {"imported": {"value": value, "time": time}}}


SEVEN_VA_AT_EIGHT: Final = maximum(value=7, time="2026-01-14T08:00:00+01:00")


PHASES: Json = {
    "apparent_import": 900,
    "apparent_import_l1": 100,
    "apparent_import_l2": 500,
    "apparent_import_l3": 300,
}


@pytest.mark.parametrize("at", [-1, 0, 45_639, 946_684_799, 4_102_444_800, 2**40])
def test_an_impossible_time_adds_nothing(at: int) -> None:
    """A machine without a clock begins in 1970; an alert may have begun then."""
    chronicle = Chronicle()
    chronicle.add(state(), at=at)
    assert chronicle.peek() == []
    overrun: Json = {"active": True, "start": "1970-01-01T12:40:39+01:00"}
    max_power = maximum(value=7, time="1970-01-01T12:40:39+01:00")
    chronicle.add(state(alerts={Alert.OVERRUN: overrun}, max_power=max_power), at=NOON)
    [batch] = chronicle.peek()
    assert (batch.runs, batch.peaks) == ({}, {})


def test_a_state_without_a_meter_adds_nothing() -> None:
    """Nor is there anything to take before the first state."""
    chronicle = Chronicle()
    chronicle.add({}, at=NOON)

    assert chronicle.peek() == []
    assert chronicle.take() == []


def test_a_power_is_repeated_while_messages_come_every_five_minutes() -> None:
    """In the slots between two of them; after a longer pause the slots between are a gap."""
    chronicle = Chronicle()
    for at, power in ((0, 100), (30, 200), (361, 300)):
        chronicle.add(state(power={"apparent_import": power, "apparent_export": 0}), at=NOON + at)
    [batch] = chronicle.peek()

    assert {begin - NOON: powers for begin, powers in batch.powers.items()} == {
        **{begin: [(100, 0)] for begin in (0, 10, 20)}, 30: [(200, 0)], 360: [(300, 0)],
    }  # fmt: skip


def test_after_a_frame_without_a_power_no_slot_is_filled() -> None:
    chronicle = Chronicle()
    chronicle.add(state(), at=NOON)
    chronicle.add(state(power={"apparent_import": 100}), at=NOON + 60)
    [batch] = chronicle.peek()

    assert batch.powers == {NOON + 60: [(100, None)]}


@pytest.mark.parametrize(("pause", "slots"), [(330, 34), (331, 2)])
def test_a_power_stays_for_five_minutes_and_two_frames(pause: int, slots: int) -> None:
    """A reading every five minutes may come a frame of a slow meter late, and its message another one."""
    chronicle = Chronicle()
    for at in (0, pause):
        chronicle.add(state(power={"apparent_import": 100}), at=NOON + at)
    [batch] = chronicle.peek()

    assert len(batch.powers) == slots


def test_an_alert_lasts_from_its_beginning_to_its_last_state() -> None:
    chronicle = Chronicle()
    overrun: Json = {"active": True, "start": "2026-01-14T11:58:00+01:00"}
    idle: Json = {"active": False, "start": None}
    chronicle.add(state(alerts={Alert.OVERRUN: overrun, Alert.OVERVOLTAGE: idle}), at=NOON)
    [batch] = chronicle.peek()

    assert batch.runs == {("alert", "overrun", NOON - 120): NOON}


def test_around_six_no_colour_is_taken() -> None:
    """The frame that began before 6:00 still tells the day before, and the clock of the meter may be off."""
    chronicle = Chronicle()
    six = midnight(DAY, hour=TEMPO_HOUR)
    before: Json = {"today": Colour.BLUE, "tomorrow": Colour.RED}
    after: Json = {"today": Colour.RED, "tomorrow": None}
    for at, tempo in ((-301, before), (-300, after), (1, before), (300, before), (301, after)):
        chronicle.add(state(tempo=tempo), at=six + at)
    [batch] = chronicle.peek()

    assert batch.days == {("colour", six - 86_400): "blue", ("colour", six): "red"}


def test_a_day_has_the_contract_and_the_power_that_were_told_last() -> None:
    """None is a contract without a name."""
    chronicle = Chronicle()
    chronicle.add(state(contract={"code": Contract.HC, "subscribed_power": 9000}), at=NOON)
    chronicle.add(state(contract={"code": Contract.HC}), at=NOON + 10)
    chronicle.add(state(contract={"code": None, "subscribed_power": 6000}), at=NOON + 86_400)
    [batch] = chronicle.peek()

    assert [*batch.days.values()] == ["HC 9", "None 6"]


@pytest.mark.parametrize(
    ("parts", "time", "power"),
    [
        ({"power": {"apparent_import": 500}}, NOON, 500),
        ({"power": {"apparent_import": 5}, "max_power": SEVEN_VA_AT_EIGHT}, EIGHT, 7),
        ({"power": {"apparent_import": 9}, "max_power": SEVEN_VA_AT_EIGHT}, NOON, 9),
        ({"power": PHASES}, NOON, 1500),
        ({"current": {"l1": 1, "l2": 5, "l3": 3}}, NOON, 3000),
        ({"power": {"apparent_import": 0}, "current": {"l1": 1, "l2": 5, "l3": 3}}, NOON, 0),
    ],
)
def test_the_greatest_power_of_a_day(parts: dict[str, Any], time: int, power: int) -> None:
    """
    That of the meter, if it is greater; with three phases three times that of the most loaded one.

    A current flows out while no power is drawn.
    """
    chronicle = Chronicle()
    chronicle.add(state(**parts) | {"meter": {"id": "1", "phases": 3}}, at=NOON)
    [batch] = chronicle.peek()

    assert batch.peaks == {DAY: (time, power)}


def test_what_is_injected_is_an_index_too() -> None:
    """An index of an uncommon contract has its étiquette for a key."""
    chronicle = Chronicle()
    indexes: Json = {
        "EASF09": {"label": "EASF09", "value": 500, "code": None},
        "EASF10": {"label": "EASF10", "value": -1},
    }
    energy: Any = {"indexes": indexes, "export_total": 2000}
    chronicle.add(state(mode=Mode.STANDARD, energy=energy), at=NOON)
    [batch] = chronicle.peek()

    assert {(label, *reading) for (label, *_), both in batch.readings.items() for reading in both} == {
        ("EASF09", NOON, 500, "EASF09"),
        ("EAIT", NOON, 2000, "exported"),
    }


def of_contract(name: str, value: int, exported: int) -> dict[str, Json]:
    """Return a state in mode standard, whose one index and total are at `value`, Wh."""
    indexes: Json = {"TH": {"label": "EASF01", "value": value}}
    return state(
        mode=Mode.STANDARD,
        contract={"name": name},
        tariff={"index": "TH"},
        energy={"indexes": indexes, "import_total": value, "export_total": exported},
    )


def readings_of(*states: dict[str, Json]) -> set[tuple[str, int, int]]:
    """Return étiquette, seconds since `NOON` and value of all readings; the states come 10 s apart."""
    chronicle = Chronicle()
    for number, each in enumerate(states):
        chronicle.add(each, at=NOON + 10 * number)
    [batch] = chronicle.peek()
    return {
        (label, at - NOON, value) for (label, *_), both in batch.readings.items() for at, value, _ in both
    }


def test_what_is_injected_is_no_part_of_the_energy_of_a_former_contract() -> None:
    """
    Between two contracts, the total drew 5 Wh that the index shows, and 3 Wh were injected.

    So no reading is added at the end of the former contract.
    """
    readings = readings_of(of_contract("BASE", 1000, 200), of_contract("OTHER", 1005, 203))

    assert readings == {("EASF01", 0, 1000), ("EASF01", 10, 1005), ("EAIT", 0, 200), ("EAIT", 10, 203)}


def test_an_index_that_the_meter_has_set_to_another_value_ends_what_it_counted() -> None:
    """The total goes on: 4 Wh that no index shows count for the index as it was."""
    after = of_contract("BASE", 7, 200)
    after["energy"]["import_total"] = 1004  # type: ignore[index, call-overload]

    readings = readings_of(of_contract("BASE", 1000, 200), after)

    assert ("EASF01", 0, 1004) in readings


def test_a_tariff_period_begins_anew_after_a_pause() -> None:
    chronicle = Chronicle()
    for at in (0, 300, 1000, 1060):
        chronicle.add(state(tariff={"code": TariffPeriod.HP, "index": "HP"}), at=NOON + at)
    [batch] = chronicle.peek()

    assert batch.runs == {("tariff", "HP", NOON): NOON + 300, ("tariff", "HP", NOON + 1000): NOON + 1060}
