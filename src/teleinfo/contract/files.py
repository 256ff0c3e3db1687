"""
Read the files that a household can bring: load curves, indexes, maxima, colours of Tempo, regulated prices.

This module reads bytes, archives and workbooks; `rows.py` makes a content of their lines. Whatever a file
has, it is read within bounds of time and memory, or refused with a reason.
"""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from typing import IO, TYPE_CHECKING, Final
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from teleinfo.common.i18n import N_
from teleinfo.contract import formats
from teleinfo.contract.content import Content, FileError
from teleinfo.contract.rows import Rows
from teleinfo.contract.workbook import WORKBOOK, TooLargeError, Workbook
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_FILE_BYTES: Final = 20 << 20
"""The most bytes of a file, unpacked: six times as many as a load curve of three years by ten minutes has."""

MAX_IN_ALL: Final = 80 << 20
"""The most bytes of the files of a command, unpacked."""

MAX_FILES: Final = 2000
"""The most files of an archive."""

MAX_ENTRIES: Final = 20_000
"""The most entries of the directories of an archive, and of the workbooks in it."""

MAX_ROWS: Final = 600_000
"""The most lines of a file: ten years by ten minutes have as many."""

MAX_LINE: Final = 2000
"""The most characters of a line that are read."""

_ENCRYPTED: Final = 1
"""The bit in the flags of an entry of an archive that has a password (APPNOTE of PKWARE, 4.4.4)."""

_FIRST_BYTES: Final = b"PK"
_BEGIN_OF_ENTRY: Final = b"PK\1\2"
"""The bytes with which an archive begins, and each entry of its directory (APPNOTE of PKWARE, 4.3.12)."""

_DAMAGES: Final = (
    *(BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ET.ParseError),
    *(LookupError, ValueError, ArithmeticError, UserWarning),
)
"""
The errors that the modules for archives, XML and numbers raise for what is damaged or absurd.

The module for archives only warns of files that overlap.
"""

_TOO_LARGE: Final = Message(N_("it is larger than {most} MB"), most=MAX_FILE_BYTES >> 20)
_TOO_LARGE_IN_ALL: Final = Message(
    N_("the files are larger than {most} MB together; give this one in a command of its own"),
    most=MAX_IN_ALL >> 20,
)
_TOO_LARGE_UNPACKED: Final = Message(N_("it is too large once it is unpacked"))
_DAMAGED: Final = Message(N_("it is damaged; download it again"))


class FileReader:
    """Reads the files of one command, until they have `MAX_IN_ALL` bytes."""

    def __init__(self) -> None:
        self._bytes_left = MAX_IN_ALL

    def contents(self, file: IO[bytes]) -> Iterator[tuple[str, Content | FileError]]:
        """
        Yield the content of an open file, or why it cannot be read, with an empty name.

        Of an archive, yield name and content of each file in it. Raise OSError if the file cannot be read.
        """
        data = file.read(MAX_FILE_BYTES + 1)  # one more byte than is allowed tells that it is too large
        try:
            archive = self._archive(data)
        except FileError as error:
            yield "", error
            return
        except _DAMAGES:
            yield "", FileError(_DAMAGED)
            return
        if archive is None:
            yield "", self._read(data)
            return
        for entry in _files_in(archive):
            yield entry.filename, self._unpack(archive, entry)

    def _archive(self, data: bytes) -> ZipFile | None:
        """Return the archive that a file is; None if it is none, or a workbook; raise FileError."""
        self._count(data)
        archive = _open_archive(data)
        if archive is None or WORKBOOK in archive.namelist():
            return None
        files = _files_in(archive)
        if len(files) > MAX_FILES:
            raise FileError(Message(N_("it has more than {most} files"), most=MAX_FILES))
        if not files:
            raise FileError(Message(N_("it is empty")))
        for name in archive.namelist():
            # Documents of LibreOffice and of Word are archives, too.
            if name == "content.xml" or name.startswith("word/"):
                raise FileError(formats.DOCUMENT)
        return archive

    def _unpack(self, archive: ZipFile, entry: ZipInfo) -> Content | FileError:
        """Return the content of a file in an archive, or why it cannot be read."""
        if entry.flag_bits & _ENCRYPTED:
            return FileError(Message(N_("it has a password; unpack it first")))
        if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            return FileError(formats.PACKED)
        try:
            with _with_warnings_as_errors(), archive.open(entry) as file:
                data = file.read(min(MAX_FILE_BYTES, self._bytes_left) + 1)
            self._count(data)
        except FileError as error:
            return error
        except _DAMAGES:
            return FileError(_DAMAGED)
        return self._read(data)

    def _count(self, data: bytes) -> None:
        """Count the bytes of a file; raise FileError if they are too many."""
        if len(data) > MAX_FILE_BYTES:
            raise FileError(_TOO_LARGE)
        if len(data) > self._bytes_left:
            raise FileError(_TOO_LARGE_IN_ALL)
        self._bytes_left -= len(data)

    def _read(self, data: bytes) -> Content | FileError:
        """Return the content of a file that is no archive, or why it cannot be read."""
        try:
            archive = _open_archive(data)
            if archive is None:
                return _content(_lines(data))
            if WORKBOOK not in archive.namelist():
                return FileError(Message(N_("it is an archive in another one; unpack it first")))
            return self._read_workbook(archive)
        except FileError as error:
            return error
        except TooLargeError:
            # The reader of a workbook has counted its bytes, those beyond the limit too.
            if self._bytes_left > 0:
                return FileError(_TOO_LARGE_UNPACKED)
            return FileError(_TOO_LARGE_IN_ALL)
        except _DAMAGES:
            return FileError(_DAMAGED)

    def _read_workbook(self, archive: ZipFile) -> Content:
        """Return the content of a workbook; raise TooLargeError, or an error of `_DAMAGES`."""
        workbook = Workbook(archive, min(MAX_FILE_BYTES, self._bytes_left))
        try:
            with _with_warnings_as_errors():
                return _content(";".join(cells) for cells in workbook.rows())
        finally:
            self._bytes_left -= workbook.bytes_read


def _open_archive(data: bytes) -> ZipFile | None:
    """Return the archive with these bytes, None if they are none; raise FileError, or what ZipFile raises."""
    if not data.startswith(_FIRST_BYTES):
        return None
    if data.count(_BEGIN_OF_ENTRY) > MAX_ENTRIES:  # each takes half a kilobyte once it is open
        raise FileError(_TOO_LARGE)
    return ZipFile(io.BytesIO(data))


@contextlib.contextmanager
def _with_warnings_as_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def _files_in(archive: ZipFile) -> list[ZipInfo]:
    """Return the entries of an archive that are files of the household."""
    return [entry for entry in archive.infolist() if not _is_needless(entry)]


def _is_needless(entry: ZipInfo) -> bool:
    """True if an entry of an archive is a folder, or a file that macOS adds."""
    name = entry.filename.rpartition("/")[2]
    return entry.is_dir() or name.startswith(".") or entry.filename.startswith("__MACOSX/")


def _lines(data: bytes) -> Iterator[str]:
    """Yield the lines of a text with its cells separated by semicolons; raise FileError if it is none."""
    if not data.strip():
        raise FileError(Message(N_("it is empty")))
    for first_bytes, reason in formats.NO_TEXTS:
        if first_bytes.match(data) is not None:
            raise FileError(reason, is_other=True)
    text = _text(data)
    if formats.HTML.match(text):
        raise FileError(formats.NO_FILE)
    if formats.JSON_LINES.match(text):
        raise FileError(formats.READINGS)
    if "\0" in text:
        raise FileError(_DAMAGED)
    for line in io.StringIO(text, newline=None):
        yield line[:MAX_LINE].replace('"', "").replace("\t", ";")


def _text(data: bytes) -> str:
    """Return the text of bytes in UTF-16, UTF-8 or the encoding of Windows in France, which takes any."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _content(lines: Iterable[str]) -> Content:
    """Return the content of lines; raise FileError."""
    rows = Rows()
    for number, line in enumerate(lines, 1):
        if number > MAX_ROWS:
            raise FileError(Message(N_("it has more than {most} lines"), most=MAX_ROWS))
        rows.add(number, line.strip())
    return rows.content()
