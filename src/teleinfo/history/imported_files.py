"""Add the files of one command to the history, and say what came of each of them."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from teleinfo.common.i18n import N_, _
from teleinfo.common.terminal_text import printable
from teleinfo.console.output import command_line, say
from teleinfo.contract.content import Content, FileError
from teleinfo.contract.files import FileReader
from teleinfo.contract.offers import PricesOfFile
from teleinfo.history import energies, sentences, sites
from teleinfo.history.file_import import Added, FileImport
from teleinfo.history.sentences import Paragraph, told

if TYPE_CHECKING:
    import datetime as dt
    import sqlite3
    from collections.abc import Sequence

    from teleinfo.history.store import Store
    from teleinfo.vocabulary.words import Message

ALLOW_OTHER_PRM: Final = "--allow-other-prm"
"""The option that adds files of another place."""

SEPARATOR: Final = " › "
"""The text between the names of an archive and of a file in it."""

MAX_SINGLE: Final = 5
"""The most files in a row, of one format, of which each has a line of its own."""


def label_of(name: str) -> str:
    """Return the name of a file without the number of a customer or a post code in it."""
    return re.sub(r"\d{5,}", "…", printable(name))


def tell(paragraph: Paragraph, **values: object) -> None:
    """Say the sentences of a paragraph whose fields are known."""
    say(" ".join(told(paragraph, values)))


@dataclass
class _AddedFile:
    """A file, or a file in an archive, that was added."""

    label: str
    content: Content
    added: Added


class ImportedFiles:
    """The files of one command. An index in one file proves what the times in another file mean."""

    def __init__(self, *, allow_other_site: bool = False) -> None:
        self._allow_other_site = allow_other_site
        self._reader = FileReader()
        self._understood: list[tuple[str, Content]] = []  # by label
        self._refused: list[tuple[str, Message]] = []  # why, by label
        self._sentences: list[str] = []  # why some are left out
        self._has_other_format = False
        self._prices: list[PricesOfFile] = []

    @property
    def has_failed(self) -> bool:
        """True if a file was not added, unless it is a needless part of an archive."""
        return bool(self._refused or self._sentences)

    def refuse(self, label: str, reason: Message) -> None:
        """Note why a file is not added."""
        self._refused.append((label, reason))

    def read(self, file: IO[bytes], label: str) -> None:
        """Read a file, or each file in an archive; raise OSError."""
        parts = [*self._reader.contents(file)]
        is_any_understood = any(isinstance(content, Content) for _name, content in parts)
        needless = []
        for name, content in parts:
            part = label
            if name:  # of a file in an archive
                part = f"{label}{SEPARATOR}{label_of(name)}"
            if isinstance(content, Content):
                self._understood.append((part, content))
            elif is_any_understood and content.is_other:
                needless.append(label_of(name))
            else:
                self.refuse(part, content.reason)
                self._has_other_format = True
        if needless:
            tell(sentences.NEEDLESS, label=label, names=needless)

    @property
    def prices(self) -> list[dict[str, object]]:
        """The regulated prices of each file that has some, in types of JSON."""
        return [file.model_dump(mode="json", by_alias=True) for file in self._prices]

    def add(self, store: Store, number: int) -> None:
        """Add what is understood to the history, in the import with this number, and say what came of it."""
        of_meter = []
        for label, content in self._understood:
            if content.prices:
                self._note_prices(label, content, number)
            else:
                of_meter.append((label, content))
        self._understood = of_meter
        if self._understood:
            with store.editing(number // 1000) as base:
                self._add_to(base, number)
        for (reason, _archive), group in itertools.groupby(self._refused, _reason_and_archive):
            labels = [label for label, _reason in group]
            for label in _labels(labels):
                tell(sentences.REFUSED, label=label, reason=_(reason))
        for sentence in self._sentences:
            say(sentence)
        if self._has_other_format:
            say("\n".join(told(sentences.WANTED, {})))

    def _note_prices(self, label: str, content: Content, number: int) -> None:
        """Keep the regulated prices of a file, and say what it is."""
        prices = [price.model_copy(update={"number": number}) for price in content.prices]
        self._prices.append(PricesOfFile(label=label, prices=tuple(prices)))
        _tell_together(label, [_AddedFile(label, content, Added())])

    def _add_to(self, base: sqlite3.Connection, import_number: int) -> None:
        """Add the files to the meter of the history, and say what came of each."""
        meter = energies.last_meter(base)
        if meter is None:
            self._sentences += told(sentences.NO_METER, {})
            return
        self._leave_out_other_sites(base)
        indexes: dict[int, int] = {}
        for _label, content in self._understood:
            indexes.update(content.indexes)
        files = FileImport(base, meter, indexes, import_number, allow_other_site=self._allow_other_site)
        parts = []
        for label, content in self._understood:
            try:
                added = files.add(content)
            except FileError as error:
                self.refuse(label, error.reason)
                continue
            parts.append(_AddedFile(label, content, added))
        _add_new_sites(base, meter, parts, import_number)
        for _forms, group in itertools.groupby(parts, lambda part: [*part.content.forms]):
            _tell_parts([*group])
        has_curve = any(part.content.points for part in parts)
        if has_curve:
            known = energies.known(base, meter)
            values = {**known, "begin": known["first"], "end": known["last"]}
            for sentence in told(sentences.IMPORT, values):
                say(sentence)

    def _leave_out_other_sites(self, base: sqlite3.Connection) -> None:
        """Leave out files of another place than those that were imported before, unless that is allowed."""
        if self._allow_other_site:
            return
        labels_by_site = defaultdict[str, list[str]](list)
        for label, content in self._understood:
            for site in content.sites:
                labels_by_site[site].append(label)
        is_known_by_site = {site: sites.is_known(base, site) for site in labels_by_site}
        was_none_imported = None in is_known_by_site.values()
        if was_none_imported and len(labels_by_site) > 1:
            # Nothing says which of them is the place of this meter.
            left_out = [*labels_by_site]
            names = [_label_of_all(labels_by_site[site]) for site in left_out]
            self._sentences += told(sentences.SITES, {"names": names})
        else:
            left_out = [site for site, is_known in is_known_by_site.items() if is_known is False]
            values = {"option": ALLOW_OTHER_PRM, "undo": command_line("history", "undo")}
            for site in left_out:
                for label in _labels(labels_by_site[site]):
                    self._sentences += told(sentences.OTHER_SITE, {**values, "label": label})
        kept = []
        for label, content in self._understood:
            if content.sites.isdisjoint(left_out):
                kept.append((label, content))
        self._understood = kept


def _add_new_sites(
    base: sqlite3.Connection, meter: int, parts: Sequence[_AddedFile], import_number: int
) -> None:
    """Add the places of the files of which something was added, as those of this import, if they are new."""
    sites_of_parts: set[str] = set()
    for part in parts:
        if part.added.new or part.added.others:
            sites_of_parts |= part.content.sites
    for site in sorted(sites_of_parts):
        if not sites.is_known(base, site):
            sites.add_site(base, meter, site, import_number)


def _reason_and_archive(refused: tuple[str, Message]) -> tuple[Message, str]:
    """Return why a file was refused, and the name of its archive; it is empty if it is in none."""
    label, reason = refused
    archive, _separator, _name = label.rpartition(SEPARATOR)
    return reason, archive


def _labels(labels: list[str]) -> list[str]:
    """Return the labels of files in a row, or one for all of them if they are more than `MAX_SINGLE`."""
    if len(labels) <= MAX_SINGLE:
        return labels
    return [_label_of_all(labels)]


def _label_of_all(labels: list[str]) -> str:
    """Return one label for files in a row; it is that of the file if there is one alone."""
    if len(labels) == 1:
        return labels[0]
    template = N_("{first} … {last} ({count} files)")
    return _(template).format(first=labels[0], last=labels[-1], count=len(labels))


def _tell_parts(parts: Sequence[_AddedFile]) -> None:
    """Say what came of files of one format in a row, together if they are many."""
    if len(parts) > MAX_SINGLE:
        label = _label_of_all([part.label for part in parts])
        _tell_together(label, parts)
        return
    for part in parts:
        _tell_together(part.label, [part])


def _tell_together(label: str, parts: Sequence[_AddedFile]) -> None:
    """Say what came of some files of one format, which are called `label`."""
    days: set[dt.date] = set()
    for part in parts:
        days |= part.content.days
    form = " + ".join(_(name) for name in parts[0].content.forms)
    values: dict[str, object] = {"label": label}
    if days:
        values |= {"form": form, "first": min(days), "last": max(days)}
    else:
        values["bare"] = form  # the sentence of a file in which nothing can be used
    for field in dataclasses.fields(Added):
        values[field.name] = sum(getattr(part.added, field.name) for part in parts)
    examples = [part.added.example for part in parts if part.added.example]
    values["example"] = min(examples, default=0)  # a time, and no number to be summed
    indexes = sum(len(part.content.indexes) for part in parts)
    if indexes > 1:  # one alone checks nothing
        values["indexes"] = indexes
    values["doubles"] = sum(part.content.doubles for part in parts)
    faulty = [part for part in parts if part.content.faults]
    if faulty:
        values["faults"] = sum(len(part.content.faults) for part in faulty)
        line = str(faulty[0].content.faults[0])
        if len(parts) > 1:
            line = _(N_("{line} of {label}")).format(line=line, label=faulty[0].label)
        values["line"] = line
    tell(sentences.FILE, **values)
