"""
The one source of prices: the household's file of offers, the imported prices, and TELEINFO_PRICES.

State, history, card and Home Assistant take the prices of each day from here. A day costs what its contract
in the file says. TELEINFO_PRICES is the short form of one undated contract: it counts for the days before the
first contract of the file, and for those of a contract whose hours the meter does not count.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, TypeAlias

from teleinfo.common.durations import FIRST_TICKS, Ticks
from teleinfo.common.files import file_error
from teleinfo.common.i18n import N_
from teleinfo.common.terminal_text import printable
from teleinfo.contract import offers_file, regulated_prices
from teleinfo.contract.offers import Offers, begun, price_on
from teleinfo.contract.offers_file import OffersError
from teleinfo.state.prices import DatedPrices, Prices
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from teleinfo.contract.offers import ImportedPrice

FILE_CHECK_INTERVAL: Final = 10.0
"""Seconds between two looks at the files."""

SETTLED: Final = 2.0
"""Seconds since the last change of a file after which it is read again: an editor may still be writing it."""

NOTHING: Final = Offers()

BOTH_GIVEN: Final = N_(
    "TELEINFO_PRICES counts only for the days before {day}: since then {path} has a contract"
)


class FileFault(NamedTuple):
    """A fault of the file at `path`, which the `message` names; `is_closed`: we have no right to read it."""

    path: Path
    message: Message
    is_closed: bool


class Loaded(NamedTuple):
    """
    The `offers` and the dated `prices`, None if the household gave none.

    `faults` are those of the files as they are now: the rest is then that of the last files without a fault.
    `note` is what the household should know of its prices.
    """

    offers: Offers
    prices: DatedPrices | None
    faults: tuple[FileFault, ...] = ()
    note: Message | None = None

    @property
    def fault(self) -> Message | None:
        """All faults in one message; None without a fault."""
        joined = None
        for fault in self.faults:
            if joined is None:
                joined = fault.message
            else:
                joined = Message("{first} · {second}", first=joined, second=fault.message)
        return joined


class _Signature(NamedTuple):
    """What changes with a file: the time of its last change, s since 1970, its size, and its inode."""

    changed: float
    size: int
    inode: int


_Signatures: TypeAlias = tuple[_Signature | None, ...]


class PriceSource:
    """
    The prices that were `given` in the settings, and those of the household's file of offers at `path`.

    The file need not exist.
    """

    def __init__(self, path: Path | None, given: Prices | None = None) -> None:
        self.path = path
        self._given = given
        self._seen: _Signatures | None = None
        self.loaded = Loaded(NOTHING, None)
        self.refresh()

    def refresh(self) -> bool:
        """Read the files again if they changed; return True if they did. Blocks; safe in any thread."""
        signatures = self._signatures()
        if signatures == self._seen:
            return False
        # The first time there are no prices that could be kept until the file is complete.
        is_first = self._seen is None
        if not is_first and _is_being_written(signatures):
            return False
        self._seen = signatures
        self.loaded = self._load()
        return True

    async def keep(self, on_change: Callable[[], None], *, ticks: Ticks = FIRST_TICKS) -> NoReturn:
        """Look at the files on `ticks` until cancelled, and call `on_change` after each change."""
        while True:
            await asyncio.sleep(ticks.seconds_to_next(asyncio.get_running_loop().time(), FILE_CHECK_INTERVAL))
            # Look in this thread: another one would wake the processor twice more each time.
            if self._signatures() != self._seen and await asyncio.to_thread(self.refresh):
                on_change()

    def _signatures(self) -> _Signatures:
        """Return the signature of each file."""
        paths = [] if self.path is None else [self.path, regulated_prices.beside(self.path)]
        return tuple(map(_signature, paths))

    def _load(self) -> Loaded:
        path = self.path
        if path is None:
            return Loaded(offers_file.shipped(), dated_prices(NOTHING, self._given))
        faults: list[FileFault] = []
        own = NOTHING
        imported: tuple[ImportedPrice, ...] = ()
        try:
            own = offers_file.read(path)
        except (OffersError, OSError) as error:
            faults += _faults(path, error)
        prices_path = regulated_prices.beside(path)
        try:
            imported = regulated_prices.read(prices_path)
        except (OffersError, OSError) as error:
            faults += _faults(prices_path, error)
        if faults:
            return self._as_before(faults)
        try:
            offers = offers_file.with_shipped(own, imported)
        except OffersError as error:
            return self._as_before(_faults(path, error))
        note = None
        contracts = offers.household.contract
        if self._given is not None and contracts:
            note = Message(BOTH_GIVEN, day=contracts[0].since, path=printable(str(path)))
        return Loaded(offers, dated_prices(offers, self._given), note=note)

    def _as_before(self, faults: list[FileFault]) -> Loaded:
        """Return what the last files without a fault gave, or else the shipped offers, with these faults."""
        offers = self.loaded.offers
        if not offers.offer:
            offers = offers_file.shipped()
        return Loaded(offers, self.loaded.prices, tuple(faults))


def dated_prices(offers: Offers, given: Prices | None) -> DatedPrices | None:
    """
    Return the prices of the household by day; None if neither a contract nor prices are given.

    A contract whose hours the meter does not count has the prices `given` in the settings, or none.
    """
    household = offers.household
    if not household.contract:
        return None if given is None else DatedPrices.undated(given)
    offer_by_id = {offer.id: offer for offer in offers.offer}
    first_day = household.contract[0].since
    days_of_change = {held.since for held in household.contract}
    for held in household.contract:
        for price in offer_by_id[held.offer].price:
            if price.since > first_day:
                days_of_change.add(price.since)
    dated: list[tuple[dt.date, Prices | None]] = []
    if given is not None:
        dated.append((dt.date.min, given))
    for day in sorted(days_of_change):
        contract = begun(household.contract, day)
        if contract is None or not offer_by_id[contract.offer].is_counted:
            dated.append((day, given))
            continue
        kva, price = price_on(offer_by_id[contract.offer], household, day)
        dated.append((day, Prices(price.kwh, price.month[kva])))
    return DatedPrices(tuple(dated))


def _faults(path: Path, error: OffersError | OSError) -> list[FileFault]:
    """Return the faults of a file that cannot be used."""
    reasons = error.faults if isinstance(error, OffersError) else (file_error(error),)
    is_closed = isinstance(error, PermissionError)
    shown_path = printable(str(path))
    faults = []
    for reason in reasons:
        message = Message("{path}: {fault}", path=shown_path, fault=reason)
        faults.append(FileFault(path, message, is_closed))
    return faults


def _signature(path: Path) -> _Signature | None:
    """Return the signature of a file; None if there is none, or it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _Signature(status.st_mtime, status.st_size, status.st_ino)


def _is_being_written(signatures: _Signatures) -> bool:
    """True if one of the files changed a moment ago."""
    now = time.time()
    for signature in signatures:
        if signature is None:
            continue
        # A time in the future tells nothing: the clock was set back.
        if 0 <= now - signature.changed < SETTLED:
            return True
    return False
