"""A simulated household in a time-lapse, whose states fill a history."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any, Self

from teleinfo.contract.days import local, midnight
from teleinfo.contract.price_source import PriceSource
from teleinfo.history import tables
from teleinfo.history.chronicle import Chronicle
from teleinfo.history.store import Store
from teleinfo.live.model import LiveModel
from teleinfo.simulator.catalogue import build
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.horodate import PARIS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from teleinfo.history.chronicle import Batch
    from teleinfo.simulator.metrology import LoadProfile
    from teleinfo.state.prices import Prices

DAY = 86_400
FILE = "history.sqlite"


class Lapse:
    """A meter of the simulator whose clock begins at `start`, in France, and its history in `folder`."""

    def __init__(
        self,
        folder: Path,
        meter: str,
        start: dt.datetime,
        *,
        prices: Prices | None = None,
        offers: Path | None = None,
        load_profile: LoadProfile | None = None,
    ) -> None:
        self.folder = folder
        self.now = int(start.replace(tzinfo=PARIS).timestamp())
        self.store = Store(folder / FILE)
        self.prices = PriceSource(offers, prices)
        self.simulated = build(meter, start=start, rng=random.Random(1), load_profile=load_profile)
        self._decoder = Decoder(plausibility=False)  # which would refuse the rise of an hour in a second
        self.begin()
        self.write()

    def begin(self) -> None:
        """Begin a new process, which remembers nothing."""
        self.model = LiveModel(
            patience=10.0, clock=lambda: dt.datetime.fromtimestamp(self.now, PARIS), prices=self.prices
        )
        self.chronicle = Chronicle()
        self.model.on_state = self.chronicle.add

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def at(self, times: Iterable[int]) -> None:
        """Let frames come at these times."""
        for self.now in times:
            frame = self.simulated.emit(dt.datetime.fromtimestamp(self.now, PARIS).replace(tzinfo=None))
            for reading in self._decoder.feed(frame):
                self.model.add_reading(reading, now=float(self.now))

    def days(self, days: int, *, step: int = 3600) -> None:
        """Let these days pass with a frame each `step`, and two around each midnight; write each day."""
        for _ in range(days):
            end = midnight(local(self.now).date() + dt.timedelta(days=1))
            self.at(sorted({*range(self.now + step, end - 120, step), end - 120, end + 60}))
            self.write()

    def write(self) -> None:
        """Write what is new."""
        self.store.write(self.take(), now=self.now)

    def take(self) -> list[Batch]:
        """Return what is new."""
        return self.chronicle.take()

    def table(self, name: str) -> dict[str, Any]:
        """Return a table as it is sent now."""
        found = tables.table(
            self.store, self.chronicle.peek(), self.meter, name, prices=self.prices, now=self.now
        )
        assert found is not None
        return found

    @property
    def meter(self) -> str:
        """The id of the meter."""
        state: Any = self.model.state()
        return str(state["meter"]["id"])

    @property
    def indexes(self) -> dict[str, int]:
        """The indexes by key, and what is injected, Wh."""
        energy: Any = self.model.state(now=float(self.now))["energy"]
        indexes = {key: index["value"] for key, index in energy["indexes"].items()}
        return indexes | {"exported": energy["export_total"]} if "export_total" in energy else indexes
