"""The day on which the contract changes: state and page have all of its energy, and its cost."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.contract.price_source import PriceSource
from teleinfo.history import tables
from teleinfo.history.chronicle import Chronicle
from teleinfo.history.store import Store
from teleinfo.live.model import LiveModel
from teleinfo.simulator.historique import Historique
from teleinfo.simulator.meter import MeterModel
from teleinfo.simulator.metrology import Metrology
from teleinfo.simulator.standard import Standard
from teleinfo.simulator.tariff import BASE, HC, TEMPO, SimulatedContract
from teleinfo.state.prices import Prices
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.horodate import PARIS
from teleinfo.tic.labels import Group, Mode
from tests.support.parts import part_of

if TYPE_CHECKING:
    from pathlib import Path

WATTS: Final = 2000
EVENING: Final = dt.datetime(2026, 9, 13, 23, 30)  # noqa: DTZ001 - the time of the meter
CHANGE: Final = EVENING.replace(day=14, hour=7, minute=0)
END: Final = EVENING.replace(day=14, hour=8, minute=0)
PRICES: Final = Prices({"TH": 0.2, "HC": 0.16, "HP": 0.24, "HPJB": 0.18, "HCJB": 0.14}, 15.0)
SOURCE: Final = PriceSource(None, PRICES)
STEP: Final = 2
"""Seconds from frame to frame around a midnight and around the change; a minute at other times."""


class OfFrance(Standard):
    """A meter in mode standard whose total goes on whatever becomes of the indexes of the supplier."""

    def _groups(self) -> list[Group]:
        total = f"{int(sum(self.metrology.distributor)):09}"
        groups = super()._groups()
        place = [group.label for group in groups].index("EAST")
        groups[place] = groups[place]._replace(value=total)
        return groups


def times(pause: int) -> list[dt.datetime]:
    """Return the times of the frames; none comes in the `pause` after the change, s."""
    midnight = CHANGE.replace(hour=0)
    found = []
    now = EVENING
    while now < END:
        near = any(abs((now - edge).total_seconds()) <= 60 for edge in (midnight, CHANGE))
        now += dt.timedelta(seconds=STEP if near else 60)
        if not CHANGE < now <= CHANGE + dt.timedelta(seconds=pause):
            found.append(now)
    return found


def day(
    folder: Path,
    mode: Mode,
    contracts: tuple[SimulatedContract, SimulatedContract],
    set_indexes: Callable[[list[float]], None],
    pause: int,
) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return the state and the row of the page at the end of the day, and the energy that it drew, Wh."""
    metrology = Metrology(
        start=EVENING,
        load_profile=lambda _now: (complex(WATTS),),
        contract=contracts[0],
        phases=1,
        rng=random.Random(5),
    )
    model = MeterModel(contracts[0], mode)
    meter = (OfFrance if mode is Mode.STANDARD else Historique)(model, metrology)
    now = EVENING.replace(tzinfo=PARIS)
    live = LiveModel(patience=None, clock=lambda: now, prices=SOURCE)
    chronicle = Chronicle()
    live.on_state = chronicle.add
    store = Store(folder / "history.sqlite")
    decoder = Decoder()
    for number, at in enumerate(times(pause)):
        if at > CHANGE and metrology.contract is contracts[0]:
            metrology.advance(CHANGE)
            metrology.contract = contracts[1]
            meter.model = replace(model, contract=contracts[1])
            set_indexes(metrology.supplier)
        now = at.replace(tzinfo=PARIS)
        for reading in decoder.feed(meter.emit(at), now=now.timestamp()):
            live.add_reading(reading, now=now.timestamp())
        if number % 50 == 0:
            store.write(chronicle.take(), now=int(now.timestamp()))
    found = tables.table(
        store, chronicle.peek(), meter.model.number, "days30", prices=SOURCE, now=int(now.timestamp())
    )
    store.close()
    assert found is not None
    drawn = WATTS * (now - now.replace(hour=0, minute=0, second=0)).total_seconds() / 3600
    return live.state(), dict(zip(found["columns"], found["rows"][-1], strict=True)), round(drawn)


def keep(_indexes: list[float]) -> None:
    """Let each register of the supplier go on."""


def begin_at_zero(indexes: list[float]) -> None:
    """Set each register to zero."""
    indexes[:] = [0.0] * len(indexes)


Change = tuple[Mode, tuple[SimulatedContract, SimulatedContract], Callable[[list[float]], None], int]
"""The mode, both contracts, what becomes of the registers, and the pause after the change, s."""

CHANGES: Final[list[Change]] = [
    (mode, contracts, set_indexes, pause)
    for mode, contracts in (
        (Mode.HISTORIQUE, (BASE, HC)),
        (Mode.STANDARD, (BASE, HC)),
        (Mode.STANDARD, (HC, BASE)),
        (Mode.HISTORIQUE, (HC, TEMPO)),
        (Mode.STANDARD, (HC, TEMPO)),
    )
    for set_indexes in (keep, begin_at_zero)
    for pause in (0, 540)
]
PLAYED: Final[list[Change]] = [
    (Mode.HISTORIQUE, (BASE, HC), begin_at_zero, 540),
    (Mode.HISTORIQUE, (HC, TEMPO), keep, 0),
    (Mode.STANDARD, (HC, BASE), begin_at_zero, 0),
    (Mode.STANDARD, (HC, TEMPO), keep, 540),
]
"""Each mode with each kind of registers, and each contract with and without a pause."""


def name_of(change: Change) -> str:
    """Return the name of a test."""
    mode, contracts, set_indexes, pause = change
    names = "-".join(contract.optarif[:3] for contract in contracts)
    return f"{mode}-{names}-{set_indexes.__name__}-{pause}"


@pytest.mark.parametrize("change", part_of(CHANGES, played=PLAYED), ids=name_of)
def test_no_energy_is_lost(tmp_path: Path, change: Change) -> None:
    """
    The meter may be silent for minutes; its registers may go on or begin at zero.

    Wh of the change cost what they cost before or after it; no more than those that one frame takes are lost.
    """
    state, row, drawn = day(tmp_path, *change)
    today = state["energy"]["today"]
    cost = state["cost"]
    periods = {code: energy for code, energy in row.items() if code in PRICES.kwh}
    prices = [PRICES.kwh["TH"], PRICES.kwh["HC"], PRICES.kwh["HP"], PRICES.kwh["HPJB"]]

    assert today["imported"] == pytest.approx(drawn, abs=8)
    assert sum(today["indexes"].values()) == pytest.approx(today["imported"], abs=4)
    assert sum(periods.values()) == pytest.approx(drawn, abs=8)
    assert [
        code for code in row if code.startswith(("H", "EASF")) and row[code] and code not in periods
    ] == []
    assert cost["today"]["value"] == pytest.approx(row["cost"], abs=0.03)
    assert min(prices) * drawn / 1000 < cost["today"]["value"] - 0.5 < max(prices) * drawn / 1000
    assert cost["this_month"]["value"] is not None


@pytest.mark.parametrize("pause", part_of((0, 540), played=(0,)))
def test_registers_that_are_set_to_another_value_give_no_energy(tmp_path: Path, pause: int) -> None:
    """The meter loads the indexes of the new contract: none of their millions of Wh was drawn today."""

    def load(indexes: list[float]) -> None:
        indexes[:] = [7_654_321.0 + 1000 * number for number in range(len(indexes))]

    state, row, drawn = day(tmp_path, Mode.STANDARD, (BASE, HC), load, pause)

    assert state["energy"]["today"]["imported"] == pytest.approx(drawn, abs=8)
    assert sum(state["energy"]["today"]["indexes"].values()) == pytest.approx(drawn, abs=80)
    assert row["TH"] + row["HP"] == pytest.approx(drawn, abs=80)
    assert state["cost"]["this_month"]["value"] is not None
