"""docs/fr/journal.md explains lines of the log, in the words of the catalogues."""

from __future__ import annotations

import re

from teleinfo.common import i18n
from teleinfo.vocabulary.words import Language
from tests.docs.markdown import FRENCH

# The parts of the catalogue that the log has: `test_i18n` requires each line of the log to be in one.
PARTS = ("broker", "files", "log", "port", "settings")
# A text with fewer letters only joins others.
FEWEST_LETTERS = 4


def plain(text: str) -> str:
    """Return a text with … for each part of it that changes, and with ordinary blanks."""
    return re.sub(r"%[sd]|\{\w+\}", "…", text).replace("\u00a0", " ")


def lines() -> set[str]:
    """Return every text of the log in French, whole or a part of a line."""
    files = [i18n.FOLDER / Language.FR / f"{part}.po" for part in PARTS]
    catalogues = [i18n.parse_catalogue(path.read_text(encoding="utf-8")) for path in files]
    return {plain(french) for catalogue in catalogues for french in catalogue.values()}


def quoted() -> list[str]:
    """Return the quotes of the log on the page: the code in the first cell of each row of its tables."""
    rows = re.findall(r"^\|([^|]*)\|.*\|$", FRENCH["docs/fr/journal.md"], re.MULTILINE)
    return [plain(piece) for row in rows for piece in re.findall(r"`([^`]+)`", row)]


def matches(quote: str, line: str) -> bool:
    """Return True if a quote, in which … stands for anything, is this line."""
    return re.fullmatch(re.escape(quote).replace("…", ".*"), line) is not None


def test_no_line_is_explained_that_the_log_never_has() -> None:
    """Each quote is a text of the catalogue, and says enough of it to be found."""
    known = lines()

    assert len(quoted()) > 20
    assert [quote for quote in quoted() if not any(matches(quote, line) for line in known)] == []
    assert [quote for quote in quoted() if len(re.findall("[a-zé]", quote)) < FEWEST_LETTERS] == []
