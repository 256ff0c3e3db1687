"""
The prices of one meter: those of its settings, and those of the household's file of offers.

Where there is no such file, only the settings give prices. `contract.price_source` is then not imported: it
would take 0.7 MiB.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.state.prices import DatedPrices

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from teleinfo.common.durations import Ticks
    from teleinfo.contract.price_source import PriceSource
    from teleinfo.state.prices import Prices

log = logging.getLogger(__name__)

SEARCH_INTERVAL: Final = 10.0
"""Seconds between two looks for a file of offers that is not there yet."""


class HouseholdPrices:
    """
    The prices that were `given` in the settings, and those of the file of offers at `path`, if it is there.

    `current` are the prices that count now; None if the household gave none.
    """

    def __init__(self, path: Path, given: Prices | None) -> None:
        self._path = path
        self._given = given
        self._source: PriceSource | None = None
        self.current: DatedPrices | None = None if given is None else DatedPrices.undated(given)
        if _is_there(path):
            self._source = self._read()
            self.current = self._source.loaded.prices

    async def keep(self, on_change: Callable[[], None], *, ticks: Ticks) -> NoReturn:
        """Look at the file on `ticks` until cancelled; log its faults; call `on_change` after each change."""
        source = self._source
        if source is None:
            await self._until_it_is_there(ticks)
            source = await asyncio.to_thread(self._read)
            self._source = source
            self._take_over(source, on_change)
        else:
            _log(source)
        await source.keep(partial(self._take_over, source, on_change), ticks=ticks)

    def _take_over(self, source: PriceSource, on_change: Callable[[], None]) -> None:
        """Use the prices that were read; log what is wrong in the file."""
        self.current = source.loaded.prices
        on_change()
        _log(source)

    async def _until_it_is_there(self, ticks: Ticks) -> None:
        loop = asyncio.get_running_loop()
        is_there = False
        while not is_there:
            await asyncio.sleep(ticks.seconds_to_next(loop.time(), SEARCH_INTERVAL))
            is_there = _is_there(self._path)
        # An editor may still be writing it.
        await asyncio.sleep(ticks.seconds_to_next(loop.time(), SEARCH_INTERVAL))

    def _read(self) -> PriceSource:
        from teleinfo.contract.price_source import PriceSource  # noqa: PLC0415 - see the head

        return PriceSource(self._path, self._given)


def _is_there(path: Path) -> bool:
    """
    Return False if there is no file at `path`.

    Return True also if that cannot be known: whoever reads the file then learns why.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _log(source: PriceSource) -> None:
    """Log what is wrong or odd in the files of the prices."""
    loaded = source.loaded
    if loaded.fault is not None and loaded.prices is None:
        log.warning("there is no cost, since a file of prices has a fault: %s", loaded.fault)
    elif loaded.fault is not None:
        log.warning("the prices of before count, since a file of prices has a fault: %s", loaded.fault)
    if loaded.note is not None:
        log.warning("%s", loaded.note)
