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

        def in_one_list_only() -> list[str]:
            listed = {statistic["statistic_id"] for statistic in ask("recorder/list_statistic_ids")}
            listed &= set(ids.values())  # Home Assistant has statistics of its own
            return sorted(household.with_statistics() ^ listed)

        def issues_of_energy() -> list[str]:
            issues_by_source = ask("energy/validate")["energy_sources"]
            return [str(issue) for issues in issues_by_source for issue in issues]

        eventually(in_one_list_only)
        # The list has entities too whose statistics are only to come.
        eventually(issues_of_energy)
        assert ask("recorder/validate_statistics") == {}
    for energy in ("energy_import_total", "energy_export_total"):
        if energy in ids:  # a household that injects nothing has no exported energy
            expect_sum(household, ids[energy])
    assert household.hass.complaints() == []
    assert household.hass.repairs() == []


def test_an_overrun_that_ends_while_the_daemon_is_away_is_over(household: Household) -> None:
    """1. An overrun is shown. 2. The daemon stops, and starts when the overrun is over: none is shown."""
    name = "Dépassement de la puissance souscrite"
    household.linky.besides = [Group("ADPS", "046", None, Mode.HISTORIQUE)]  # 46 A, while there is an overrun
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
    # Read before the removal: Home Assistant complains of any removal, since it hears its own echo.
    complaints = household.hass.complaints()
    household.publish(CONFIG, b"")

    def entities_that_are_left() -> list[str]:
        return [name for name in household.hass.states() if name.startswith(DEVICE)]

    eventually(entities_that_are_left)

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


def test_a_wrong_message_is_complained_of(household: Household) -> None:
    """Else an empty list of complaints, which every test here expects, would prove nothing."""
    household.hass.start()
    household.hass.ask("config/device_registry/list")
    assert household.hass.complaints() == []
    power_in_va = {
        "platform": "sensor",
        "unique_id": "teleinfo_B",
        "name": "B",
        "device_class": "power",  # whose units are W and its multiples
        "unit_of_measurement": "VA",
        "state_topic": "wrong/B",
    }
    message = {
        "device": {"identifiers": ["teleinfo_wrong"], "name": "Linky"},
        "origin": {"name": "teleinfo"},
        "components": {"wrong": power_in_va},
    }
    household.publish("homeassistant/device/teleinfo_wrong/config", json.dumps(message).encode())

    def no_complaint() -> list[str]:
        complaints = household.hass.complaints()
        return [] if any("VA" in complaint for complaint in complaints) else ["no complaint"]

    eventually(no_complaint)


ORDERS = (("broker", "daemon", "hass"), ("daemon", "hass", "broker"), ("hass", "broker", "daemon"))
"""Each of the three is once the first one, the second one and the last one."""


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
