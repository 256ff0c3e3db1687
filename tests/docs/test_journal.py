"""docs/fr/journal.md explains every line of the log, in the words of the sources, and no other line."""

from __future__ import annotations

import ast
import dataclasses
import re
from typing import TYPE_CHECKING

import pytest

from teleinfo.mqtt.errors import OUTAGE_TEXTS, BrokerErrorKind
from tests.docs.markdown import FRENCH, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGE = ROOT / "src" / "teleinfo"
# All levels but DEBUG.
LOG = ("log.info", "log.warning", "log.error", "log.critical", "log.exception")
# Where every text with a blank in it is for the log, whole or a part of a line.
WORDINGS = ("port/errors.py", "port/line_log.py")
# Where the texts are the messages of wrong settings, which the log has too.
SETTINGS = (
    *("cli/main.py", "cli/run.py", "common/file_errors.py", "settings/checks.py", "settings/env_file.py"),
    *("settings/faults.py", "settings/model.py", "settings/sources.py"),
)
# What a command alone finds out.
NOT_LOGGED = {
    BrokerErrorKind.NOT_READABLE,
    BrokerErrorKind.REFUSES_MESSAGE,
    BrokerErrorKind.REFUSES_MQTT,
    BrokerErrorKind.WANTS_HTTP,
    BrokerErrorKind.WANTS_TLS,
}
# A text with fewer letters only joins others.
FEWEST_LETTERS = 4


def quotable(template: str) -> str:
    """Return a text with … for each part of it that changes."""
    return re.sub(r"%[sd]|\{\w+\}", "…", template)


def text_of(node: ast.expr) -> str:
    """Return a literal, as it can be quoted; nothing for another expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return quotable(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "…" for part in node.values)
    return ""


def inside(nodes: Iterable[ast.AST]) -> set[ast.AST]:
    """Return everything in these nodes, without the nodes themselves."""
    return {part for node in nodes for part in ast.walk(node) if part is not node}


def calls(tree: ast.AST, *names: str) -> list[ast.Call]:
    """Return the calls of these functions that have arguments."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    return [call for call in found if ast.unparse(call.func) in names]


def wordings(tree: ast.AST) -> list[str]:
    """Return the texts of a module of wordings: all but docstrings."""
    nodes = list(ast.walk(tree))
    others = inside(node for node in nodes if isinstance(node, ast.JoinedStr | ast.Expr | ast.Compare))
    texts = [text_of(node) for node in nodes if isinstance(node, ast.expr) and node not in others]
    return [text for text in texts if " " in text]


def faults(tree: ast.AST) -> list[str]:
    """Return the messages about wrong settings, but for what each of them allows."""
    allowed = inside(calls(tree, "Allowed"))
    messages = [call for call in calls(tree, "Message") if call not in allowed]
    messages += [marked for call in calls(tree, "ConflictError") for marked in calls(call, "N_")]
    return [text_of(call.args[0]) for call in messages]


def lines() -> dict[str, str]:
    """Return every text of the log, whole or a part of a line, with the module that has it."""
    broker = [quotable(kind.value.message) for kind in BrokerErrorKind if kind not in NOT_LOGGED]
    broker += [quotable(text) for text in dataclasses.astuple(OUTAGE_TEXTS) if text]
    found: dict[str, str] = dict.fromkeys(broker, "mqtt/errors.py")
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = [text_of(call.args[0]) for call in calls(tree, *LOG)]
        if name in WORDINGS:
            texts += wordings(tree)
        if name in SETTINGS:
            texts += faults(tree)
        found |= {text: name for text in texts if len(re.findall("[a-z]", text)) >= FEWEST_LETTERS}
    return found


LINES = lines()


def quoted() -> list[str]:
    """Return the quotes of the log on the page: the code in the first cell of each row of its tables."""
    rows = re.findall(r"^\|([^|]*)\|.*\|$", FRENCH["docs/fr/journal.md"], re.MULTILINE)
    return [piece for row in rows for piece in re.findall(r"`([^`]+)`", row)]


def matches(quote: str, line: str) -> bool:
    """Return True if a quote, in which … stands for anything, is this line."""
    return re.fullmatch(re.escape(quote).replace("…", ".*"), line) is not None


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:60])
def test_every_line_of_the_log_is_explained(line: str) -> None:
    """The page quotes it, from its beginning."""
    assert [quote for quote in quoted() if matches(quote, line)] != []


def test_no_line_is_explained_that_the_log_never_has() -> None:
    """Each quote is a text of the sources, and says enough of it to be found."""
    assert [quote for quote in quoted() if not any(matches(quote, line) for line in LINES)] == []
    assert [quote for quote in quoted() if len(re.findall("[a-z]", quote)) < FEWEST_LETTERS] == []
