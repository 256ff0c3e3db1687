"""No two classes share a name, and every setting that a text names exists."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from teleinfo import settings
from tests.architecture.sources import FILES, place, tree

ROOT = Path(__file__).parents[2]
TEXTS = sorted(
    path
    for folder in ("docs", "systemd", "src/teleinfo")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
) + [ROOT / name for name in ("README.md", "README.fr.md", "CHANGELOG.md", ".env-sample")]

VARIABLE = re.compile(r"\bTELEINFO_[A-Z0-9_]*[A-Z0-9]\b(?!_?\*|_[{<…])")
NOT_OURS = {
    *("TELEINFO_HOMEASSISTANT_VENV", "TELEINFO_SETTINGS"),
    *("TELEINFO_TEST_ASTRAMETER", "TELEINFO_TEST_GLADYS"),
}
"""Read by tests and by the generator of systemd units."""


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_that_a_text_names_exists(path: Path) -> None:
    """No page, unit, example or message speaks of a variable that nobody reads."""
    known = set(map(settings.variable_of, settings.Settings.model_fields)) | NOT_OURS
    # A name may be the beginning of others, where the text speaks of several at once.
    named = set(VARIABLE.findall(path.read_text(encoding="utf-8", errors="replace")))

    assert {name for name in named if not any(one.startswith(name) for one in known)} == set()


def test_no_two_classes_share_a_name() -> None:
    """Whoever looks for the class of a message or of a search finds one."""
    places = defaultdict(list)
    for module in FILES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(place(module, node))

    assert {name: where for name, where in places.items() if len(where) > 1} == {}
