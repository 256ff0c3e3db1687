"""
Write all that is made of the program and its declarations: `make generated`.

These are the JSON Schemas, the tables and messages of the documentation, the golden files, the recordings,
the sample of the settings, and the frozen interface. Read the difference before you commit it. Texts without
French are printed, as entries to translate and to paste into the catalogue that is named; the exit status is
then 1.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from typing import TYPE_CHECKING

import tests.homeassistant.golden
import tests.recordings.__main__
import tests.state.golden
from teleinfo.common import i18n
from teleinfo.vocabulary.words import Language
from tests.common.messages import messages
from tests.docs import frozen, samples
from tests.settings import sample
from tests.state import documents

if TYPE_CHECKING:
    from collections.abc import Mapping

WRITERS = (
    sample,
    documents,
    samples,
    tests.state.golden,
    tests.homeassistant.golden,
    tests.recordings.__main__,
    frozen,
)


def catalogue_for(place: str, places: Mapping[str, str]) -> str:
    """Return the catalogue with most of the texts of the same source as `place`; "" for a new source."""
    catalogues = Counter[str]()
    for path in sorted((i18n.FOLDER / Language.FR).glob("*.po")):
        for text in i18n.parse_catalogue(path.read_text(encoding="utf-8")):
            if text in places and source_of(places[text]) == source_of(place):
                catalogues[path.name] += 1
    return max(catalogues, key=catalogues.__getitem__, default="")


def source_of(place: str) -> str:
    """Return the file, the section of the state, or the class of codes in the place of a message."""
    return re.split(r"[:.]", place.lstrip("<."))[0]


def main() -> int:
    """Write every file; return 1 if a French text is missing."""
    french = i18n.catalogue(Language.FR)
    places = messages()
    missing = {text: place for text, place in places.items() if not french.get(text)}
    for text, place in missing.items():
        catalogue = catalogue_for(place, places)
        sys.stdout.write(f'# {place}: for locale/fr/{catalogue}\nmsgid "{text}"\nmsgstr ""\n\n')
    if missing:
        sys.stdout.write("These texts have no French yet: add them to the catalogues that are named.\n")
        return 1
    for module in WRITERS:
        module.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
