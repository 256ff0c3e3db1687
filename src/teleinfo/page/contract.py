"""The card of the contract: its table with the sentences beside it, in the language of the reader. Pure."""

from __future__ import annotations

from typing import Any, Final

from teleinfo.common.i18n import _, in_words
from teleinfo.common.terminal_text import printable
from teleinfo.page.sentences import told

FACTS: Final = ("PERIOD", "CONTRACT", "POWER", "STANDBY", "HOURS", "PRICES")
"""The paragraphs of the card."""

ENOUGH_DAYS: Final = 300
"""Days of a year whose greatest power must be known to say which subscribed power would have been enough."""


def contract_part(table: dict[str, Any]) -> dict[str, Any]:
    """Return the table of `contract_table` with the `sentence` of the card, its `facts` and the `fault`."""
    steps = _steps(table)
    off_peak = next(iter(table["off_peak"]), None)
    values = table | _verdict(table)
    values |= {
        "unknown": "" if table["held"] else table["file"],
        "learned" if table["off_peak_learned"] else "told": off_peak,
        "off_peak": off_peak,
        "old" if table["prices"]["are_old"] else "new": table["prices"]["since"],
    }
    facts = {name: told(name, values) for name in FACTS}
    for step in steps:
        facts["POWER"] += told("STEP", step)
    enough = next((step for step in steps if table["is_year"] and "enough" in step), {})
    return {
        **table,
        "fault": "" if table["fault"] is None else printable(_(table["fault"])),
        "offers": [in_words(offer) for offer in table["offers"]],
        "sentence": " ".join(told("VERDICT", values)[:1] + told("ENOUGH", enough)),
        "facts": [" ".join(sentences) for sentences in facts.values() if sentences],
    }


def _verdict(table: dict[str, Any]) -> dict[str, Any]:
    """Return the field that only the verdict of this table has."""
    if not table["is_year"]:
        return {"so_far": table["energy"] and table["begin"]}
    verdict = table["verdict"]
    if verdict is None:
        return {"year": table["begin"]}
    [name] = [offer["name"] for offer in table["offers"] if offer["id"] == verdict["best"]]
    if verdict["best"] == table["held"]:
        return {"best": name}
    return {"same" if verdict["is_same"] else "better": name}


def _steps(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is told of each subscribed power that was too low or would have been enough."""
    power = table["power"]
    if power is None or power["days"] < ENOUGH_DAYS:
        return []
    found = []
    for step in power["steps"]:
        days = {"days": power["days"]}
        if step["exceeded"]:
            found.append(days | {"too_low": step["kva"], "exceeded": step["exceeded"]})
        elif step["kva"] < table["kva"]:
            found.append(days | step | {"enough": step["kva"]})
    return found
