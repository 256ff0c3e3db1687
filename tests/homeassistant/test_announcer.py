"""What is announced, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.common.i18n import _, use_language
from teleinfo.homeassistant.announcer import LOOK_INTERVAL
from teleinfo.homeassistant.discovery import MIGRATE
from teleinfo.tic.judge import CONFIRM_WITHIN, FRAMES_WITHOUT_NUMBER, Judge
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.codes import Contract
from teleinfo.vocabulary.words import Language
from tests.homeassistant.golden import PERIOD, Followed, followed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.homeassistant.discovery import DiscoveryForm

HC = {
    "ADCO": "041961123456",
    "OPTARIF": "HC",
    "ISOUSC": "30",
    "HCHC": "000019212",
    "HCHP": "000000000",
    "PTEC": "HP",
    "IINST": "008",
    "IMAX": "090",
    "PAPP": "01940",
    "HHPHC": "A",
}
LINKY = {
    "ADSC": "041961123456",
    "VTIC": "02",
    "NGTF": "H PLEINE/CREUSE",
    "LTARF": "HEURE PLEINE",
    "EAST": "000019212",
    "EASF01": "000019212",
    "EASF02": "000000000",
    "EASF03": "000000000",
    "IRMS1": "008",
    "URMS1": "230",
    "PREF": "06",
    "SINSTS": "01940",
    "STGE": "003A0401",
    "NTARF": "02",
}
LINE_KEYS = {
    "line_quality",
    "line_errors",
    "line_mode",
    "line_speed",
    "line_unknown_labels",
    "line_connection",
}
CONFIG = "homeassistant/device/teleinfo_041961123456/config"
LOOK_FRAMES = round(LOOK_INTERVAL / PERIOD) + 1
"""Frames in which the announcer looks at least once for an index that has begun to count."""
BOTH_MODES = {
    *("contract", "subscribed_power", "subscribed_current", "tariff", "energy_import_total"),
    *(
        "index_HC",
        "index_HP",
        "power_apparent_import",
        "power_active_import_mean",
        "current_l1",
        "alert_overrun",
    ),
}


def historique(*values: dict[str, str]) -> list[Reading]:
    """Return readings of mode historique."""
    return [Reading(Mode.HISTORIQUE, each) for each in values]


def standard(*values: dict[str, str]) -> list[Reading]:
    """Return readings of mode standard."""
    return [Reading(Mode.STANDARD, each) for each in values]


class FedByHand(Followed):
    """A meter whose readings are made by hand: they are judged as the decoder does it."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of Followed
        super().__init__(**options)
        self._judge = Judge()

    def feed(self, readings: Iterable[Reading]) -> None:
        """Judge readings, each `PERIOD` after the one before."""
        for reading in readings:
            self._judge.judge(reading)
            super().feed([reading])


def announced(readings: Iterable[Reading], **options: Any) -> Followed:  # noqa: ANN401 - those of Followed
    """Return a meter that was followed through these readings."""
    device = FedByHand(**options)
    device.feed(readings)
    return device


def components(device: Followed) -> dict[str, dict[str, Any]]:
    """Return what is announced beside the line and the events, by key; nothing before the first message."""
    if not device.announced:
        return {}
    all_components: dict[str, dict[str, Any]] = device.message["components"]
    others = {*LINE_KEYS, "event"}
    return {key: component for key, component in all_components.items() if key not in others}


def keys(device: Followed) -> set[str]:
    """Return the keys of the entities that are announced."""
    return set(components(device))


def test_what_comes_later_is_added_then() -> None:
    """The notice of EJP comes: the second frame with it confirms it, and all that was there stays."""
    device = announced(historique(HC, HC))
    before = keys(device)
    with_notice = HC | {"PEJP": "30"}
    device.feed(historique(with_notice))
    assert keys(device) == before
    device.feed(historique(with_notice))

    assert keys(device) == before | {"PEJP"}


def test_an_etiquette_outside_the_table_has_an_entity_that_is_not_enabled() -> None:
    """Its state is the text of the meter."""
    with_unknown = HC | {"NEW-1": "AB 12"}
    device = announced(historique(HC, HC, with_unknown, with_unknown))
    component = components(device)["NEW-1"]

    assert (component["name"], component["enabled_by_default"]) == ("Étiquette inconnue NEW-1", False)
    assert component["value_template"] == "{{ value_json['labels_NEW-1']|default(none) }}"


def test_the_messages_stay_the_same_while_nothing_is_new() -> None:
    """A steady meter is announced once."""
    device = announced(historique(HC, HC))
    messages = device.announcer.messages
    device.feed(historique(*[HC | {"PAPP": f"{number:05}"} for number in range(50)]))

    assert device.announcer.messages is messages


def test_a_change_of_mode_keeps_the_entities_of_what_both_modes_say() -> None:
    """
    From historique to standard, contract HC, as Enedis does it without asking.

    The ids are the same and say the same of themselves, and of the place of an index in the message.
    """
    device = announced(historique(*[HC] * 50))
    before = components(device)
    device.feed(standard(*[LINKY] * (CONFIRM_WITHIN + 5)))
    after = components(device)

    assert before.keys() >= BOTH_MODES
    assert after.keys() >= BOTH_MODES
    for key in BOTH_MODES:
        assert before[key] | {"value_template": ""} == after[key] | {"value_template": ""}, key
    assert before["index_HC"] == after["index_HC"]
    assert "energy_indexes_HC_value" in after["index_HC"]["value_template"]
    assert device.announced.keys() == {CONFIG}


def test_what_only_the_old_mode_had_is_unknown_until_the_mode_returns() -> None:
    """Home Assistant would call statistics without their entity orphaned."""
    device = announced(historique(*[HC] * 50))
    before = keys(device)
    device.feed(standard(*[LINKY] * 10))
    assert keys(device) > before
    assert components(device)["IMAX"]["value_template"] == "{{ none }}"
    device.feed(historique(HC, HC, HC, HC))

    assert "IMAX" in components(device)["IMAX"]["value_template"]
    assert components(device)["voltage_l1"]["value_template"] == "{{ none }}"


def test_a_meter_without_a_number_is_announced_after_a_while() -> None:
    """CJE and ICE do not say who they are: the topic tells them apart."""
    readings = historique(*[{"PTCOUR": "HPH", "EApHPH": "123kWh"}] * FRAMES_WITHOUT_NUMBER)
    device = announced(readings[:-1])
    assert device.announced == {}
    device.feed(readings * 2)
    other = announced(readings * 2, topic="teleinfo/atelier")

    assert keys(device) == {"PTCOUR", "EApHPH"}
    assert device.announced.keys() & other.announced.keys() == set()
    assert "serial_number" not in device.message["device"]


def test_a_meter_that_sends_its_number_alone_is_announced_with_its_first_value() -> None:
    """A device without an entity of its own would show the line alone."""
    only_number = {"ADCO": HC["ADCO"]}
    device = announced(historique(*[only_number] * LOOK_FRAMES))
    assert device.announced == {}
    device.feed(historique(*[only_number | {"PAPP": "01940"}] * LOOK_FRAMES))

    assert "power_apparent_import" in keys(device)


def indexes(device: Followed) -> dict[str, str]:
    """Return the names of the announced indexes by key."""
    of_indexes = {key: each for key, each in components(device).items() if key.startswith("index_")}
    return {key: component["name"] for key, component in of_indexes.items()}


@pytest.mark.parametrize(
    "begins", [{"EASF03": "000000001"}, {"NTARF": "03"}], ids=["it counts", "it is the running one"]
)
def test_a_supplier_index_is_announced_enabled_when_it_begins_to_count(begins: dict[str, str]) -> None:
    """The first week-end, the first red day: Home Assistant would keep an entity disabled for ever."""
    device = announced(standard(*[LINKY] * 50))
    assert "index_EASF03" not in keys(device)
    device.feed(standard(*[LINKY | begins] * LOOK_FRAMES))

    assert "enabled_by_default" not in components(device)["index_EASF03"]


def test_a_supplier_index_is_not_announced_from_a_single_frame_that_runs_in_it() -> None:
    """One NTARF may be an accident of the line, though such a state is published at once."""
    device = announced(standard(*[LINKY] * 50, LINKY | {"NTARF": "03"}, *[LINKY] * 50))

    assert "index_EASF03" not in keys(device)


@pytest.mark.parametrize(("second", "name"), [("WEEK-END", "Week-end"), ("HC", "Index fournisseur 2")])
def test_a_supplier_index_is_named_after_the_tariff_in_which_it_runs(second: str, name: str) -> None:
    sent = LINKY | {"NGTF": "SEM WE", "EASF01": "000000001", "EASF02": "000000001"}
    device = announced(standard(*[sent | {"NTARF": "01", "LTARF": "HEURE CREUSE"}] * 2))
    assert indexes(device) == {"index_EASF01": "Heures creuses", "index_EASF02": "Index fournisseur 2"}
    device.feed(standard(*[sent | {"NTARF": "02", "LTARF": second}] * 3))

    assert indexes(device) == {"index_EASF01": "Heures creuses", "index_EASF02": name}


def test_another_contract_has_its_indexes_and_those_of_the_old_one_say_nothing_more() -> None:
    """Base to Tempo: EASF01 counted all hours, and counts the blue ones from now on."""
    base = LINKY | {"NGTF": "BASE", "NTARF": "01", "LTARF": "BASE"}
    tempo = base | {"NGTF": "TEMPO", "NTARF": "02", "LTARF": "HP  BLEU", "EASF01": "000000007"}
    device = announced(standard(base, base))
    assert indexes(device) == {"index_TH": "Toutes heures"}
    device.feed(standard(*[tempo] * LOOK_FRAMES))

    assert indexes(device) == {
        "index_TH": "Toutes heures",
        "index_HCJB": "Heures creuses, jour bleu",
        "index_HPJB": "Heures pleines, jour bleu",
    }
    assert "energy_indexes_TH_value" in components(device)["index_TH"]["value_template"]
    assert device.state["energy"]["indexes"].keys() == {"HCJB", "HPJB"}
    assert "energy_indexes_HCJB_value" in components(device)["index_HCJB"]["value_template"]
    assert "enabled_by_default" not in components(device)["index_HPJB"]


def test_a_common_contract_and_its_tariff_are_choices() -> None:
    """Home Assistant then offers the states in its automations; a supplier's own text may be anything."""
    common = components(announced(historique(HC, HC)))
    uncommon = components(announced(standard(*[LINKY | {"NGTF": "SEM WE LUNDI"}] * 2)))

    for key, state in (("contract", "Heures creuses"), ("tariff", "Heures pleines")):
        assert common[key]["device_class"] == "enum"
        assert state in common[key]["options"]
        assert "options" not in uncommon[key]


@pytest.mark.parametrize(
    ("language", "colours"),
    [(Language.FR, ["Bleu", "Blanc", "Rouge"]), (Language.EN, ["Blue", "White", "Red"])],
)
def test_the_options_of_a_choice_are_in_one_language(language: Language, colours: list[str]) -> None:
    of_meter = components(followed("standard-tempo", frames=3, language=language))

    assert of_meter["tempo_today"]["options"] == colours
    with use_language(language):
        contracts = [_(contract.words) for contract in Contract]
    assert of_meter["contract"]["options"] == contracts


def test_the_notice_of_ejp_has_an_entity_before_it_comes_unless_it_is_excluded() -> None:
    """An automation may use it before winter; it is unknown until then."""
    ejp = HC | {"OPTARIF": "EJP.", "PTEC": "HN.."}
    linky = LINKY | {"NGTF": "EJP"}

    assert "PEJP" in keys(announced(historique(ejp, ejp)))
    assert "PEJP" not in keys(announced(historique(ejp, ejp), exclude=["PEJP"]))
    assert {"DPM1_HORODATE", "FPM1_HORODATE"} <= keys(announced(standard(linky, linky)))


def test_the_components_are_announced_each_on_its_topic() -> None:
    """The same ids, names and units as in the message for the device."""
    by_device = followed("standard-tempo", frames=3)
    by_component = followed("standard-tempo", form="components")
    of_device = by_device.message["components"]

    assert len(by_component.announced) == len(of_device)
    for key, component in of_device.items():
        object_id = f"teleinfo_041961123456_{key}".replace("+", "_")
        message = by_component.announced[f"homeassistant/{component['platform']}/{object_id}/config"]
        assert message["unique_id"] == component["unique_id"]
        assert message["name"] == component["name"]
        assert message.get("unit_of_measurement") == component.get("unit_of_measurement")
        assert message["device"]["identifiers"] == by_device.message["device"]["identifiers"]


INDEX_CONFIG = "homeassistant/sensor/teleinfo_041961123456_index_HC/config"


@pytest.mark.parametrize(
    ("form", "before", "first", "second"),
    [
        pytest.param("device", INDEX_CONFIG, MIGRATE, b"", id="from components to a device"),
        pytest.param("components", CONFIG, MIGRATE, MIGRATE, id="from a device to components"),
        pytest.param(
            "device", CONFIG.replace("homeassistant", "a/b"), MIGRATE, MIGRATE, id="prefix of a device"
        ),
        pytest.param(
            "device", INDEX_CONFIG.replace("homeassistant", "a/b"), MIGRATE, b"", id="prefix and form"
        ),
        pytest.param(
            "components",
            INDEX_CONFIG.replace("homeassistant", "a/b"),
            MIGRATE,
            b"",
            id="prefix of a component",
        ),
        pytest.param("device", CONFIG.replace("123456", "1234"), b"", b"", id="device of another meter"),
        pytest.param(
            "components", INDEX_CONFIG.replace("123456", "1234"), b"", b"", id="component of another meter"
        ),
    ],
)
def test_the_announcement_before_is_ended_by_the_next(
    form: DiscoveryForm, before: str, first: bytes, second: bytes
) -> None:
    """
    An earlier run announced the topic `before`. This one sends `first` there, and `second` a frame later.

    A topic of a component is cleared then; of the topic of a device, Home Assistant would log an error.
    """
    device = FedByHand(form=form)
    device.announcer.announced = frozenset({before})
    device.feed(historique(HC))
    assert device.announcer.messages == {before: first}
    device.feed(historique(HC))

    messages = device.announcer.messages
    assert messages[before] == second
    assert device.announcer.announced == {topic for topic, payload in messages.items() if payload}


def test_the_next_start_clears_what_is_below_another_prefix() -> None:
    """What is announced below the present prefix too was released by an earlier start."""
    device = FedByHand()
    before = CONFIG.replace("homeassistant", "a/b")
    device.announcer.announced = frozenset({before, CONFIG})
    device.feed(historique(HC, HC))

    assert device.announcer.messages[before] == b""
    assert device.announcer.announced == {CONFIG}


@pytest.mark.parametrize("form", ["device", "components"])
def test_nothing_is_cleared_if_form_and_prefix_are_the_same(form: DiscoveryForm) -> None:
    with_notice = HC | {"PEJP": "30"}
    before = announced(historique(with_notice, with_notice), form=form)
    device = FedByHand(form=form)
    device.announcer.announced = before.announcer.announced
    device.feed(historique(HC, HC))

    topics_before = before.announced.keys()
    payloads = device.announcer.messages
    assert before.announcer.announced == topics_before
    assert device.announcer.announced == topics_before
    assert b"" not in payloads.values()  # an empty payload clears its topic
    assert payloads.keys() == device.announced.keys()
