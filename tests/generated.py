"""
Write all that is made of the program and its declarations: `make generated`.

These are the JSON Schemas, the tables and messages of the documentation, the golden files, the recordings,
the sample of the settings, and the frozen interface. Read the difference before you commit it. Texts without
French are printed, as entries to paste into a catalogue and to translate; the exit status is then 1.
"""

from __future__ import annotations

import sys

import tests.homeassistant.golden
import tests.recordings.__main__
import tests.state.golden
from teleinfo.common import i18n
from teleinfo.vocabulary.words import Language
from tests.common.messages import messages
from tests.docs import frozen, samples
from tests.settings import sample
from tests.state import documents

WRITERS = (
    sample,
    documents,
    samples,
    tests.state.golden,
    tests.homeassistant.golden,
    tests.recordings.__main__,
    frozen,
)


def main() -> int:
    """Write every file; return 1 if a French text is missing."""
    french = i18n.catalogue(Language.FR)
    missing = {text: place for text, place in messages().items() if not french.get(text)}
    for text, place in missing.items():
        sys.stdout.write(f'# {place}\nmsgid "{text}"\nmsgstr ""\n\n')
    if missing:
        sys.stdout.write("These texts have no French yet: add them to a catalogue in locale/fr.\n")
        return 1
    for module in WRITERS:
        module.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
