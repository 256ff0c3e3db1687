"""The card of the contract: its table with the sentences beside it, in the language of the reader. Pure."""

from __future__ import annotations

from typing import Any, Final

from teleinfo.common.i18n import N_, _, in_words
from teleinfo.common.terminal_text import printable
from teleinfo.history import sentences
from teleinfo.history.sentences import told
from teleinfo.vocabulary.words import Message

ENOUGH_DAYS: Final = 300
"""Days of a year whose greatest power must be known to say which subscribed power would have been enough."""


def contract_part(table: dict[str, Any]) -> dict[str, Any]:
    """Return the table of `contract_table` with the `sentence` of the card, its `facts` and the `fault`."""
    steps = _steps(table)
    values = table | _verdict(table) | _hours(table)
    values["unknown"] = "" if table["held"] else table["file"]
    age_of_prices = "old" if table["prices"]["are_old"] else "new"
    values[age_of_prices] = table["prices"]["since"]
    of_power = told(sentences.POWER, values)
    for step in steps:
        of_power += told(sentences.STEP, step)
    of_prices = told(sentences.PRICES, values)
    if table["note"] is not None:
        of_prices.append(f"{printable(_(table['note']))}.")
    paragraphs = (
        told(sentences.PERIOD, values),
        told(sentences.CONTRACT, values),
        of_power,
        told(sentences.STANDBY, values),
        told(sentences.HOURS, values),
        of_prices,
    )
    sentence = told(sentences.VERDICT, values)[:1]
    if table["is_year"] and steps and "enough" in steps[-1]:
        sentence += told(sentences.ENOUGH, steps[-1])
    fault = "" if table["fault"] is None else printable(_(table["fault"]))
    return {
        **table,
        "fault": fault,
        "note": "",
        "offers": [_offer(offer) for offer in table["offers"]],
        "sentence": " ".join(sentence),
        "facts": [" ".join(paragraph) for paragraph in paragraphs if paragraph],
    }


def _offer(offer: dict[str, Any]) -> dict[str, Any]:
    """Return an offer with its words, and why its cost is uncertain."""
    unsure = ""
    if offer["now"] and offer["unknown_days"]:
        template = N_("the colours of {count} days are not known")
        unsure = _(Message(template, count=offer["unknown_days"]))
    return {**in_words(offer), "unsure": unsure}


def _verdict(table: dict[str, Any]) -> dict[str, Any]:
    """Return the one field that chooses the sentence of the verdict."""
    if not table["is_year"]:
        start = table["start"]
        if not table["energy"]:
            start = None
        return {"so_far": start}
    if table["verdict"] is None:
        return {"year": table["start"]}
    return _verdict_of_year(table, table["verdict"])


def _verdict_of_year(table: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    [name] = [offer["name"] for offer in table["offers"] if offer["id"] == verdict["best"]]
    is_own = verdict["best"] == table["held"]
    if verdict["is_same"] and not is_own:
        return {"same": name}
    if not verdict["is_sure"]:
        return {"unsure": verdict["unknown_days"]}
    if is_own:
        return {"best": name}
    if round(verdict["saved"]) < round(verdict["saved_most"]):
        return {"better_at_least": name}
    return {"better": name}


def _hours(table: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the off-peak hours: of both half-years, or of each, or which are not known."""
    hours = table["off_peak"]
    winter = hours["winter"]
    summer = hours["summer"]
    source = "learned" if hours["are_learned"] else "told"
    if not winter and not summer:
        return {}
    if winter == summer:
        return {source: {"all": winter}}
    if not summer:
        return {source: {"winter": winter}, "no_summer": table["file"]}
    if not winter:
        return {source: {"summer": summer}, "no_winter": table["file"]}
    return {source: {"winter": winter}, "other": {"summer": summer}}


def _steps(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is told of each subscribed power that was too low, and of the least one that was enough."""
    power = table["power"]
    if power is None or power["days"] < ENOUGH_DAYS:
        return []
    found = []
    for step in power["steps"]:
        if step["kva"] >= table["kva"] and not step["exceeded"]:
            break
        days = {"days": power["days"]}
        if step["exceeded"]:
            found.append(days | {"too_low": step["kva"], "exceeded": step["exceeded"]})
            continue
        found.append(days | step | {"enough": step["kva"]})
        break
    return found
