"""
The regulated prices that the household imported from the files of the regulator (CRE).

They are in one file beside the household's file of offers, which page and daemon read. It is JSON, written by
the import alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.common.files import write_file
from teleinfo.common.i18n import N_
from teleinfo.contract.offers import ImportedPrices, PricesOfFile
from teleinfo.contract.offers_file import OffersError
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from teleinfo.contract.offers import ImportedPrice

NAME: Final = "regulated-prices.json"

ABOUT: Final = "Regulated prices of the CRE, written by teleinfo when they are imported. Change nothing here."

MODE: Final = 0o644
"""Everybody may read the prices: page and daemon are different users."""

MAX_PRICES_BYTES: Final = 4 << 20


def beside(offers: Path) -> Path:
    """Return the path of the file that belongs to the household's file of offers."""
    return offers.with_name(NAME)


def read(path: Path) -> tuple[ImportedPrice, ...]:
    """Return the imported prices, nothing if there is no file; raise OffersError, or OSError."""
    try:
        with path.open("rb") as file:
            return ImportedPrices.model_validate_json(file.read(MAX_PRICES_BYTES)).prices
    except FileNotFoundError:
        return ()
    except ValueError as error:
        raise OffersError(Message(N_("it is damaged: delete it, and import the prices again"))) from error


def of_files(files: Iterable[object]) -> list[PricesOfFile]:
    """Return the prices of files, given in JSON; raise ValueError."""
    return [PricesOfFile.model_validate(file) for file in files]


def add(path: Path, prices: Iterable[ImportedPrice]) -> int:
    """Add the prices that the file does not have, and return their number; raise as `read` does."""
    before = read(path)
    known = {price.key for price in before}
    new = []
    for price in prices:
        if price.key not in known:
            known.add(price.key)
            new.append(price)
    if new:
        _write(path, (*before, *new))
    return len(new)


def remove(path: Path, number: int) -> int:
    """Remove the prices that an import added, and return how many they were; raise as `read` does."""
    before = read(path)
    kept = [price for price in before if price.number != number]
    if len(kept) < len(before):
        _write(path, kept)
    return len(before) - len(kept)


def last_import(path: Path) -> int | None:
    """Return the number of the last import that added prices, None if there is none; raise as `read` does."""
    return max((price.number for price in read(path)), default=None)


def _write(path: Path, prices: Sequence[ImportedPrice]) -> None:
    content = ImportedPrices(about=ABOUT, prices=tuple(prices))
    write_file(path, content.model_dump_json(by_alias=True, indent=1).encode(), mode=MODE)
