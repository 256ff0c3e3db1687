"""An index has one key, in both modes and through changes, and its energies stay under it."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.simulator.historique import Historique
from teleinfo.simulator.meter import MeterModel
from teleinfo.simulator.metrology import Metrology
from teleinfo.simulator.standard import Standard
from teleinfo.simulator.tariff import BASE, HC, TEMPO
from teleinfo.state.prices import Prices
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from tests.state.golden import tracker
from tests.state.test_daily_energy import PARIS, House, paris
from tests.state.test_tracker import NUMBER, STANDARD_FRAME
from tests.support.judged import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.simulator.tariff import SimulatedContract

WATTS: Final = 3000
SPECIAL: Final = "HC SEM WE MERCR"
TEXTS: Final = ("HC SEMAINE", "HP SEMAINE", "HC WEEK END", "HP WEEK END", "HC MERCREDI", "HP MERCREDI")


class Meter:
    """
    A simulated meter that draws a constant power, and the tracker that reads its bytes.

    `counted` is the energy that each period has counted, Wh.
    """

    def __init__(self, start: dt.datetime, mode: Mode, contract: SimulatedContract) -> None:
        self.metrology = Metrology(
            start=start,
            load_profile=lambda _now: (complex(WATTS),),
            contract=contract,
            phases=1,
            rng=random.Random(7),
        )
        self.use(mode, contract)
        self.counted: dict[str, float] = {}
        self._decoder = Decoder()
        self.tracker = StateTracker(topic="teleinfo", exclude=frozenset())
        self._now = start

    def use(self, mode: Mode, contract: SimulatedContract) -> None:
        """Change the mode and the contract."""
        self.metrology.contract = contract
        form = Standard if mode is Mode.STANDARD else Historique
        self._meter = form(MeterModel(contract, mode), self.metrology)

    def run(self, until: dt.datetime, step: float = 60) -> None:
        """Let frames come until a time, all of them for the first minute."""
        begin = self._now
        while self._now < until:
            near = self._now - begin < dt.timedelta(minutes=1)
            period = self.metrology.period.ptec.rstrip(".")
            before = sum(self.metrology.supplier)
            self._now += dt.timedelta(seconds=2 if near else step)
            data = self._meter.emit(self._now)
            self.counted[period] = self.counted.get(period, 0.0) + sum(self.metrology.supplier) - before
            now = self._now.replace(tzinfo=PARIS)
            for reading in self._decoder.feed(data, now=now.timestamp()):
                self.tracker.update(reading, moment(now.timestamp(), now.isoformat()))

    @property
    def energy(self) -> Any:  # noqa: ANN401 - a part of the message
        """The energies in the state."""
        state: Any = self.tracker.state(moment(self._now.replace(tzinfo=PARIS).timestamp()))
        return state["energy"]


@pytest.mark.parametrize(("first", "second"), [(*Mode,), (*reversed(Mode),)])
@pytest.mark.parametrize("contract", [BASE, HC, TEMPO], ids=["base", "hc", "tempo"])
def test_a_change_of_mode_in_the_middle_of_a_day_keeps_every_key_and_every_sum(
    contract: SimulatedContract, first: Mode, second: Mode
) -> None:
    """Off-peak hours end at 6:00, in the other mode than that in which they began."""
    start = dt.datetime(2026, 1, 14, 0, 30)  # noqa: DTZ001 - the time of the meter
    meter = Meter(start, first, contract)
    meter.run(start.replace(hour=5))
    before = meter.energy
    meter.use(second, contract)
    meter.run(start.replace(hour=9))
    after = meter.energy

    assert after["indexes"].keys() == before["indexes"].keys()
    assert {index["label"] for index in after["indexes"].values()}.isdisjoint(
        index["label"] for index in before["indexes"].values()
    )
    counted = {key: energy for key, energy in after["today"]["indexes"].items() if energy}
    assert counted == pytest.approx(meter.counted, abs=4)
    assert sum(counted.values()) == pytest.approx(after["today"]["imported"], abs=2)


@pytest.mark.parametrize("mode", Mode)
def test_base_then_off_peak_hours_then_tempo_within_a_month(mode: Mode) -> None:
    start = dt.datetime(2026, 1, 14, 20)  # noqa: DTZ001
    meter = Meter(start, mode, BASE)
    meter.run(start.replace(hour=22))
    for hour, contract in ((2, HC), (9, TEMPO)):
        meter.use(mode, contract)
        meter.run(start.replace(day=15, hour=hour))
    energy = meter.energy
    month = energy["this_month"]["indexes"]

    assert energy["indexes"].keys() & {"TH", "HC", "HP"} == set()
    assert {key: wh for key, wh in month.items() if wh} == pytest.approx(meter.counted, abs=6)
    assert meter.counted.keys() == {"TH", "HC", "HCJB", "HPJR"}
    assert sum(month.values()) == pytest.approx(energy["this_month"]["imported"], abs=6)


def special(index: int, registers: list[int], **changes: str | None) -> Reading:
    """Return a frame of a contract with special days; `index` counts from 1."""
    values: dict[str, str | None] = {
        **STANDARD_FRAME,
        "NGTF": SPECIAL,
        "LTARF": f"  {TEXTS[index - 1]}",
        "NTARF": f"{index:02}",
        "EAST": f"{sum(registers):09}",
        **{f"EASF{number:02}": f"{value:09}" for number, value in enumerate(registers, 1)},
        **changes,
    }
    return Reading(Mode.STANDARD, {key: text for key, text in values.items() if text is not None})


def drawing_in(order: list[int], registers: list[int]) -> Callable[[int], Reading]:
    """Return the frames of a meter in which each kWh is counted by the next index of `order`."""

    def reading(drawn: int) -> Reading:
        now = list(registers)
        for number, index in enumerate(order):
            now[index - 1] += max(0, min(1000, drawn - 1000 * number))
        running = order[min(len(order) - 1, drawn // 1000)]
        return special(running, now)

    return reading


def in_sixth_index(**changes: str | None) -> Callable[[int], Reading]:
    """Return what makes a frame of a meter that counts all that is drawn in its sixth index."""
    return lambda drawn: special(6, [0, 0, 0, 0, 0, drawn], **changes)


def test_special_days_have_indexes_of_their_own() -> None:
    """Each has the name that it had while it counted; none is added to HC or HP. One comes later."""
    house = House(paris(2026, 1, 14, 0), drawing_in([5, 6, 3, 1], [9000, 8000, 7000, 6000, 0, 4000]))
    assert house.energy["indexes"].keys() == {f"EASF0{number}" for number in (1, 2, 3, 4, 5, 6)}
    house.run(paris(2026, 1, 14, 3, 30))
    state = house.state

    assert {key: index["name"] for key, index in state["energy"]["indexes"].items()} == {
        "EASF01": "HC SEMAINE",
        "EASF02": "Supplier index 2",
        "EASF03": "Off-peak hours, weekend",
        "EASF04": "Supplier index 4",
        "EASF05": "HC MERCREDI",
        "EASF06": "HP MERCREDI",
    }
    assert [index["code"] for index in state["energy"]["indexes"].values()] == [
        *(None, None, "HCWE", None, None, None)
    ]
    assert state["tariff"] | {"next": None} == {
        "code": None,
        "name": "HC SEMAINE",
        "index": "EASF01",
        "next": None,
    }
    assert state["energy"]["today"]["indexes"] == {
        "EASF01": 500,
        "EASF02": 0,
        "EASF03": 1000,
        "EASF04": 0,
        "EASF05": 1000,
        "EASF06": 1000,
    }
    house.restart()
    house.read()
    assert house.state["energy"]["indexes"] == state["energy"]["indexes"]


def test_an_index_that_is_zero_comes_once_it_counts() -> None:
    house = House(paris(2026, 1, 14, 0), drawing_in([2, 5], [9000, 8000, 0, 0, 0, 0]))
    assert house.energy["indexes"].keys() == {"EASF01", "EASF02"}
    house.run(paris(2026, 1, 14, 1, 30))

    assert house.energy["indexes"].keys() == {"EASF01", "EASF02", "EASF05"}
    assert house.energy["today"]["indexes"] == {"EASF01": 0, "EASF02": 1000, "EASF05": 500}


def test_the_order_of_a_calendar_makes_no_key() -> None:
    """In the calendar FC011827 the first index is that of the week-end; the key says nothing of it."""
    texts = {1: "HC WEEK END", 2: "HP WEEK END", 3: "HC SEMAINE", 4: "HP SEMAINE"}
    followed = tracker(prices=Prices({"HCWE": 0.11, "EASF03": 0.12, "EASF04": 0.21}))
    for number, (index, text) in enumerate(texts.items()):
        for second in (0, 2):
            reading = special(index, [100] * 4, NGTF="HC SEM ET HC WE", LTARF=text)
            followed.update(reading, moment(4.0 * number + second))
    state: Any = followed.state(moment(16.0))

    codes = {key: index["code"] for key, index in state["energy"]["indexes"].items()}
    assert codes == {"EASF01": "HCWE", "EASF02": "HPWE", "EASF03": None, "EASF04": None}
    assert state["cost"]["price"] == 0.21


@pytest.mark.parametrize(
    ("prices", "price", "today"),
    [
        ({"EASF06": 0.5}, 0.5, None),
        ({"EASF05": 0.1, "EASF06": 0.5}, 0.5, 0.6),
        ({"HP": 0.5, "HC": 0.1}, None, None),  # a Wednesday is none of them
        ({"EASF05": 0.1}, None, None),
    ],
)
def test_each_kwh_costs_the_price_of_its_own_index(
    prices: dict[str, float], price: float | None, today: float | None
) -> None:
    """Without one, the cost says that it is not complete."""
    house = House(paris(2026, 1, 14, 0), drawing_in([5, 6], [1000] * 6), prices=Prices(prices))
    house.run(paris(2026, 1, 14, 2))
    cost = house.state["cost"]

    assert cost["price"] == price
    assert cost["this_month"]["value"] == cost["today"]["value"] == today
    if today is None:
        assert cost["today"]["complete"] is False
    assert house.tracker.unpriced == {"EASF05", "EASF06"} - prices.keys()


def test_a_code_prices_the_only_index_that_has_it_and_its_key_wins() -> None:
    """Super off-peak hours: three indexes, whose texts are understood word by word."""
    texts = {1: "HEURE PLEINE", 2: "HEURE CREUSE", 3: "H SUPER CREUSES"}

    def reading(drawn: int) -> Reading:
        index = min(3, 1 + drawn // 1000)
        registers = [1000 + max(0, min(1000, drawn - 1000 * n)) for n in range(3)]
        return special(index, registers, NGTF="H SUPER CREUSES", LTARF=texts[index])

    costs = []
    for prices in ({"HP": 0.3, "HC": 0.2, "HSC": 0.1}, {"HP": 0.3, "HC": 0.2, "HSC": 9, "EASF03": 0.1}):
        house = House(paris(2026, 1, 14, 0), reading, prices=Prices(prices))
        house.run(paris(2026, 1, 14, 3))
        costs.append(house.state["cost"]["today"]["value"])
    assert costs == [0.6, 0.6]
    house = House(paris(2026, 1, 14, 0), reading, prices=Prices({"HP": 0.3, "HC": 0.2, "HSC": 0.1}))
    texts[2] = texts[3]  # two indexes with one code: whose price is it?
    house.run(paris(2026, 1, 14, 3))
    assert house.state["cost"]["today"] | {"start": None} == {
        "value": None,
        "start": None,
        "complete": False,
    }


def test_before_the_contract_is_known_nothing_is_counted_by_index() -> None:
    """The total counts on; then the indexes have their keys, and lack nothing."""
    house = House(paris(2026, 1, 14, 0), in_sixth_index(NGTF=None))
    house.run(paris(2026, 1, 14, 1), every=60)
    state = house.state

    assert "indexes" not in state["energy"]
    assert "indexes" not in state["energy"]["today"]
    assert state["tariff"] == {"code": None, "name": "HP MERCREDI", "index": None}
    assert state["energy"]["today"]["imported"] == 1000
    house.reading = in_sixth_index()
    house.run(paris(2026, 1, 14, 2), every=60)

    assert house.state["tariff"]["index"] == "EASF06"
    assert house.energy["today"]["imported"] == 2000
    assert house.energy["today"]["indexes"] == {"EASF06": 2000}


def test_the_contract_of_the_memory_gives_the_keys_until_the_meter_tells_it() -> None:
    house = House(paris(2026, 1, 14, 0), in_sixth_index(NGTF="TEMPO"))
    house.run(paris(2026, 1, 14, 1))
    house.restart()
    house.reading = in_sixth_index(NGTF=None)
    house.run(paris(2026, 1, 14, 2))

    assert house.energy["today"]["indexes"] == {"HPJR": 2000}
    assert house.energy["indexes"]["HPJR"]["label"] == "EASF06"


def test_a_short_damage_of_the_contract_changes_no_key() -> None:
    """NGTF is lost for ten minutes: the contract is not new."""
    house = House(paris(2026, 1, 14, 0), in_sixth_index(NGTF="TEMPO"))
    house.run(paris(2026, 1, 14, 1))
    house.reading = in_sixth_index(NGTF=None)
    house.run(paris(2026, 1, 14, 1, 10))

    assert house.energy["indexes"].keys() == {"HPJR"}
    assert house.state["tariff"]["index"] == "HPJR"


def test_what_is_excluded_has_no_field_and_its_keys_stay() -> None:
    followed = tracker(exclude=frozenset({"NGTF"}))
    for second in (0.0, 2.0):
        followed.update(special(2, [5, 6], NGTF="HC", ADSC=NUMBER), moment(second))
    state: Any = followed.state(moment(2.0))

    assert "code" not in state["contract"]
    assert state["energy"]["indexes"].keys() == {"HC", "HP"}
