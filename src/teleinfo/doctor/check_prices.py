"""Check the household's file of offers, and the imported prices beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.common.files import exists
from teleinfo.common.i18n import _
from teleinfo.contract.price_source import PriceSource
from teleinfo.doctor.case import editor_for
from teleinfo.doctor.finding import find
from teleinfo.doctor.findings import of_prices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from teleinfo.contract.price_source import FileFault
    from teleinfo.doctor.case import Case
    from teleinfo.doctor.finding import Finding


async def check_prices(case: Case) -> AsyncIterator[Finding]:
    """Read the files as the service and the page do, and report each fault with its line."""
    settings = case.valid_settings
    if settings is None:
        return
    path = Path(settings.offers)
    faults = PriceSource(path).loaded.faults
    for number, fault in enumerate(faults, 1):
        is_last = number == len(faults) or faults[number].path != fault.path
        yield _finding(fault, path, is_last=is_last)
    if faults or not exists(path):
        return
    errors = await case.attempts()
    if errors.get(str(path)):
        yield find(of_prices.PRICES_CLOSED, path=path)
    else:
        yield find(of_prices.PRICES_VALID, path=path)


def _finding(fault: FileFault, offers: Path, *, is_last: bool) -> Finding:
    """Return the finding of a fault; the last one of a file says what to do."""
    path = fault.path
    text = _(fault.message)
    if fault.is_closed:
        return find(of_prices.PRICES_CLOSED, path=path)
    if not is_last:
        return find(of_prices.WRONG_PRICES, text=text)
    if path != offers:
        return find(of_prices.PRICES_DAMAGED, text=text, path=path)
    return find(of_prices.LAST_WRONG_PRICES, text=text, path=path, editor=editor_for(path))
