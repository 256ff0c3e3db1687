"""A real Home Assistant, a real broker, the daemon and a simulated Linky, killed and started in any order."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.tic.labels import Group, Mode
from tests.lab.homeassistant.at_work_examples import PRICES
from tests.lab.homeassistant.hass_process import STATISTICS_PERIOD
from tests.lab.homeassistant.household import DEVICE, LIMIT, eventually, expect_sum

if TYPE_CHECKING:
    from tests.lab.homeassistant.household import Household

pytestmark = pytest.mark.real

CONFIG = "homeassistant/device/teleinfo_041961123456/config"


@pytest.mark.parametrize(
    "household", ["ejp", "tri-tempo", "standard-tri", "standard-producer"], indirect=True
)
def test_every_entity_shows_what_the_meter_says(household: Household) -> None:
    """
    The entities of four meters, which have every kind, have their states, units, classes and options.

    Hidden ones are disabled. Home Assistant neither complains nor proposes a repair. `check_schema` checks
    the messages of all meters.
    """
    household.hass.start()
    household.daemon.start()
    household.expect_right()

    assert household.hass.complaints() == []
    assert household.hass.repairs() == []


@pytest.mark.parametrize("household", ["tempo", "standard-producer"], indirect=True)
def test_the_energy_dashboard_takes_the_entities_that_the_page_names(household: Household) -> None:
    """The cost too: its statistics rise, from the cost of the day until then."""
    household.daemon.environ["TELEINFO_PRICES"] = f"{PRICES} PRODUCER=0.2"
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.restart_later(STATISTICS_PERIOD)
    ids = household.entity_ids()
    household.hass.use_for_energy(
        ids["energy_import_total"],
        ids.get("energy_export_total"),
        power=ids["power_active"],
        cost=ids.get("cost_today"),
    )

    with household.hass.asking() as ask:

        def listed() -> set[str]:
            # Home Assistant has some of its own.
            all_of_them = {one["statistic_id"] for one in ask("recorder/list_statistic_ids")}
            return all_of_them & set(ids.values())

        eventually(lambda: sorted(household.statistics() ^ listed()))
        # The list has entities too whose statistics are only to come.
        eventually(
            lambda: [str(issue) for issues in ask("energy/validate")["energy_sources"] for issue in issues]
        )
        assert ask("recorder/validate_statistics") == {}
    for energy in {"energy_import_total", "energy_export_total"} & ids.keys():
        expect_sum(household, ids[energy])
    assert household.hass.complaints() == []
    assert household.hass.repairs() == []


def test_an_overrun_that_ends_while_the_daemon_is_away_is_over(household: Household) -> None:
    """1. An overrun is shown. 2. The daemon stops, and starts when the overrun is over: none is shown."""
    name = "Dépassement de la puissance souscrite"
    household.linky.besides = [Group("ADPS", "046", None, Mode.HISTORIQUE)]
    household.hass.start()
    household.daemon.start()
    household.expect_state(name, "on")
    household.daemon.stop(limit=LIMIT)
    household.expect_state(name, "unavailable")
    household.linky.besides = []
    household.daemon.start()

    household.expect_state(name, "off")
    assert household.hass.complaints() == []


def test_a_stopped_daemon_leaves_its_entities_unavailable_and_an_empty_message_removes_them(
    household: Household,
) -> None:
    """
    A stopped daemon keeps its entities, and an empty message removes them.

    1. All is right. 2. SIGTERM: every entity is unavailable, but for the connection, which is off. 3. The
    documented command, an empty retained message: every entity is gone.
    """
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.expect_state("Liaison avec le compteur", "on")
    household.daemon.stop(limit=LIMIT)
    household.expect_unavailable()
    household.expect_state("Liaison avec le compteur", "off")
    complaints = household.hass.complaints()
    household.publish(CONFIG, b"")

    def left() -> list[str]:
        return [name for name in household.hass.states() if name.startswith(DEVICE)]

    eventually(left)

    # Home Assistant complains of any removal: it hears its own echo.
    assert complaints == []


def test_a_daemon_that_is_killed_leaves_no_quality_of_the_line(household: Household) -> None:
    """1. All is right. 2. SIGKILL: the quality is unavailable. 3. Home Assistant starts anew: it still is."""
    name = "Qualité de la ligne"
    household.hass.start()
    household.daemon.start()
    household.expect_state(name, "Bonne")
    household.daemon.kill()
    household.expect_state(name, "unavailable")
    household.hass.stop(limit=LIMIT)
    household.hass.start()
    household.expect_unavailable()

    assert household.state(name) == "unavailable"
    assert household.hass.complaints() == []


def test_a_silent_meter_is_shown_as_one(household: Household) -> None:
    """1. All is right. 2. The meter sends nothing: its entities are unavailable, the line's say why."""
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.linky.silent = True
    household.expect_unavailable(line=False)
    household.expect_state("Qualité de la ligne", "Muette")
    household.expect_state("Liaison avec le compteur", "off")

    assert household.hass.complaints() == []


ORDERS = (("broker", "daemon", "hass"), ("daemon", "hass", "broker"), ("hass", "broker", "daemon"))


def test_a_wrong_message_is_complained_of(household: Household) -> None:
    household.hass.start()
    household.hass.ask("config/device_registry/list")
    assert household.hass.complaints() == []
    wrong = {
        "platform": "sensor",
        "unique_id": "teleinfo_B",
        "name": "B",
        "device_class": "power",
        "unit_of_measurement": "VA",
    }
    message = {
        "device": {"identifiers": ["teleinfo_wrong"], "name": "Linky"},
        "origin": {"name": "teleinfo"},
        "components": {"wrong": wrong | {"state_topic": "wrong/B"}},
    }
    household.publish("homeassistant/device/teleinfo_wrong/config", json.dumps(message).encode())
    eventually(lambda: [] if any("VA" in line for line in household.hass.complaints()) else ["nothing"])


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_all_are_right_again_in_whatever_order_they_start(
    household: Household, order: tuple[str, ...]
) -> None:
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.daemon.process.kill()
    household.daemon.process.wait(LIMIT)
    household.hass.kill()
    household.broker.kill()
    parts = {"broker": household.broker, "daemon": household.daemon, "hass": household.hass}
    for part in order:
        parts[part].start()
        time.sleep(3)  # the scenario's own: whoever started is up and finds the next one missing
    household.expect_right()

    assert household.hass.complaints() == []


def test_all_are_right_again_after_the_broker_was_killed(household: Household) -> None:
    """1. All is right. 2. It is killed, and starts again a moment later. 3. All is right again."""
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    # It publishes its birth 5 s after it connected, and fails if it is cut off at that moment.
    eventually(lambda: [] if "birth message sent" in household.hass.log else ["it has not started"])
    household.broker.kill()
    household.expect_unavailable()
    household.broker.start()
    household.expect_right()

    assert household.hass.complaints() == []
