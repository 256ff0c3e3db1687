"""All that `make generated` writes into the documentation is there as the program would write it now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs import frozen, samples
from tests.docs.markdown import ROOT
from tests.state import documents

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = documents.written() | samples.written()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_is_that_of_the_program(path: Path) -> None:
    """Schemas, tables, messages, and the version in the log."""
    assert path.read_text(encoding="utf-8") == WRITTEN[path], "make generated"


def test_what_is_frozen_is_what_there_is() -> None:
    """Whoever removes or renames one of these breaks what households have made of it."""
    there = set(frozen.names())
    kept = set(frozen.kept())

    assert kept - there == set(), "frozen by 1.0, see the head of frozen.txt"
    assert there - kept == set(), "make generated"
