"""
The same cost of a day, to the cent, on the page, as CSV, by MQTT and in Home Assistant: with real processes.

The past of the last weeks is made in a time-lapse, as the memory of the daemon and the history of the page.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import random
import subprocess
import time
import tomllib
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.contract.offers import SHIPPED
from teleinfo.history.chronicle import Chronicle
from teleinfo.history.store import Store
from teleinfo.live.model import LiveModel
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.state.memory import encode
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.judge import Judge
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.moment import Moment
from tests.history import bill
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.person import HC, environment
from tests.support.scenario import until
from tests.support.subscriber import Subscriber
from tests.web.process import COMMAND, PageProcess

if TYPE_CHECKING:
    from pathlib import Path

NUMBER: Final = HC["ADCO"]
HALF_A_CENT: Final = 0.005 + 1e-6
CONTRACT: Final = '[household]\ncontract = [{from = 2025-03-01, offer = "off_peak", kva = 9}]\n'
COLUMNS: Final = "DATE_DEBUT;DATE_FIN;P_SOUSCRITE;PART_FIXE_HT;PART_FIXE_TTC"
CRE: Final = (
    f"{COLUMNS};PART_VARIABLE_HC_TTC;PART_VARIABLE_HP_TTC\n{{day:%d/%m/%Y}};;9;200,10;300,00;0,2001;0,3003\n"
)


def regulated() -> bill.Tariff:
    """Return the regulated tariff with off-peak hours for 9 kVA, read from the shipped file."""
    [offer] = [each for each in tomllib.loads(SHIPPED.read_text())["offer"] if each["id"] == "off_peak"]
    prices = []
    for price in offer["price"]:
        kwh = {code: str(amount) for code, amount in price["kwh"].items()}
        prices.append((price["from"], str(price["month"]["9"]), kwh))
    return replace(bill.TARIFFS["off_peak"], prices=tuple(prices))


class Household:
    """A household whose meter counted since the first of last month: daemon and page know it."""

    def __init__(self, folder: Path) -> None:
        self.tariff = regulated()
        self.end = int(time.time()) - 30
        today = bill.clock(self.end).date()
        last_month = month_before(today.replace(day=1))
        self.chance = random.Random(4)
        # From the last month on all is known.
        first = last_month - dt.timedelta(1)
        self.meter = bill.Meter(self.tariff, self.chance, bill.start_of(first) + 80_000)
        self.model = LiveModel(patience=None, clock=lambda: bill.clock(self.meter.now))
        self._chronicle = Chronicle()
        self.model.on_state = self._chronicle.add
        self._judge, self._tracker = Judge(), StateTracker(topic="teleinfo", exclude=frozenset())
        for day in bill.days(first, today):
            for at in bill.times_of(day, self.chance):
                if self.meter.now < at <= self.end:
                    self._read(at)
        self._read(self.end)
        self._keep(folder)

    def values(self) -> dict[str, str]:
        """Return the values of a frame."""
        indexes = {self.tariff.registers[code]: f"{wh:09}" for code, wh in self.meter.indexes().items()}
        return HC | indexes | {"PTEC": f"{self.tariff.period(bill.clock(self.meter.now))}..", "PAPP": "01000"}

    def _read(self, at: int) -> None:
        self.meter.draw_until(at)
        values = {label: text.rstrip(".") for label, text in self.values().items()}
        reading = Reading(Mode.HISTORIQUE, values)
        self._judge.judge(reading)
        self._tracker.update(reading, Moment(float(at), bill.clock(at)))
        self.model.add_reading(Reading(Mode.HISTORIQUE, values), now=float(at))

    def _keep(self, folder: Path) -> None:
        """Leave what the daemon remembers, and the history of the page."""
        memory = self._tracker.memory()
        assert memory is not None
        (folder / "state").mkdir()
        (folder / "state/teleinfo.json").write_bytes(encode(memory))
        store = Store(folder / "history/teleinfo.sqlite")
        store.write(self._chronicle.take(), now=self.end)
        store.close()

    def bills(self, today: dt.date) -> dict[str, float]:
        """
        Return what the days and months cost until `today`.

        Nothing is drawn any more: a midnight that passes during the test has the present registers.
        """
        yesterday = today - dt.timedelta(1)
        this_month = today.replace(day=1)
        spans = {
            "today": (today, today),
            "yesterday": (yesterday, yesterday),
            "this_month": (this_month, today),
            "last_month": (month_before(this_month), this_month - dt.timedelta(1)),
        }
        found = {}
        for span, (first, last) in spans.items():
            cost = Fraction(0)
            for day in bill.days(first, last):
                before = self.meter.at_midnight.get(day, self.meter.indexes())
                after = self.meter.at_midnight.get(bill.next_day(day), self.meter.indexes())
                cost += sum(bill.cost_of(self.tariff, day, before, after))
            found[span] = float(cost)
        return found


def month_before(month: dt.date) -> dt.date:
    """Return the first day of the month before one."""
    return (month - dt.timedelta(1)).replace(day=1)


def this_day() -> dt.date:
    """Return the day in France."""
    return bill.clock(int(time.time())).date()


def page_costs(page: PageProcess) -> dict[str, float]:
    """Return the costs in the tables of the page, empty if its CSV has others: the prices change."""
    totals = page.table(NUMBER, "totals")
    found = {}
    for part, names in (("days", ("yesterday", "today")), ("months", ("last_month", "this_month"))):
        table = totals[part]
        rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
        for name, row in zip(names, rows[-2:], strict=True):
            found[name] = row["cost"]
    for name, spans in (("days30", ("yesterday", "today")), ("months13", ("last_month", "this_month"))):
        _status, _headers, body = page.ask(f"history/{NUMBER}/{name}.csv")
        rows = [*csv.DictReader(body.splitlines())]
        if [float(row["cost"]) for row in rows[-2:]] != [found[span] for span in spans]:
            return {}
    return found


last_shown: list[dict[str, float]] = []
"""What was compared last: by MQTT, in Home Assistant, on the page; an assertion shows it."""


def published_costs(broker: MosquittoBroker, topic: str) -> dict[str, float]:
    """Return the costs in a retained message, empty if it has none."""
    with Subscriber(broker.host, broker.port, topic) as subscriber:
        subscriber.wait_subscribed()
        state: Any = json.loads(subscriber.retained().get(topic, b"{}"))
    found = {}
    for span in ("today", "yesterday", "this_month", "last_month"):
        if "cost" in state:
            found[span] = state["cost"][span]["value"]
        elif f"cost_{span}_value" in state:  # of Home Assistant, whose names are flat
            found[span] = state[f"cost_{span}_value"]
    return found


def are_to_the_cent(shown: dict[str, float], exact: dict[str, float]) -> bool:
    """True if all amounts are the exact ones, rounded to a cent or more finely."""
    if shown.keys() != exact.keys():
        return False
    return all(shown[span] is not None and abs(shown[span] - exact[span]) <= HALF_A_CENT for span in exact)


@pytest.mark.real
@pytest.mark.long
def test_a_day_costs_the_same_everywhere_before_and_after_an_import(tmp_path: Path) -> None:
    """
    1. All say what the bill says. 2. An import brings a price from the middle of last month: all follow.

    3. A fault in the file costs one line of the log, and no price. 4. TELEINFO_PRICES, which is given too,
    has no effect, and the log says so.
    """
    household = Household(tmp_path)
    offers = tmp_path / "offers.toml"
    offers.write_text(CONTRACT)
    own = {"offers": str(offers), "prices": "HC=1 HP=1 month=100"}
    frame = with_parity(encode_frame(whole(**household.values())))
    (tmp_path / "broker").mkdir()
    with MosquittoBroker(tmp_path / "broker") as broker, Meter(frame) as meter:
        settings = settings_for(broker, meter.line) | own | {"state": "on", "homeassistant": "on"}
        settings["state_interval"] = 0  # otherwise Home Assistant gets costs every five minutes
        at_broker = {"mqtt_host": broker.host, "mqtt_port": broker.port}
        with (
            Daemon(tmp_path, **settings) as daemon,
            PageProcess(tmp_path, "--mqtt", **at_broker, **own) as page,
        ):
            page.show('"figure":"1 000"')

            def all_agree() -> bool:
                shown = (
                    published_costs(broker, "teleinfo/state"),
                    published_costs(broker, "teleinfo/homeassistant"),
                    page_costs(page),
                )
                last_shown[:] = shown
                bills = household.bills(this_day())
                return all(are_to_the_cent(costs, bills) for costs in shown)

            until(all_agree, what="the same costs everywhere")
            daemon.expect_log("TELEINFO_PRICES counts only for the days before 2025-03-01")
            today = this_day()
            before = household.bills(today)

            changed = month_before(today.replace(day=1)).replace(day=16)
            (tmp_path / "cre.csv").write_text(CRE.format(day=changed))
            command = [*COMMAND[:-1], "history", "import", str(tmp_path / "cre.csv")]
            history = {"STATE_DIRECTORY": str(tmp_path / "history")}
            done = subprocess.run(
                command, env=environment(**own) | history, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            new = (changed, "25", {"HC": "0.2001", "HP": "0.3003"})
            household.tariff = replace(household.tariff, prices=(*household.tariff.prices, new))
            after = household.bills(today)
            assert after["last_month"] > before["last_month"] + 1
            assert after["today"] > before["today"]
            until(all_agree, what="the new prices everywhere")

            offers.write_text(CONTRACT + "sale = 3\n")
            os.utime(offers, (time.time() - 60, time.time() - 60))
            daemon.expect_log("the prices of before count, since a file of prices has a fault")
            assert daemon.log.count("household.sale") == 1
            until(all_agree, what="the prices of before")
            assert daemon.stop()[0] == 0
