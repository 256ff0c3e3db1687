"""
The household's file of offers, `offers.toml`: read with the line of each fault, beside the shipped offers.

The models of its content are in `offers.py`; `price_source.py` reads the file again when it changes.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pydantic import ValidationError

from teleinfo.common.i18n import N_
from teleinfo.common.terminal_text import printable
from teleinfo.contract.offers import SHIPPED, Offers
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from teleinfo.contract.offers import ImportedPrice, Offer, Price

MAX_OFFERS_BYTES: Final = 1 << 17
"""The largest file: some 450 offers, which are read in a tenth of a second."""

MAX_CHARACTERS: Final = 1000
"""The longest line. A name of many thousand parts, `a.a.a.a …`, costs the reader of TOML gigabytes."""

MAX_FAULTS: Final = 10
"""The most faults that are named; the others are counted."""

_MAX_SHOWN: Final = 60
"""Characters of a line that are shown."""

_FAULTS: Final = {
    # Ours.
    "unordered": N_("each day stands once, the oldest first"),
    "calendar": N_("its calendar is one of {names}, or else it has rules"),
    "conditional": N_("the last rule has no condition: it holds for the rest of the time"),
    "odd_price": N_("from {since}: a price of {code} is missing, or unknown"),
    "priced_twice": N_("two prices from {since} for {kva} kVA"),
    "same_id": N_("two offers have the same id"),
    # Those of pydantic, by their type or its first word: `date` stands for `date_type` and `date_parsing`.
    "extra_forbidden": N_("there is no such entry"),
    "missing": N_("it is missing"),
    "string_pattern_mismatch": N_("it is not hours such as 01:34-07:34"),
    "literal_error": N_("it is none of {expected}"),
    "greater_than_equal": N_("it is less than {ge}"),
    "less_than_equal": N_("it is more than {le}"),
    "too_short": N_("it has nothing in it"),
    "date": N_("it is not a day such as 2026-02-01"),
    "float": N_("it is not a number"),
    "int": N_("it is not a whole number"),
    "bool": N_("it is not true or false"),
    "string": N_("it is not a text in quotation marks"),
    "tuple": N_("it is not a list in square brackets"),
}
"""The message for each type of error."""

_NO_TABLE: Final = N_("it is not a table with entries")
"""The message for any other type."""

_PLACE: Final = re.compile(r"\(at line (\d+), column \d+\)$")
"""The place of a fault in an error of tomllib."""

_TEXT_OR_COMMENT: Final = re.compile(
    r'''
        """ (?: \\. | [^\\] )*? """
        | \'{3} .*? \'{3}
        | " (?: \\. | [^"\\\n] )* "
        | \' [^\'\n]* \'
        | [#] [^\n]*
    ''',
    re.DOTALL | re.VERBOSE,
)
"""A text in quotation marks, or a comment: brackets within do not count."""

_BRACKET: Final = re.compile(r"[][{}]")

_Entry: TypeAlias = "tuple[int | str, ...]"
"""The place of an entry: names of tables, and numbers within lists, which begin with 0."""


class OffersError(ValueError):
    """A file of offers has `faults`."""

    def __init__(self, *faults: Message) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def parse(data: bytes) -> Offers:
    """Return the content of a file; raise OffersError with the line of each fault."""
    if len(data) > MAX_OFFERS_BYTES:
        raise OffersError(Message(N_("it is larger than {most} KB"), most=MAX_OFFERS_BYTES >> 10))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = 1 + data.count(b"\n", 0, error.start)
        raise OffersError(_fault(number, N_("it is not in UTF-8: save it in this encoding"))) from error
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_CHARACTERS:
            raise OffersError(_fault(number, N_("it is longer than {most} characters"), most=MAX_CHARACTERS))
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise OffersError(_syntax_fault(text, error)) from error
    try:
        return Offers.model_validate(content)
    except ValidationError as error:
        raise OffersError(*_content_faults(text, error.errors(include_url=False))) from None


def _fault(line: int, template: str, **fields: object) -> Message:
    return Message("line {line}: {fault}", line=line, fault=Message(template, **fields))


def _syntax_fault(text: str, error: ValueError | RecursionError) -> Message:
    """Return the fault of a text that is no TOML; of an entry that never ends it is the first line."""
    place = _PLACE.search(str(error))
    number = int(place[1]) if place is not None else _last_entry(text)
    line = text.split("\n")[number - 1].strip()
    template = N_("this is not TOML (a bracket, a quotation mark or a comma is missing or too many): {text}")
    return _fault(number, template, text=printable(line)[:_MAX_SHOWN])


def _last_entry(text: str) -> int:
    """Return the first line of the last entry of a document; an entry ends when its brackets are closed."""
    first = 1
    depth = 0
    for number, line in enumerate(_structure(text), 1):
        # A bracket that was closed too often belongs to no later entry.
        if depth <= 0 and line.strip():
            first = number
            depth = 0
        depth += line.count("[") + line.count("{")
        depth -= line.count("]") + line.count("}")
    return first


def _structure(text: str) -> list[str]:
    """Return the lines of a document without texts in quotation marks and comments."""
    return _TEXT_OR_COMMENT.sub(_ends_of_lines, text).split("\n")


def _ends_of_lines(match: re.Match[str]) -> str:
    """Return the ends of the lines of a text, so that the lines behind it keep their numbers."""
    return "\n" * match[0].count("\n")


def _content_faults(text: str, errors: list[ErrorDetails]) -> list[Message]:
    """Return the faults of a document, each with its line; of many the first ones, and their number."""
    lines = _lines_of_entries(text)
    faults = []
    for error in errors[:MAX_FAULTS]:
        context = {**error.get("ctx", {})}
        if "expected" in context:
            # pydantic joins what it expects with an English word.
            context["expected"] = context["expected"].replace(" or ", ", ")
        reason = Message(_template_of(error["type"]), **context)
        entry = error["loc"]
        place = (*entry, *context.get("within", ()))
        line = _line_of(place, lines)
        path = ".".join(map(str, entry))
        faults.append(_fault(line, "{path}: {fault}", path=printable(path), fault=reason))
    if len(errors) > MAX_FAULTS:
        faults.append(Message(N_("and {count} more faults"), count=len(errors) - MAX_FAULTS))
    return faults


def _template_of(kind: str) -> str:
    """Return the message for a type of error, by its name or the first word of it."""
    first_word = kind.partition("_")[0]
    for name in (kind, first_word):
        if name in _FAULTS:
            return _FAULTS[name]
    return _NO_TABLE


def _line_of(entry: _Entry, lines: dict[_Entry, int]) -> int:
    """Return the line of an entry, or of the smallest part of the document around it; 1 for the whole."""
    while entry and entry not in lines:
        entry = entry[:-1]
    return lines.get(entry, 1)


def _lines_of_entries(text: str) -> dict[_Entry, int]:
    """
    Return the first line of each table and entry of a TOML document, and of each table within a list.

    An entry whose name TOML does not understand alone, such as a line within a text of several lines, has no
    line here.
    """
    lines: dict[_Entry, int] = {}
    table: _Entry = ()  # the one in which the statements are
    numbers: dict[_Entry, int] = {}
    for statement in _statements(text):
        if statement.head.lstrip().startswith("["):
            table = _table_of(statement.head, numbers)
            lines.setdefault(table, statement.line)
            continue
        entry = table
        # The value may be on several lines: any other one will do to read the name.
        name_of_entry = statement.head.partition("=")[0]
        for name in _names_of(f"{name_of_entry}= 0"):
            entry = (*entry, name)
            lines.setdefault(entry, statement.line)
        for number, line in enumerate(statement.elements):
            lines.setdefault((*entry, number), line)
    return lines


class _Statement(NamedTuple):
    """
    A table or an entry of a document: the number of its first `line`, and that line, its `head`.

    `elements` are the numbers of the lines on which the tables and lists within its brackets begin.
    """

    line: int
    head: str
    elements: list[int]


def _statements(text: str) -> Iterator[_Statement]:
    """Yield the tables and entries of a document; an entry lasts until its brackets are closed."""
    lines = text.split("\n")
    first_line = 1
    depth = 0
    elements: list[int] = []
    for number, structure in enumerate(_structure(text), 1):
        if depth == 0:
            first_line = number
            elements = []
        for bracket in _BRACKET.findall(structure):
            if bracket in "]}":
                depth = max(0, depth - 1)
                continue
            if depth == 1:
                elements.append(number)
            depth += 1
        if depth == 0 and structure.strip():
            yield _Statement(first_line, lines[first_line - 1], elements)


def _table_of(head: str, numbers: dict[_Entry, int]) -> _Entry:
    """
    Return the table that a line begins.

    `numbers` are those of the last table in each list of tables; a line in two brackets, which begins the
    next one, adds 1 to that of its list.
    """
    names = _names_of(head)
    is_in_list = head.lstrip().startswith("[[")
    table: _Entry = ()
    for depth, name in enumerate(names, 1):
        table = (*table, name)
        if is_in_list and depth == len(names):
            numbers[table] = numbers.get(table, -1) + 1
        if table in numbers:
            table = (*table, numbers[table])
    return table


def _names_of(line: str) -> list[str]:
    """Return the names of a table or an entry, outermost first; none if the line is none of them."""
    names = []
    try:
        content: Any = tomllib.loads(line)
    except (ValueError, RecursionError):
        return []
    while isinstance(content, dict) and content:
        [name] = content
        names.append(name)
        content = content[name]
    return names


@cache
def shipped() -> Offers:
    """Return the offers of this package."""
    return parse(SHIPPED.read_bytes())


def read(path: Path) -> Offers:
    """
    Return the content of the household's file, nothing if there is no file.

    Raise OffersError, or OSError if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_OFFERS_BYTES + 1))
    except FileNotFoundError:
        return Offers()


def with_shipped(own: Offers, imported: Sequence[ImportedPrice] = ()) -> Offers:
    """
    Return the shipped offers with imported prices, and those of a household.

    An offer of the household replaces that with the same `id`. Of a day of which both have a price, the
    shipped one counts. Raise OffersError if an offer lacks a price of the contract.
    """
    offers: dict[str, Offer] = {}
    for offer in shipped().offer:
        offers[offer.id] = _with_imported(offer, imported)
    for offer in own.offer:
        offers[offer.id] = offer
    for held in own.household.contract:
        prices = offers[held.offer].price if held.offer in offers else ()
        if all(held.kva not in price.month for price in prices):
            template = N_("household.contract: there is no price of {offer} for {kva} kVA")
            raise OffersError(Message(template, offer=printable(held.offer), kva=held.kva))
    return Offers(household=own.household, offer=tuple(offers.values()))


def _with_imported(offer: Offer, imported: Sequence[ImportedPrice]) -> Offer:
    """Return an offer with its imported prices, but for those of a day and a power that it has already."""
    prices = [*offer.price]
    days_and_powers = set()
    for price in offer.price:
        days_and_powers |= _days_and_powers(price)
    for price in imported:
        if price.offer != offer.id:
            continue
        if days_and_powers.isdisjoint(_days_and_powers(price)):
            days_and_powers |= _days_and_powers(price)
            prices.append(price)
    return offer.model_copy(update={"price": tuple(prices)})


def _days_and_powers(price: Price) -> set[tuple[dt.date, int]]:
    """Return the first day of a price with each of its subscribed powers, kVA."""
    return {(price.since, kva) for kva in price.month}
