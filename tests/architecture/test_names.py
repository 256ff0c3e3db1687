"""Names: of classes, of files, and of the settings that a text speaks of."""

from __future__ import annotations

import ast
import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

from teleinfo import settings
from teleinfo.common import i18n
from teleinfo.vocabulary.words import Language
from tests.architecture.sources import FILES, place, tree

ROOT = Path(__file__).parents[2]
TEXTS = sorted(
    path
    for folder in ("docs", "systemd", "src/teleinfo")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
) + [ROOT / name for name in ("README.md", "README.fr.md", "CHANGELOG.md", ".env-sample")]

VARIABLE = re.compile(r"\bTELEINFO_[A-Z0-9_]*[A-Z0-9]\b(?!_?\*|_[{<…])")
NOT_OURS = {"TELEINFO_HOMEASSISTANT_VENV", "TELEINFO_SETTINGS"}
"""Read by tests and by the generator of systemd units."""


def test_every_setting_that_a_text_names_exists() -> None:
    """No page, unit, example or message speaks of a variable that nobody reads."""
    known = set(map(settings.variable_of, settings.DEFAULTS)) | NOT_OURS
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in TEXTS
        for name in VARIABLE.findall(path.read_text(encoding="utf-8", errors="replace"))
    }

    # A name may be the beginning of others, where the text speaks of several at once.
    assert [(path, name) for path, name in named if not any(one.startswith(name) for one in known)] == []


def test_no_two_classes_or_aliases_share_a_name() -> None:
    places = defaultdict(list)
    imported = set()
    for module in FILES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(place(module, node))
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if re.fullmatch(r"[A-Z]+[a-z]\w*", alias := ast.unparse(target)):
                        places[alias].append(place(module, node))
            elif isinstance(node, ast.ImportFrom) and node.module in sys.stdlib_module_names:
                imported |= {alias.asname or alias.name for alias in node.names}

    assert {name: where for name, where in places.items() if len(where) > 1 or name in imported} == {}


ENGLISH_TOO = {
    "charge", "diagnostic", "environ", "injection", "plus", "point", "points", "recent", "refuse", "resume",
    "sources", "zero",
}  # fmt: skip
DATA = {"bleu", "blanc", "rouge", "jaune", "demain", "modele"}
"""Words of the meter: colours, the étiquette DEMAIN, and a column of the table of its models."""


def french() -> set[str]:
    """Return the words that stand in our French texts and not in the English: those of TIC stand in both."""
    texts = i18n.catalogue(Language.FR)
    return words(*texts.values()) - words(*texts) - ENGLISH_TOO


def test_files_and_folders_have_english_names() -> None:
    """French is where users read it."""
    paths = {path for top in ("src", "tests", "systemd") for path in (ROOT / top).rglob("*.*")}
    ours = [path.relative_to(ROOT) for path in paths if path.suffix != ".pyc" and "fr" not in path.parts]
    forbidden = french()

    assert [str(path) for path in ours if words(*path.parts) & forbidden] == []


def test_functions_classes_and_values_have_english_names() -> None:
    forbidden = french() - DATA
    wrong = []
    for module in FILES:
        for node in ast.walk(tree(module)):
            name = ""
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = node.name
            elif isinstance(node, ast.arg):
                name = node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                name = node.id
            if words(name) & forbidden:
                wrong.append((place(module, node), name))

    assert wrong == []


def words(*texts: str) -> set[str]:
    """Return the words of four letters and more, without accents."""
    plain = unicodedata.normalize("NFKD", " ".join(texts).lower().replace("_", " "))
    return set(re.findall(r"[a-z]{4,}", plain.encode("ascii", "ignore").decode()))
