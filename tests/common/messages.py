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

ONLY_A_FIELD = re.compile(r"\{\w+\}")
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
    places = dict.fromkeys(sample.sentences(), ".env-sample")
    for kind in CODES:
        for member in kind:
            places[member.words.template] = f"{member!r}"
    for field in FIELDS:
        for text in (field.name, field.meaning):
            if text:
                places[getattr(text, "template", text)] = field.path
    places = {text: place for text, place in places.items() if not ONLY_A_FIELD.fullmatch(text)}
    places |= dict.fromkeys(MARKED.findall((FOLDER / "index.html").read_text(encoding="utf-8")), "index.html")
    for path in sorted(SOURCES.rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for call in nodes:
            if not isinstance(call, ast.Call):
                continue
            place = f"{path.relative_to(SOURCES)}:{call.lineno}"
            for message in (_of_log(call, place), _of_function(call, place)):
                if message is not None:
                    places[message] = place
    return places


def _of_log(call: ast.Call, place: str) -> str | None:
    """Return the template of a line of the log; None if the call writes none, or its text is elsewhere."""
    if ast.unparse(call.func) not in LOG:
        return None
    [template, *_arguments] = call.args
    assert not isinstance(template, ast.JoinedStr | ast.BinOp), f"{place} is no literal"
    if not isinstance(template, ast.Constant) or template.value == "%s":
        return None
    return str(template.value)


def _of_function(call: ast.Call, place: str) -> str | None:
    """Return the text of `_`, `N_` or `Message`; None for other calls, or if the text is elsewhere."""
    if not isinstance(call.func, ast.Name) or call.func.id not in {"_", "N_", "Message"} or not call.args:
        return None
    if place.partition(":")[0].endswith(("i18n.py", "words.py")):
        return None
    [text] = call.args
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return text.value
    # `_` or `Message` of a name is the second half of `N_`; what is put together has none.
    assert call.func.id != "N_", place
    assert not isinstance(text, ast.JoinedStr | ast.BinOp), f"{place} is no literal"
    return None
