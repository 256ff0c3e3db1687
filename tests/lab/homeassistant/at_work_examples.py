"""
The examples of the pages in a real Home Assistant: the dashboard, the automations and the blueprints.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_examples.py

They are read from the page of a language. Home Assistant 2025.6 gives other entity ids: there they are
changed to those of the pages, as a user would do it.
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from teleinfo.tic.labels import Group, Mode
from teleinfo.vocabulary.words import Language
from tests.lab.homeassistant.household import LIMIT, Household, eventually
from tests.state.documents import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real

HERE: Final = Path(__file__).parent
PRICES: Final = "HCJB=0.1325 HPJB=0.1612 HCJW=0.1499 HPJW=0.1871 HCJR=0.1575 HPJR=0.706 month=15.5"
OVERRUN: Final = [Group("ADPS", "046", None, Mode.HISTORIQUE)]
EVENING: Final = dt.timedelta(hours=8, minutes=5)
"""Time from the clock of the meter at the start, noon, to the announcement of the colour of tomorrow."""
ALIASES: Final = {"Red day": "Jour rouge", "Shed": "Délestage"}
"""The French names of the automations by blueprints, which a picture shows."""


def blocks(page: str, language: Language) -> list[str]:
    """Return the blocks of YAML of a page, in their order."""
    folder = DOCS / "fr" if language is Language.FR else DOCS
    return re.findall(r"```yaml\n(.*?)```", (folder / page).read_text(encoding="utf-8"), re.DOTALL)


class Examples(Household):
    """A household with Tempo and prices, and what the pages of a language show."""

    def __init__(self, folder: Path, language: Language) -> None:
        super().__init__(folder, "tempo", more=(HERE / "examples.yaml").read_text())
        self.language = language
        dashboard, *automations, red_day, shed_load = blocks("home-assistant-examples.md", language)
        automations += blocks("events.md", language)
        self.dashboard: Any = yaml.safe_load(dashboard)

        blueprints = folder / "hass" / "blueprints" / "automation" / "teleinfo"
        blueprints.mkdir(parents=True)
        (blueprints / "red_day.yaml").write_text(red_day, encoding="utf-8")
        (blueprints / "shed_load.yaml").write_text(shed_load, encoding="utf-8")

        # None at the start: `start` adds them once the entities that they name are there.
        self._automations = folder / "hass" / "automations.yaml"
        self._automations.write_text("[]")
        # The file is one YAML list: first those that use the blueprints, then those of the pages.
        self._added = (HERE / "blueprints.yaml").read_text()
        if language is Language.FR:
            for english, french in ALIASES.items():
                self._added = self._added.replace(f"alias: {english}", f"alias: {french}")
        for automation in automations:
            list_item = textwrap.indent(automation, "  ").strip()
            self._added += f"- {list_item}\n"

    def start(self) -> None:
        """Start Home Assistant, then the daemon; add the automations once all entities are right."""
        self.daemon.environ |= {
            "TELEINFO_LANGUAGE": self.language,
            "TELEINFO_PRICES": PRICES,
        }
        self.hass.start()
        self.daemon.start()
        self.expect_right()
        self.use_proposed_ids()
        self._automations.write_text(self._added, encoding="utf-8")
        self.hass.ask("call_service", domain="automation", service="reload")

    @property
    def notifications(self) -> list[str]:
        """
        The messages of the notifications that are shown, sorted.

        Without that of Home Assistant itself, which lacks some libraries here.
        """
        messages = []
        for notification in self.hass.ask("persistent_notification/get"):
            if notification["notification_id"] != "invalid_config":
                messages.append(str(notification["message"]))
        return sorted(messages)

    def expect_notification(self, message: str) -> None:
        """Return once a single notification, with this message, is shown."""

        def others() -> list[str]:
            shown = self.notifications
            return [] if shown == [message] else [f"notifications: {shown}"]

        eventually(others)

    def expect_heater(self, expected: str) -> None:
        """Return once the switch that stands for a load is in this state."""

        def other_state() -> list[str]:
            state = self.hass.states()["Heater"]["state"]
            return [] if state == expected else [state]

        eventually(other_state)


@pytest.fixture(params=list(Language))
def examples(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Examples]:
    """Return a household with the examples, of which nothing but the broker and the meter runs."""
    with Examples(tmp_path, request.param) as all_together:
        yield all_together


def entities_in(dashboard: Any) -> set[str]:  # noqa: ANN401 - parsed YAML
    """Return the entity ids that a part of a dashboard names, under a key `entity` at any depth."""
    named: set[str] = set()
    parts: list[Any] = []
    if isinstance(dashboard, dict):
        if "entity" in dashboard:
            named.add(str(dashboard["entity"]))
        parts = list(dashboard.values())
    elif isinstance(dashboard, list):
        parts = dashboard
    for part in parts:
        named |= entities_in(part)
    return named


def test_every_example_does_what_the_page_says(examples: Examples) -> None:
    """
    The dashboard shows existing entities; then each automation and blueprint of the pages acts.

    1. Tomorrow is red: a notification. 2. An overrun: one by the entity of the events, one by their topic.
    3. Much power: the heater is switched off; less power: on. 4. A restart notifies of nothing.
    """
    examples.start()
    states = examples.hass.states_by_id()
    named = entities_in(examples.dashboard)
    assert len(named) > 10  # else the dashboard was not read
    assert [entity for entity in named if entity not in states] == []
    assert [entity for entity in named if states[entity]["state"] == "unavailable"] == []

    examples.linky.ahead = EVENING
    examples.expect_notification("red")

    examples.linky.besides = OVERRUN
    eventually(lambda: [] if len(examples.notifications) == 3 else examples.notifications)
    shown = examples.notifications
    overrun = {Language.EN: "Overrun of the subscribed power: began", Language.FR: "Dépassement"}
    of_overrun = [message for message in shown if overrun[examples.language] in message]
    assert len(of_overrun) == 2

    examples.linky.besides = []
    examples.hass.ask(
        "call_service",
        domain="input_boolean",
        service="turn_on",
        target={"entity_id": "input_boolean.heater"},
    )
    examples.linky.instead = {"PAPP": "08500"}
    examples.expect_heater("off")
    examples.linky.instead = {"PAPP": "01000"}
    examples.expect_heater("on")
    assert examples.notifications == shown

    examples.hass.stop(limit=LIMIT)
    examples.hass.start()
    examples.expect_right()

    assert examples.notifications == []
    assert examples.hass.complaints() == []
    assert examples.hass.repairs() == []
