"""
The offers of the suppliers, and the contract of the household, from files in TOML.

The file of this package has the regulated tariffs; that of the household has its contract, its off-peak hours
and further offers (`offers_file.py` reads both). An error has the entry `within` its place in its context.
"""

from __future__ import annotations

import datetime as dt
import itertools
import tomllib
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHIPPED: Final = Path(__file__).with_name("offers.toml")
_CALENDARS: Final = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["calendar"]

USUAL_KVA: Final = 6
"""The subscribed power if none is known."""

ALL_DAY: Final = ("00:00-24:00",)
_MINUTES_OF_DAY: Final = 1440

Kva = Literal[3, 6, 9, 12, 15, 18, 24, 30, 36]
STEPS: Final[tuple[int, ...]] = get_args(Kva)
"""The subscribed powers that can be had, kVA."""

_MORE_THAN_ANY_KVA: Final = 1000

Hours = tuple[Annotated[str, Field(pattern=r"^([01]\d|2[0-4]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$")], ...]
"""Hours such as 01:34-07:34; they go over midnight if the end is not after the begin."""


@lru_cache
def minutes_of(hours: tuple[str, ...]) -> frozenset[int]:
    """Return the minutes of the day, from 0 to 1439, that are within some hours."""
    minutes = set[int]()
    for text in hours:
        begin_text, end_text = text.split("-")
        begin = _minute(begin_text)
        end = _minute(end_text)
        if end <= begin:
            end += _MINUTES_OF_DAY  # over midnight
        minutes.update(minute % _MINUTES_OF_DAY for minute in range(begin, end))
    return frozenset(minutes)


def _minute(time: str) -> int:
    """Return the minute of the day of a time such as 01:34."""
    return 60 * int(time[:2]) + int(time[3:])


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Dated(_Part):
    since: dt.date = Field(alias="from")


_Entry = TypeVar("_Entry", bound=_Dated)


def begun(dated: Iterable[_Entry], day: dt.date) -> _Entry | None:
    """Return the entry that began last, None before the first one."""
    entries = [entry for entry in dated if entry.since <= day]
    return max(entries, key=lambda entry: entry.since, default=None)


def in_force(dated: Sequence[_Entry], day: dt.date) -> _Entry | None:
    """Return the entry that began last; on a day before all entries the first one; None without entries."""
    entry = begun(dated, day)
    if entry is not None:
        return entry
    return min(dated, key=lambda entry: entry.since, default=None)


def _checked_order(dated: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
    """Return the entries; raise PydanticCustomError unless each one begins after the one before."""
    for number_of_after, (before, after) in enumerate(itertools.pairwise(dated), 1):
        if after.since <= before.since:
            raise PydanticCustomError("unordered", "", {"within": (number_of_after,)})
    return dated


class OffPeak(_Dated):
    """The off-peak hours of the household from a day on; if others from April to October, in `summer`."""

    hours: Hours
    summer: Hours = ()

    def hours_in(self, *, in_summer: bool) -> tuple[str, ...]:
        """Return the hours of a half-year."""
        if in_summer and self.summer:
            return self.summer
        return self.hours


class Held(_Dated):
    """The contract of the household from a day on: an offer, and the subscribed power in kVA."""

    offer: str
    kva: Kva


class Sale(_Dated):
    """The price of an injected kWh from a day on, €."""

    price: Annotated[float, Field(ge=-1, le=1)]


class Household(_Part):
    """Contract, off-peak hours and sale price of the household, each with the day from which it holds."""

    off_peak: Annotated[tuple[OffPeak, ...], AfterValidator(_checked_order)] = ()
    contract: Annotated[tuple[Held, ...], AfterValidator(_checked_order)] = ()
    sale: Annotated[tuple[Sale, ...], AfterValidator(_checked_order)] = ()

    def kva_on(self, day: dt.date = dt.date.max) -> int:
        """Return the subscribed power on a day, by default the present one, kVA."""
        held = in_force(self.contract, day)
        return USUAL_KVA if held is None else held.kva


WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday")
WEEKEND: Final = ("saturday", "sunday")

DayName = Literal[
    "weekdays", "weekend", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]


class Rule(_Part):
    """
    A line of a calendar: the first whose hours, days and months fit gives the code of the price.

    With `off_peak`, the hours are the off-peak hours of the household.
    """

    code: str
    hours: Hours = ALL_DAY
    off_peak: bool = False
    days: tuple[DayName, ...] = ()
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()


TEMPO: Final = "tempo"
"""The calendar in which the colour of the day, from 6:00 to 6:00, is added to the code."""

EJP: Final = "ejp"
"""The calendar in which the network announces the mobile peaks, whose hours have the code `PEAK`."""

PEAK: Final = "PM"

_COUNTED: Final = ("base", "off_peak", TEMPO, EJP)
"""The calendars whose periods the registers of the meter count."""

_INDEXES: Final = frozenset(f"EASF{number:02}" for number in range(1, 11))
"""The keys of the indexes of an uncommon contract."""


class Price(_Dated):
    """The prices of an offer from a day on: a month by kVA, and a kWh by code, € with all taxes."""

    month: dict[int, Annotated[float, Field(ge=0, le=1000)]]
    kwh: dict[str, Annotated[float, Field(ge=0, le=10)]]


class ImportedPrice(Price):
    """A price of a regulated tariff, and the `number` of the import that added it."""

    offer: str
    number: Annotated[int, Field(alias="import")]

    @property
    def key(self) -> tuple[str, dt.date, tuple[int, ...]]:
        """Offer, day and subscribed powers: only one such price is kept."""
        return self.offer, self.since, tuple(self.month)


class PricesOfFile(_Part):
    """The prices of a file that is imported, and its label."""

    label: str
    prices: tuple[ImportedPrice, ...]


class ImportedPrices(_Part):
    """The file of the imported prices; `about` says what it is to whoever opens it."""

    about: str = ""
    prices: tuple[ImportedPrice, ...] = ()


class Offer(_Part):
    """An offer; `closed`: no new customers; `closed_from_kva`: none from this subscribed power on."""

    id: str
    name: str
    calendar: str = ""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    closed: bool = False
    closed_from_kva: int = _MORE_THAN_ANY_KVA
    price: tuple[Price, ...]

    @model_validator(mode="before")
    @classmethod
    def _with_calendar(cls, values: object) -> object:
        """Return the entries with the rules of the calendar that they name; raise PydanticCustomError."""
        if not isinstance(values, dict) or "calendar" not in values:
            return values
        rules = _CALENDARS.get(str(values["calendar"]))
        if rules is None or "rules" in values:  # rules beside a calendar could contradict it
            names = ", ".join(_CALENDARS)
            raise PydanticCustomError("calendar", "", {"names": names, "within": ("calendar",)})
        return values | {"rules": rules}

    @model_validator(mode="after")
    def _checked(self) -> Offer:
        """Return the offer; raise PydanticCustomError unless each minute has a code and each code a price."""
        # The last rule must have no condition, so that each minute has a code.
        last = self.rules[-1]
        if last != Rule(code=last.code):
            raise PydanticCustomError("conditional", "", {"within": ("rules", len(self.rules) - 1)})
        codes = self._codes()
        priced: defaultdict[dt.date, set[int]] = defaultdict(set)  # kVA
        for number, price in enumerate(self.price):
            odd_codes = codes ^ price.kwh.keys()  # those without a price, and prices without a code
            if odd_codes:
                place = {"since": price.since, "code": min(odd_codes), "within": ("price", number, "kwh")}
                raise PydanticCustomError("odd_price", "", place)
            priced_twice = priced[price.since] & price.month.keys()
            if priced_twice:
                place = {"since": price.since, "kva": min(priced_twice), "within": ("price", number, "month")}
                raise PydanticCustomError("priced_twice", "", place)
            priced[price.since].update(price.month)
        return self

    def _codes(self) -> set[str]:
        """Return the codes that each price must have."""
        codes = {rule.code for rule in self.rules}
        if self.calendar == EJP:
            codes.add(PEAK)
        if self.calendar == TEMPO:
            return {f"{code}J{colour}" for code in codes for colour in "BWR"}
        return codes

    @property
    def is_counted(self) -> bool:
        """True if the registers of a meter with this contract count by its codes: periods, or indexes."""
        if self.calendar in _COUNTED:
            return True
        return all(rule.code in _INDEXES for rule in self.rules)

    def is_open(self, kva: int) -> bool:
        """True if a new customer may have it with this subscribed power."""
        return not self.closed and kva < self.closed_from_kva


def price_on(offer: Offer, household: Household, day: dt.date) -> tuple[int, Price]:
    """
    Return the subscribed power, kVA, and its price on a day.

    If there is no price for the power of the day, both are those of the present power.

    Raise LookupError if there is none for the present power either.
    """
    kva_of_day = household.kva_on(day)
    present_kva = household.kva_on()
    for kva in (kva_of_day, present_kva):
        prices_of_kva = [price for price in offer.price if kva in price.month]
        price = in_force(prices_of_kva, day)
        if price is not None:
            return kva, price
    raise LookupError(offer.id)


def _checked_ids(offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """Return the offers; raise PydanticCustomError if two have the same id."""
    ids = set[str]()
    for number, offer in enumerate(offers):
        if offer.id in ids:
            raise PydanticCustomError("same_id", "", {"within": (number, "id")})
        ids.add(offer.id)
    return offers


class Offers(_Part):
    """A file of offers."""

    calendar: dict[str, Any] = {}
    household: Household = Household()
    offer: Annotated[tuple[Offer, ...], AfterValidator(_checked_ids)] = ()
