"""What is announced, and when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.homeassistant.announcer import CONFIRM_WITHIN, EMPTY, NO_NUMBER_AFTER, Announcer
from teleinfo.tic.labels import ALARMS, Mode
from teleinfo.tic.reading import Reading
from tests.homeassistant.golden import PERIOD, announcer, feed, message_of, readings_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.state.words import Language

HC = {
    "ADCO": "041961123456",
    "OPTARIF": "HC",
    "HCHC": "000019212",
    "HCHP": "000000000",
    "PTEC": "HP",
    "IINST": "008",
    "PAPP": "01940",
}
EJP = {"ADCO": "041961123456", "OPTARIF": "EJP", "EJPHN": "000019212", "EJPHPM": "000000000", "PTEC": "HN"}
LINKY = {"ADSC": "041961123456", "VTIC": "02", "EAST": "000019212", "SINSTS": "01940"}
SHORT = {"ADCO": "041976123456", "IINST1": "031", "IINST2": "002", "IINST3": "002"}
LONG = SHORT | {"OPTARIF": "EJP", "EJPHN": "000019212", "EJPHPM": "000000000", "PTEC": "HN"}
ENDING = {
    *("ADPS", "ADIR1", "ADIR2", "ADIR3", "PEJP", "PPOINTE", "MODE"),
    *("PREAVIS", "PREAVIS1", "PREAVIS2", "PREAVISD", "PREAVISF"),
    *(f"{bound}{number}_HORODATE" for bound in ("DPM", "FPM") for number in (1, 2, 3)),
}
LANGUAGES: tuple[Language, ...] = ("fr", "en")
LINE = {"LIGNE_QUALITE", "LIGNE_ERREURS", "LIGNE_MODE", "LIGNE_VITESSE", "LIGNE_CONNEXION"}


def frames(*values: dict[str, str], mode: Mode = Mode.HISTORIQUE) -> list[Reading]:
    """Return readings with these values."""
    return [Reading(mode, each) for each in values]


def keys(device: Announcer) -> set[str]:
    """Return what is announced beside the line itself; nothing before the first message."""
    return set() if device.announcement is None else set(message_of(device)["cmps"]) - LINE


def states(device: Announcer) -> dict[str, Any]:
    """Return the states as they stand."""
    decoded: dict[str, Any] = json.loads(device.states)
    return decoded


def announced(readings: Iterable[Reading], **options: Any) -> Announcer:  # noqa: ANN401 - those of announcer
    """Return an announcer that has heard these."""
    device = announcer(**options)
    feed(device, readings)
    return device


def test_nothing_is_announced_from_a_single_frame() -> None:
    """One frame may be an accident of the line; its states are sent all the same."""
    device = announced(frames(HC))

    assert device.announcement is None
    assert states(device)["HCHC"] == 19212


def test_what_this_meter_sends_is_announced_and_nothing_else() -> None:
    """A counter at zero of the running contract as well as one that counts."""
    device = announced(frames(HC, HC))

    expected = {*HC, "INDEX_TOTAL_HC", "PUISSANCE_MOYENNE"} - {"ADCO"}
    assert keys(device) == expected


def test_a_label_that_comes_later_is_added_then() -> None:
    """The overrun comes: one message more, with everything that was there."""
    device = announced(frames(HC, HC))
    before = keys(device)
    feed(device, frames(HC | {"ADPS": "032"}, HC | {"ADPS": "032"}), now=10)

    assert keys(device) == before | {"ADPS"}


def test_what_came_once_and_again_much_later_is_not_believed() -> None:
    """Two accidents of the line far apart are no label."""
    device = announced(frames(HC, HC, HC | {"ADPS": "032"}, *[HC] * CONFIRM_WITHIN, HC | {"ADPS": "032"}))

    assert "ADPS" not in keys(device)


def test_the_message_stays_the_same_while_nothing_is_new() -> None:
    """A steady meter is announced once."""
    device = announced(frames(HC, HC))
    message = device.announcement
    feed(device, frames(HC, HC | {"PAPP": "00750"}, {"ADCO": "041961123456", "PAPP": "00750"}), now=10)

    assert device.announcement is message


def test_the_states_of_a_frame_are_those_of_this_frame_alone() -> None:
    """A label that is missing is not made up; that an alarm or a notice is missing is a state."""
    device = announced(frames(HC, HC, {"ADCO": "041961123456", "PAPP": "00750"}))

    over = dict.fromkeys(ENDING) | dict.fromkeys(ALARMS, "OFF")
    assert states(device) == {"METER": "041961123456", "PAPP": 750, "PUISSANCE_MOYENNE": None} | over


def test_an_alarm_is_over_when_two_frames_lack_it() -> None:
    """One frame may have lost the group."""
    alarmed = HC | {"ADPS": "032"}
    device = announced(frames(alarmed, alarmed))
    assert states(device)["ADPS"] == "ON"
    feed(device, frames(HC), now=10)
    assert "ADPS" not in states(device)
    feed(device, frames(alarmed, HC), now=20)
    assert "ADPS" not in states(device)
    feed(device, frames(HC), now=30)

    assert states(device)["ADPS"] == "OFF"


def test_an_alarm_of_before_the_start_is_over() -> None:
    """Home Assistant may have heard it of the process before; it is not announced by its end."""
    device = announced(frames(HC, HC))

    assert states(device)["ADPS"] == "OFF"
    assert "ADPS" not in keys(device)


def test_the_frame_that_shows_the_end_is_known() -> None:
    """Of what Home Assistant knows: the first of the frames that say so."""
    alarmed = HC | {"ADPS": "032"}
    device = announcer()
    shown = []
    for now, reading in enumerate(frames(HC, HC, HC, alarmed, alarmed, HC, HC, HC)):
        device.take(reading, now=now)
        shown.append(device.ended)

    assert shown == [False] * 6 + [True, False]


def test_the_notices_of_older_meters_end_too() -> None:
    """ICE and PME-PMI send no number of the contract, and no short frames."""
    calm = {"ADS": "041936123456", "PTCOUR1": "HPH"}
    notice = calm | {"PREAVIS": "DEP", "PREAVIS1": "TD-PM", "MODE": "CONTROLE"}
    device = announced(frames(notice, notice))
    assert states(device)["PREAVIS"] == "DEP"
    feed(device, frames(calm, calm), now=10)

    assert [states(device)[key] for key in ("PREAVIS", "PREAVIS1", "MODE")] == [None] * 3


def test_a_notice_that_is_withdrawn_is_unknown() -> None:
    """PEJP is sent before and during the peak, and its 30 min must not stay for ever."""
    notice = EJP | {"PEJP": "30"}
    device = announced(frames(notice, notice))
    assert states(device)["PEJP"] == 30
    feed(device, frames(EJP, EJP), now=10)

    assert states(device)["PEJP"] is None


def test_a_short_frame_withdraws_no_notice() -> None:
    """Three phases above their limit send frames with nothing but currents; an alarm may end in them."""
    notice = LONG | {"PEJP": "30"}
    device = announced(frames(notice, notice, SHORT | {"ADIR1": "031"}, SHORT | {"ADIR1": "031"}))
    feed(device, frames(SHORT, SHORT, SHORT), now=10)

    assert "PEJP" not in states(device)
    assert states(device)["ADIR1"] == "OFF"


def test_a_mobile_peak_that_is_past_has_no_beginning() -> None:
    """The moment of DPM1 goes with its group."""
    peak = LINKY | {"DPM1": "00", "DPM1_HORODATE": " 260114060000"}
    device = announced(frames(peak, peak, mode=Mode.STANDARD))
    assert states(device)["DPM1_HORODATE"] == "2026-01-14T06:00:00+01:00"
    feed(device, frames(LINKY, LINKY, mode=Mode.STANDARD), now=10)

    assert states(device)["DPM1_HORODATE"] is None


def test_another_number_must_come_twice_in_a_row() -> None:
    """A frame with a strange number is nobody's: not even its states are sent."""
    device = announced(frames(HC, HC))
    before = (device.announcement, device.states)
    stranger = HC | {"ADCO": "041961999999", "PAPP": "99999"}
    feed(device, frames(stranger), now=10)
    assert (device.announcement, device.states) == before
    feed(device, frames(HC, stranger), now=20)
    assert states(device)["METER"] == "041961123456"
    feed(device, frames(stranger), now=30)
    assert states(device)["METER"] == "041961999999"
    assert keys(device) == set()
    feed(device, frames(stranger), now=40)

    assert message_of(device)["dev"]["ids"] == ["teleinfo_041961999999"]


def test_a_change_of_mode_keeps_the_device_and_announces_the_new_labels() -> None:
    """ADSC in standard is ADCO in historique: the device is the same, its entities are others."""
    device = announced(frames(HC, HC))
    feed(device, frames(LINKY, LINKY, LINKY, mode=Mode.STANDARD), now=10)

    assert device.announcement is not None
    assert device.announcement[0] == "homeassistant/device/teleinfo_041961123456/config"
    assert keys(device) == {"VTIC", "EAST", "SINSTS", "PUISSANCE_MOYENNE"}


def test_a_frame_that_lost_its_number_is_of_the_meter_that_we_know() -> None:
    """But not before we know one, nor in another mode."""
    nameless = {key: value for key, value in HC.items() if key != "ADCO"}
    device = announced(frames(nameless))
    assert device.states == EMPTY
    feed(device, frames(HC, nameless), now=10)
    assert states(device)["METER"] == "041961123456"
    before = device.states
    feed(device, frames({"EAST": "000000001"}, mode=Mode.STANDARD), now=20)

    assert device.states == before


def test_a_meter_without_a_number_is_announced_after_a_while() -> None:
    """CJE and ICE do not say who they are: the topic tells them apart."""
    readings = frames(*[{"PTCOUR": "HPH", "EApHPH": "123kWh"}] * (NO_NUMBER_AFTER + 1))
    device, other = announced(readings), announced(readings, topic="teleinfo/atelier")

    assert keys(device) == {"PTCOUR", "EApHPH"}
    assert device.announcement is not None
    assert other.announcement is not None
    assert device.announcement[0] != other.announcement[0]
    assert "sn" not in message_of(device)["dev"]


def test_what_is_excluded_is_neither_announced_nor_sent() -> None:
    """Neither is what would be made of it: no total without HCHC."""
    device = announced(frames(HC, HC), exclude={"HCHC", "PTEC"})

    assert keys(device) == {"OPTARIF", "HCHP", "IINST", "PAPP"}
    assert states(device).keys() == {"METER", "OPTARIF", "HCHP", "IINST", "PAPP"} | ENDING


@pytest.mark.parametrize(("excluded", "gone"), [("PEJP", {"PEJP"}), ("DPM1", {"DPM1_HORODATE"})])
def test_an_excluded_notice_is_not_even_said_to_be_over(excluded: str, gone: set[str]) -> None:
    """Nothing is said of it."""
    device = announced(frames(EJP, EJP, EJP), exclude={excluded})

    assert ENDING - states(device).keys() == gone


def test_a_notice_ends_whatever_is_excluded() -> None:
    """What tells a short frame from a long one is looked for in the frame, and not in what is left of it."""
    notice = EJP | {"PEJP": "30"}
    device = announced(frames(notice, notice, EJP, EJP), exclude={"OPTARIF"})

    assert states(device)["PEJP"] is None


def test_an_excluded_horodate_goes_with_its_label() -> None:
    """As in the readings."""
    sent = LINKY | {"SMAXSN": "00100", "SMAXSN_HORODATE": "H260114120000"}
    device = announced(frames(sent, sent, mode=Mode.STANDARD), exclude={"SMAXSN"})

    assert not {"SMAXSN", "SMAXSN_HORODATE"} & (keys(device) | states(device).keys())


@pytest.mark.parametrize("excluded", ["ADCO", "ADSC"])
def test_an_excluded_number_stands_nowhere(excluded: str) -> None:
    """Neither in the topic nor in the message nor in the states, whatever the mode is next."""
    for readings in (frames(HC, HC), frames(LINKY, LINKY, mode=Mode.STANDARD)):
        device = announced(readings, exclude={excluded})

        assert device.announcement is not None
        topic, message = device.announcement
        assert b"041961123456" not in topic.encode() + message + device.states
        assert b"123456" not in topic.encode() + message + device.states


def test_two_meters_on_two_topics_share_nothing() -> None:
    """Neither topics nor ids, whether their numbers may be told or not."""
    other = HC | {"ADCO": "041961123457"}
    for exclude in ((), ("ADCO",)):
        first = announced(frames(HC, HC), exclude=exclude)
        second = announced(frames(other, other), topic="teleinfo/garage", exclude=exclude)
        ids = [
            {component["uniq_id"] for component in message_of(device)["cmps"].values()}
            for device in (first, second)
        ]

        assert first.announcement is not None
        assert second.announcement is not None
        assert first.announcement[0] != second.announcement[0]
        assert message_of(first)["stat_t"] != message_of(second)["stat_t"]
        assert not ids[0] & ids[1]


def test_supplier_indexes_that_the_contract_does_not_use_are_not_announced() -> None:
    """All ten are sent; a household with two of them is shown two."""
    device = announced(readings_of("standard", frames=3))

    assert {key for key in keys(device) if key.startswith("EASF")} == {"EASF01", "EASF02"}


def test_a_supplier_index_of_the_contract_is_announced_though_it_is_zero() -> None:
    """The first day of a contract: the index that counts now has not counted yet."""
    first_day = LINKY | {"EASF01": "000000000", "EASF02": "000000000", "NTARF": "02"}
    device = announced(frames(first_day, first_day, mode=Mode.STANDARD))

    assert {key for key in keys(device) if key.startswith("EASF")} == {"EASF02"}


@pytest.mark.parametrize(
    "begins", [{"EASF03": "000000001"}, {"NTARF": "03"}], ids=["it counts", "it is the running one"]
)
def test_a_supplier_index_is_announced_enabled_when_it_begins_to_count(begins: dict[str, str]) -> None:
    """The first week-end, the first red day: Home Assistant would keep an entity disabled for ever."""
    idle = LINKY | {"EASF01": "000019212", "EASF03": "000000000", "NTARF": "01"}
    device = announced(frames(*[idle] * 50, mode=Mode.STANDARD))
    assert "EASF03" not in keys(device)
    feed(device, frames(idle | begins, mode=Mode.STANDARD), now=100)
    assert "EASF03" not in keys(device)
    feed(device, frames(idle | begins, mode=Mode.STANDARD), now=102)

    assert "en" not in message_of(device)["cmps"]["EASF03"]


def names(device: Announcer) -> dict[str, str]:
    """Return the names of the announced supplier indexes."""
    components = message_of(device)["cmps"]
    return {key: component["name"] for key, component in components.items() if key.startswith("EASF")}


def test_a_supplier_index_is_named_after_the_tariff_in_which_it_runs() -> None:
    """By the contract at first, and by the LTARF of two frames in a row when it has run."""
    night = LINKY | {"NGTF": "SEM WE", "EASF01": "000000001", "EASF02": "000000001"}
    first = night | {"NTARF": "01", "LTARF": "HEURE CREUSE"}
    second = night | {"NTARF": "02", "LTARF": "WEEK-END"}
    device = announced(frames(first, first, mode=Mode.STANDARD))
    assert names(device) == {"EASF01": "Heures creuses", "EASF02": "Index fournisseur 2"}
    feed(device, frames(second, mode=Mode.STANDARD), now=10)
    assert names(device)["EASF02"] == "Index fournisseur 2"
    feed(device, frames(second, first, mode=Mode.STANDARD), now=12)

    assert names(device) == {"EASF01": "Heures creuses", "EASF02": "Week-end"}


def test_no_two_supplier_indexes_have_the_same_name() -> None:
    """What the meter says of one index counts for more than what the contract's table says of another."""
    sent = LINKY | {"NGTF": "H PLEINE/CREUSE", "EASF01": "000000001", "EASF02": "000000001"}
    sent |= {"NTARF": "02", "LTARF": "HEURE CREUSE"}
    device = announced(frames(sent, sent, mode=Mode.STANDARD))

    assert names(device) == {"EASF01": "Index fournisseur 1", "EASF02": "Heures creuses"}


def test_another_contract_gives_the_indexes_other_names() -> None:
    """Base to Tempo: EASF01 counted all hours, and counts the blue ones from now on."""
    base = LINKY | {"NGTF": "BASE", "EASF01": "000000001", "NTARF": "01", "LTARF": "BASE"}
    tempo = base | {"NGTF": "TEMPO", "EASF02": "000000000", "NTARF": "02", "LTARF": "HP  BLEU"}
    device = announced(frames(base, base, mode=Mode.STANDARD))
    assert names(device) == {"EASF01": "Toutes heures"}
    feed(device, frames(tempo, mode=Mode.STANDARD), now=10)
    assert names(device) == {"EASF01": "Toutes heures"}
    feed(device, frames(tempo, mode=Mode.STANDARD), now=12)

    assert names(device) == {"EASF01": "Heures creuses, jour bleu", "EASF02": "Heures pleines, jour bleu"}


def test_a_tariff_without_a_name_names_no_index() -> None:
    """The name is not the code of the étiquette."""
    sent = LINKY | {"NGTF": "BASE", "EASF01": "000000001", "NTARF": "01", "LTARF": " "}

    assert names(announced(frames(sent, sent, mode=Mode.STANDARD))) == {"EASF01": "Toutes heures"}


def test_names_and_states_are_in_english_where_it_is_asked_for() -> None:
    """TELEINFO_LANGUAGE=en; the ids are the same."""
    french, english = (announcer(language=language) for language in LANGUAGES)
    for device in (french, english):
        feed(device, readings_of("standard-tempo", frames=3))
    components, others = message_of(english)["cmps"], message_of(french)["cmps"]

    assert {key: component["uniq_id"] for key, component in components.items()} == {
        key: component["uniq_id"] for key, component in others.items()
    }
    same = {key for key, component in components.items() if component["name"] == others[key]["name"]}
    assert same == set()
    assert components["EASF03"]["name"] == "Off-peak hours, white day"
    assert components["LIGNE_QUALITE"]["ops"] == ["Silent", "Good", "Fair", "Poor", "Bad", "Unplugged"]
    assert "'silent': 'Silent'" in components["LIGNE_QUALITE"]["val_tpl"]
    assert states(english)["COULEUR_JOUR"] in components["COULEUR_JOUR"]["ops"] == ["Blue", "White", "Red"]


def test_the_mean_powers_are_those_of_what_is_drawn_and_of_what_is_given() -> None:
    """After some minutes both are near what the simulated household draws and produces."""
    device = announced(readings_of("standard-producer", frames=200))
    found = states(device)

    assert found["PUISSANCE_MOYENNE_INJECTEE"] == pytest.approx(found["SINSTI"], rel=0.5)
    # It gives, and so draws nothing: the index has not stepped in 200 frames, and counts whole Wh.
    assert found["PUISSANCE_MOYENNE"] == round(3600 / (199 * PERIOD))


def test_the_mean_power_of_an_index_that_stands_still_is_known_after_a_minute() -> None:
    """By day, with solar panels, nothing is drawn for hours: the grid power must not be unknown meanwhile."""
    device = announcer()
    seen = []
    for second in range(0, 4 * 3600, 2):
        feed(device, frames(LINKY, mode=Mode.STANDARD), now=second)
        seen.append(states(device)["PUISSANCE_MOYENNE"])

    assert None in seen[:30]
    assert None not in seen[30:]
    assert seen[30:] == sorted(seen[30:], reverse=True)
    assert seen[-1] == 0


def test_the_mean_power_begins_anew_when_another_contract_counts() -> None:
    """The indexes of two contracts have nothing to do with each other."""
    device = announcer()
    now = 0.0
    for second in range(200):
        now = feed(device, frames(HC | {"HCHP": f"{second:09}"}), now=now)
    assert states(device)["PUISSANCE_MOYENNE"] is not None
    feed(device, frames({"ADCO": HC["ADCO"], "OPTARIF": "BASE", "BASE": "090000000"}), now=now)

    assert states(device)["PUISSANCE_MOYENNE"] is None


def test_the_name_is_that_of_the_model() -> None:
    """It is for the log, and has no number in it."""
    assert announced(frames(HC)).name == "Linky monophasé 60 A (G3)"
    assert announcer().name == ""
