"""Every text that is shown to people and needs a translation, found in the sources."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from teleinfo.common import i18n
from teleinfo.homeassistant import entities
from teleinfo.state.declaration import FIELDS
from teleinfo.vocabulary import codes, line
from teleinfo.vocabulary.words import Code
from teleinfo.web.server import FOLDER, MARKED
from tests.settings import sample

SOURCES = Path(i18n.__file__).parents[1]

FIELD = re.compile(r"\{\w+\}")
"""A template that is filled with a whole text."""

# The format string of a line of the log is a message, too; those of level DEBUG are for developers.
LOG = {"log.info", "log.warning", "log.error", "log.critical", "log.exception"}
CODES = [
    kind
    for module in (codes, line, entities)
    for kind in vars(module).values()
    if kind in Code.__subclasses__()
]


def messages() -> dict[str, str]:
    """Return every message of sources, log, page and .env-sample, with the place where it stands."""
    found = dict.fromkeys(sample.sentences(), ".env-sample")
    found |= {member.words.template: f"{member!r}" for kind in CODES for member in kind}
    texts = ((field, text) for field in FIELDS for text in (field.name, field.meaning) if text)
    found |= {getattr(text, "template", text): field.path for field, text in texts}
    found = {text: place for text, place in found.items() if not FIELD.fullmatch(text)}
    found |= dict.fromkeys(MARKED.findall((FOLDER / "index.html").read_text(encoding="utf-8")), "index.html")
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in LOG:
                [text, *_fields] = node.args
                assert not isinstance(text, ast.JoinedStr | ast.BinOp), (
                    f"{path.name}:{node.lineno} is no literal"
                )
                if isinstance(text, ast.Constant) and text.value != "%s":
                    found[str(text.value)] = f"{path.relative_to(SOURCES)}:{node.lineno}"
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"_", "N_", "Message"}
                and node.args
                and path.name not in {"i18n.py", "words.py"}
            ):
                place = f"{path.relative_to(SOURCES)}:{node.lineno}"
                [argument] = node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found[argument.value] = place
                else:
                    # `_` or `Message` of a name is the second half of `N_`; what is put together has none.
                    assert node.func.id != "N_", place
                    assert not isinstance(argument, ast.JoinedStr | ast.BinOp), f"{place} is no literal"
    return found
