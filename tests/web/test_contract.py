"""The card of the contract: what a household reads, and when it reads no advice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.common.i18n import N_, use_language
from teleinfo.contract.price_source import BOTH_GIVEN, PriceSource
from teleinfo.vocabulary.words import Language, Message
from teleinfo.web.contract import contract_part

if TYPE_CHECKING:
    from pathlib import Path

VERDICT: Final[dict[str, Any]] = {
    "best": "tempo",
    "saved": 212.4,
    "saved_most": 212.4,
    "is_same": False,
    "is_sure": True,
    "unknown_days": 0,
}
TABLE: Final[dict[str, Any]] = {
    "start": "2025-11-01",
    "last": "2026-10-31",
    "is_year": True,
    "energy": 3_131_400,
    "estimated": 0,
    "gaps": [],
    "held": "off_peak",
    "kva": 9,
    "offers": [
        {"id": "tempo", "name": "Tempo", "why": None, "now": {}, "unknown_days": 0},
        {"id": "off_peak", "name": "Heures Creuses", "why": None, "now": {}, "unknown_days": 0},
        {
            "id": "base",
            "name": "Base",
            "why": Message(N_("no price for {kva} kVA"), kva=9),
            "now": None,
            "unknown_days": 0,
        },
    ],
    "verdict": VERDICT,
    "sold": None,
    "prices": {"since": "2026-08-01", "are_old": False},
    "off_peak": {
        "winter": "01:34-07:34, 12:34-14:34",
        "summer": "01:34-07:34, 12:34-14:34",
        "are_learned": False,
        "earlier": 0,
    },
    "power": {
        "days": 365,
        "greatest": 5310,
        "time": 1_767_204_000,
        "steps": [
            {"kva": 3, "exceeded": 100, "near": 20, "saved": 94.2},
            {"kva": 6, "exceeded": 0, "near": 2, "saved": 48.24},
            {"kva": 9, "exceeded": 0, "near": 0, "saved": 0},
        ],
    },
    "hourly": 0,
    "standby": {"power": 110, "days": 90, "cost": 9.456, "rose": None},
    "fault": None,
    "note": None,
    "file": "/etc/teleinfo/offers.toml",
}
"""A year of a household with a contract Heures Creuses of 9 kVA."""


def card(**changes: object) -> dict[str, Any]:
    """Return the card of the table with these changes."""
    return contract_part(TABLE | changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Tempo would have cost 212 € less than your contract over these twelve months."),
        (
            {"verdict": VERDICT | {"best": "off_peak", "saved": 0, "saved_most": 0, "is_same": True}},
            "Your contract, Heures Creuses, is the cheapest of the offers that you can have.",
        ),
        (
            {"verdict": VERDICT | {"saved": 12, "saved_most": 12, "is_same": True}},
            "Your contract and Tempo would have cost about the same over these twelve months.",
        ),
        (
            {"verdict": VERDICT | {"saved": 98.2, "saved_most": 140, "unknown_days": 3}},
            (
                "Tempo would have cost 98 € to 140 € less than your contract over these twelve months: "
                "the colours of 3 days are not known."
            ),
        ),
        (
            {"verdict": VERDICT | {"saved": -8.2, "saved_most": 140, "is_sure": False, "unknown_days": 3}},
            "Which offer would have been the cheapest depends on 3 days whose colour is not known.",
        ),
        (
            {"verdict": None},
            "What the twelve months from 01/11/2025 to 31/10/2026 would have cost with each offer.",
        ),
    ],
    ids=["less", "cheapest", "same", "at-least", "unsure", "unknown-contract"],
)
def test_of_a_year_one_sentence_gives_the_verdict(changes: dict[str, Any], sentence: str) -> None:
    """And which subscribed power would have been enough."""
    assert card(**changes)["sentence"] == f"{sentence} 6 kVA would have been enough."


def test_below_a_year_there_is_no_verdict() -> None:
    short = {"is_year": False, "start": "2026-02-01", "verdict": None, "power": None}
    assert card(**short)["sentence"] == (
        "No advice before twelve full months are known by half-hours. So far: from 01/02/2026 to 31/10/2026."
    )
    assert card(**short, energy=0)["sentence"] == "No energy is known yet: it is counted from now on."


def sentences(**changes: object) -> list[str]:
    """Return each sentence of the facts."""
    return re.split(r"(?<=\.) ", " ".join(card(**changes)["facts"]))


def test_what_is_known_is_told() -> None:
    assert sentences() == [
        "From 01/11/2025 to 31/10/2026: 3 131 kWh drawn.",
        "Counted for 9 kVA.",
        "Greatest power: 5 310 VA, on 31/12/2025, 19:00.",
        "3 kVA would have been exceeded on 100 of 365 days.",
        "6 kVA would have been enough.",
        "The power came near it on 2 of 365 days.",
        "It saves 48 € a year.",
        "What runs day and night, the refrigerator included: 110 W.",
        "It costs about 9 € a year.",
        "Off-peak hours: 01:34-07:34, 12:34-14:34.",
        "The regulated prices are of 01/08/2026.",
    ]


def test_what_is_missing_estimated_or_old_is_told() -> None:
    """Of a long list the first are named. From some days nothing follows about the power."""
    found = sentences(
        estimated=25_400,
        hourly=812_300,
        gaps=[["2026-01-03", "2026-01-04"], *([f"2026-0{month}-03"] * 2 for month in range(2, 8))],
        sold={"energy": 412_000, "income": 16.48},
        held=None,
        off_peak={"winter": "02:04-07:04", "summer": "11:04-14:04", "are_learned": True, "earlier": 40},
        power=TABLE["power"] | {"days": 30},
        standby={"power": 150, "cost": None, "rose": {"day": "2026-07-02", "power": 40}},
        prices={"since": "2026-02-01", "are_old": True},
    )
    days = "03/01/2026 – 04/01/2026, 03/02/2026, 03/03/2026, 03/04/2026, 03/05/2026, … (7)"

    assert found == [
        "From 01/11/2025 to 31/10/2026: 3 131 kWh drawn.",
        "Of these, 25 kWh are not known by half-hours, and spread evenly.",
        (
            "Of these, 812 kWh are known by the hour only: if off-peak hours begin within an hour, a cost "
            "may be up to 30 € a year wrong."
        ),
        f"Half-hours are missing on these days: {days}.",
        "Injected: 412 kWh.",
        "They brought 16 €.",
        "Counted for 9 kVA.",
        "Your contract is not known: name it in /etc/teleinfo/offers.toml.",
        "Greatest power: 5 310 VA, on 31/12/2025, 19:00.",
        "What runs day and night, the refrigerator included: 150 W.",
        "Since 02/07/2026 it is 40 W more.",
        "Off-peak hours from November to March, learned from the meter: 02:04-07:04.",
        "From April to October: 11:04-14:04.",
        "They also count for 40 days on which the meter had others, or did not show them.",
        "⚠ The regulated prices are of 01/02/2026: they may have changed since.",
    ]


def test_a_fault_in_the_file_of_offers_is_told_in_the_language_of_the_reader(tmp_path: Path) -> None:
    own = tmp_path / "offers.toml"
    own.write_text("[household]\nfoo = 1\nsale = 3\n")
    faults = PriceSource(own).loaded.fault
    own.unlink()
    own.mkdir()
    unreadable = PriceSource(own).loaded.fault
    with use_language(Language.FR):
        found = card(fault=faults)["fault"], card(fault=unreadable)["fault"]

    foo = f"{own} : ligne 2 : household.foo : cette entrée n’existe pas"
    assert (card()["fault"], card(fault=unreadable)["fault"]) == ("", f"{own}: Is a directory")
    assert [re.sub(r"\s", " ", text) for text in found] == [
        f"{own} : ligne 3 : household.sale : ce n’est pas une liste entre crochets · {foo}",
        f"{own} : c’est un dossier",
    ]


def test_an_offer_without_a_figure_says_why_in_the_language_of_the_reader() -> None:
    with use_language(Language.FR):
        found = card()
    assert found["offers"][2]["why"] == "pas de prix pour 9\N{NO-BREAK SPACE}kVA"
    assert re.sub(r"\s", " ", found["facts"][0]) == "Du 01/11/2025 au 31/10/2026 : 3 131 kWh soutirés."


UNKNOWN: Final = "ne sont pas connues : indiquez-les dans /etc/teleinfo/offers.toml."


@pytest.mark.parametrize(
    ("winter", "summer", "expected"),
    [
        ("", "", []),
        ("22:00-06:00", "22:00-06:00", ["Heures creuses, apprises du compteur : 22:00-06:00."]),
        (
            "22:00-06:00",
            "",
            [
                "Heures creuses de novembre à mars, apprises du compteur : 22:00-06:00.",
                f"Celles d’avril à octobre {UNKNOWN}",
            ],
        ),
        (
            "",
            "11:04-14:04",
            [
                "Heures creuses d’avril à octobre, apprises du compteur : 11:04-14:04.",
                f"Celles de novembre à mars {UNKNOWN}",
            ],
        ),
    ],
)
def test_hours_that_the_meter_has_not_shown_are_told(winter: str, summer: str, expected: list[str]) -> None:
    hours = {"winter": winter, "summer": summer, "are_learned": True, "earlier": 0}
    with use_language(Language.FR):
        facts = [re.sub(r"\s", " ", fact) for fact in card(off_peak=hours)["facts"]]
    assert [fact for fact in facts if "creuses" in fact] == ([" ".join(expected)] if expected else [])


def test_one_sentence_says_which_subscribed_power_would_have_been_enough() -> None:
    """The least one; that a higher one would be too is no news."""
    steps = [{"kva": kva, "exceeded": 0, "near": 0, "saved": 10} for kva in (3, 6, 9)]
    found = card(power=TABLE["power"] | {"steps": steps})
    assert found["sentence"].endswith("these twelve months. 3 kVA would have been enough.")
    assert len(re.findall("kVA would have been enough", " ".join(found["facts"]))) == 1


def test_a_cost_that_is_not_certain_says_why() -> None:
    offers = [{**TABLE["offers"][0], "now": {"unknown": 12.0}, "unknown_days": 3}, *TABLE["offers"][1:]]
    with use_language(Language.FR):
        found = card(offers=offers, note=Message(BOTH_GIVEN, day="2026-01-01", path="/x"))
    unsure = "les couleurs de 3 jours ne sont pas connues"
    assert [offer["unsure"] for offer in found["offers"]] == [unsure, "", ""]
    assert re.sub(r"\s", " ", found["facts"][-1]).endswith(
        "TELEINFO_PRICES ne compte que pour les jours avant le 2026-01-01 : depuis, /x a un contrat."
    )


@pytest.mark.parametrize("exceeded", [0, 12])
def test_without_a_lower_power_that_would_have_been_enough_none_is_advised(exceeded: int) -> None:
    """That the present one was enough is no news; that it was too low is told."""
    steps = [{"kva": kva, "exceeded": 100, "near": 0, "saved": 10} for kva in (3, 6)]
    steps.append({"kva": 9, "exceeded": exceeded, "near": 0, "saved": 0})
    power = TABLE["power"] | {"steps": steps}
    assert "enough" not in card(power=power)["sentence"]
    found = [sentence for sentence in sentences(power=power) if "kVA would" in sentence]
    expected = [f"{kva} kVA would have been exceeded on 100 of 365 days." for kva in (3, 6)]
    if exceeded:
        expected.append("9 kVA would have been exceeded on 12 of 365 days.")
    assert found == expected
