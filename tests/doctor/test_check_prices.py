"""The file of offers: each fault with its line and what to do, by the real command."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.contract import regulated_prices
from teleinfo.doctor.check_prices import check_prices
from teleinfo.doctor.finding import Severity
from tests.doctor.machine_tree import case_of
from tests.support.command import run_forked

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.doctor.case import Case
    from teleinfo.doctor.finding import Finding
    from tests.doctor.machine_tree import Tree

VALID = '[household]\ncontract = [{from = 2026-02-01, offer = "base", kva = 6}]\n'
WRONG = """[household]
contract = [{from = 2026-02-01, offer = "base", kva = 7}]
[[household.off_peak]]
from = 2026-02-01
hours = ["1h30-7h30"]
"""


def found(case: Case) -> list[Finding]:
    """Return the findings on the prices of a case."""

    async def collect() -> list[Finding]:
        return [finding async for finding in check_prices(case)]

    return asyncio.run(collect())


def prices(folder: Path, offers: Path, *, language: str | None = None) -> list[dict[str, Any]]:
    """Return the findings of the command on prices."""
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TELEINFO_OFFERS": str(offers)}
    environ |= {"TELEINFO_MQTT_PORT": "1", "TELEINFO_SERIAL_PORT": "/nonexistent"}
    if language is not None:
        environ["TELEINFO_LANGUAGE"] = language
    done = run_forked(["doctor", "--json"], environ=environ, folder=folder)
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return [finding for finding in findings if finding["check"] == "prices"]


def test_each_fault_has_its_line_and_the_last_one_the_editor(tmp_path: Path) -> None:
    """In French, which is the default, and in English."""
    offers = tmp_path / "offers.toml"
    offers.write_text(WRONG)
    french = prices(tmp_path, offers)
    english = prices(tmp_path, offers, language="en")
    in_french = {each["message"].replace("\N{NO-BREAK SPACE}", " ") for each in french}

    assert in_french == {
        f"{offers} : ligne 2 : household.contract.0.kva : ce n’est aucun de 3, 6, 9, 12, 15, 18, 24, 30, 36",
        f"{offers} : ligne 5 : household.off_peak.0.hours.0 : ce ne sont pas des heures comme 01:34-07:34",
    }
    assert {each["message"] for each in english} == {
        f"{offers}: line 2: household.contract.0.kva: it is none of 3, 6, 9, 12, 15, 18, 24, 30, 36",
        f"{offers}: line 5: household.off_peak.0.hours.0: it is not hours such as 01:34-07:34",
    }
    assert [each["verdict"] for each in french] == ["warning", "warning"]
    assert [each["advice"] for each in french] == ["", "À corriger\N{NO-BREAK SPACE}:"]
    assert french[-1]["commands"] == [f"nano {offers}"]


def test_a_file_without_a_fault_is_named_and_none_is_nothing(tmp_path: Path) -> None:
    offers = tmp_path / "offers.toml"
    without = found(case_of(offers=offers))
    offers.write_text(VALID)
    [valid] = found(case_of(offers=offers))

    assert without == []
    assert (valid.severity, valid.message) == (Severity.OK, f"{offers}: all valid")


def test_damaged_imported_prices_are_to_be_deleted(tmp_path: Path) -> None:
    """Nobody edits that file by hand."""
    offers = tmp_path / "offers.toml"
    imported = regulated_prices.beside(offers)
    imported.write_text("{")
    offers.write_text('[household]\noff_peak = "always"\n')
    _household, damaged = found(case_of(offers=offers))
    messages = [each["message"].partition(":")[0] for each in prices(tmp_path, offers, language="en")]

    assert damaged.commands == (f"sudo rm {imported}",)
    assert messages == [str(offers), str(imported)]


def test_a_file_that_the_service_may_not_read_is_to_be_opened(tree: Tree) -> None:
    """Root may read it; the sandbox of the service tells the difference."""
    offers = tree.file("/etc/teleinfo/offers.toml", VALID)
    tree.file("/run/systemd/system/.here")
    tree.program("systemctl", "LoadState=loaded", "ActiveState=active")
    tree.program("systemd-run", json.dumps({str(offers): "EACCES"}))
    [closed] = found(case_of(tree.machine, offers=offers))
    tree.program("systemd-run", json.dumps({str(offers): ""}))
    [opened] = found(case_of(tree.machine, offers=offers))

    assert closed.severity is Severity.WARNING
    assert closed.commands == (f"sudo chmod a+r {offers}",)
    assert opened.severity is Severity.OK


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_file_that_this_user_may_not_read_is_to_be_opened(tmp_path: Path) -> None:
    offers = tmp_path / "offers.toml"
    offers.write_text(VALID)
    offers.chmod(0)

    [closed] = found(case_of(offers=offers))

    assert closed.commands == (f"sudo chmod a+r {offers}",)
