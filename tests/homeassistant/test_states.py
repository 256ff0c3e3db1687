"""What a frame becomes, state by state, and that each state has an entity that takes it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.homeassistant import register_entities
from teleinfo.homeassistant.entities import Entity, StateType, entity_of, localized
from teleinfo.homeassistant.values import State, find_entity, imported_index, running_indexes, states_of
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Kind, Mode
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading, build_reading
from tests.support.strategies import groups

if TYPE_CHECKING:
    from teleinfo.state.words import Language
    from teleinfo.tic.groups import Group

LANGUAGES: tuple[Language, ...] = ("fr", "en")


def states(mode: Mode, values: dict[str, str], *, overseas: bool = False) -> dict[str, State]:
    """Return the states of a frame with these values."""
    return states_of(Reading(mode, values), overseas=overseas)


def historique(**values: str) -> dict[str, State]:
    """Return the states of a frame in historique."""
    return states(Mode.HISTORIQUE, values)


def standard(**values: str) -> dict[str, State]:
    """Return the states of a frame in standard."""
    return states(Mode.STANDARD, values)


def fits(entity: Entity, state: State) -> bool:
    """Whether Home Assistant would take this state."""
    if state is None:
        return True
    match entity.state_type:
        case StateType.NUMBER:
            # A reactive power may be negative; a total that is makes Home Assistant raise.
            return isinstance(state, (int, float)) and (
                state >= 0 or entity.state_class != "total_increasing"
            )
        case StateType.CHOICE:
            return state in entity.options
        case StateType.SWITCH:
            return state in {"ON", "OFF"}
        case StateType.TIME:
            return dt.datetime.fromisoformat(str(state)).tzinfo is not None
    return isinstance(state, str) and 0 < len(state) <= 255


@given(st.lists(groups(), min_size=1, max_size=8))
def test_every_state_of_any_frame_fits_an_entity(sent: list[Group]) -> None:
    """Whatever a meter sends that the table knows, no state is without its entity or beside its kind."""
    reading = build_reading([group for group in sent if group.mode is sent[0].mode])
    if reading is None:
        return
    for key, state in states_of(reading, overseas=False).items():
        entity = find_entity(reading.mode, key)

        assert entity is not None, key
        assert fits(entity, state), (key, state)


def test_numbers_are_plain_and_kilovoltamperes_become_voltamperes() -> None:
    """Leading zeros go, PREF and PCOUP are multiplied by 1000, a blank is left out."""
    assert historique(PAPP="01940", IINST="") == {"PAPP": 1940}
    assert standard(PREF="06", PCOUP="09") == {"PREF": 6000, "PCOUP": 9000}


def test_a_unit_behind_the_number_is_taken_off() -> None:
    """PME-PMI and ICE send `9649kWh`; what is no number is left out."""
    assert historique(EAP_s="9649kWh", PA1MN="1,5kW", PA10MN="?kW") == {"EAP_s": 9649, "PA1MN": 1.5}


def test_a_code_outside_of_its_list_is_left_out() -> None:
    """Home Assistant would complain of it at each frame."""
    assert historique(PTEC="HP", HHPHC="Z") == {"PTEC": "Heures pleines"}


def test_tempo_is_one_option_whatever_its_output_contacts() -> None:
    """BBRx has a character that describes the contacts."""
    assert historique(OPTARIF="BBR(") == {"OPTARIF": "Tempo"}


def test_a_text_too_long_or_blank_is_not_sent_as_it_is() -> None:
    """Over 255 characters is left out; nothing is unknown."""
    assert standard(LTARF="", NGTF="X" * 256) == {"LTARF": None}
    assert standard(NGTF="X" * 255) == {"NGTF": "X" * 255}


@pytest.mark.parametrize(
    ("sent", "french", "english"),
    [
        ("HC  BLEU", "Heures creuses, jour bleu", "Off-peak hours, blue day"),
        ("BASE", "Toutes heures", "All hours"),
        ("SEM   HP  X ", "Heures pleines", "Peak hours"),
        (" NUIT   D'ETE ", "NUIT D'ETE", "NUIT D'ETE"),
    ],
)
def test_the_tariff_of_the_supplier_is_said_in_words(sent: str, french: str, english: str) -> None:
    """A text that is none of the common tariffs is the supplier's own, each run of blanks as one."""
    reading = Reading(Mode.STANDARD, {"LTARF": sent})

    assert states_of(reading, overseas=False, language="fr") == {"LTARF": french}
    assert states_of(reading, overseas=False, language="en") == {"LTARF": english}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", list(Mode))
def test_each_code_of_a_closed_list_has_its_words_among_the_options(mode: Mode, language: Language) -> None:
    """Home Assistant refuses the state of an enum that is none of its options."""
    for label in (STANDARD if mode is Mode.STANDARD else HISTORIQUE).values():
        for code in label.options:
            entity = find_entity(mode, label.name, language)
            found = states_of(Reading(mode, {label.name: code}), overseas=False, language=language)

            assert entity is not None
            assert found[label.name] in entity.options


def test_the_states_of_registers_are_options_in_english_too() -> None:
    """Every word that is French in French has its English one."""
    found = states_of(Reading(Mode.STANDARD, {"STGE": "463A0802"}), overseas=False, language="en")

    assert (found["COULEUR_JOUR"], found["COULEUR_LENDEMAIN"]) == ("White", "Blue")
    assert (found["STGE_COUPURE"], found["STGE_POINTE"]) == ("Open: overload", "Mobile peak 1")
    for entity in register_entities.ENTITIES.values():
        english = localized(entity, "en")

        assert english.name != entity.name
        assert not set(english.options) & set(entity.options), entity.key


def test_identifiers_are_no_entities() -> None:
    """The number of the meter is the device's serial number, PRM stays in the readings."""
    assert historique(ADCO="041961123456") == {}
    assert standard(ADSC="041961123456", PRM="01234567890123") == {}


def test_a_label_that_the_table_does_not_know_is_no_entity() -> None:
    """Nothing is known of it that would make one."""
    assert historique(XYZ="1", XYZ_HORODATE="H240213083144") == {}
    assert entity_of(Mode.STANDARD, "EAST_HORODATE") is None


def test_horodates_are_moments_except_on_the_islands() -> None:
    """The value of a mobile peak says nothing: its horodate is the entity. Another zone is not guessed."""
    sent = {"DATE": "E240713083144", "DPM1": "00", "DPM1_HORODATE": " 230213060000", "SMAXSN_HORODATE": "?"}

    assert standard(**sent) == {
        "DATE": "2024-07-13T08:31:44+02:00",
        "DPM1_HORODATE": "2023-02-13T06:00:00+01:00",
    }
    assert states(Mode.STANDARD, sent, overseas=True) == {}


def test_an_alarm_that_is_sent_is_on() -> None:
    """ADPS and ADIRx are there while the overrun lasts."""
    assert historique(ADPS="032", ADIR2="061") == {"ADPS": "ON", "ADIR2": "ON"}


STATUS: dict[str, dict[str, State]] = {
    "003A0001": {"STGE_CONTACT_SEC": "OFF", "STGE_INJECTION": "OFF"},
    "003A0301": {"STGE_INJECTION": "ON"},
    "000A4411": {"STGE_CACHE_BORNES": "ON"},
    "013AC401": {"COULEUR_JOUR": "Bleu", "COULEUR_LENDEMAIN": None},
    "463A0800": {
        "STGE_CONTACT_SEC": "ON",
        "COULEUR_JOUR": "Blanc",
        "COULEUR_LENDEMAIN": "Bleu",
        "STGE_POINTE": "Pointe mobile 1",
    },
    "003A0041": {"STGE_SURTENSION": "ON", "STGE_DEPASSEMENT": "OFF"},
    "003A0081": {"STGE_SURTENSION": "OFF", "STGE_DEPASSEMENT": "ON"},
    "003B0001": {"STGE_HORLOGE": "ON"},
    "003A0003": {"STGE_COUPURE": "Ouvert : surpuissance"},
    "203A0001": {"STGE_PREAVIS": "Pointe mobile 2", "STGE_POINTE": "Aucune"},
}


@pytest.mark.parametrize("register", STATUS)
def test_the_bits_of_the_status_register_are_entities(register: str) -> None:
    """The vectors of the documents (54E), bit by bit."""
    found = standard(STGE=register)

    assert STATUS[register].items() <= found.items()
    assert found["STGE"] == register


def test_a_field_that_the_documents_do_not_know_is_left_out() -> None:
    """The breaker has seven states; a register of another length is not Linky's."""
    assert "STGE_COUPURE" not in standard(STGE="003A000F")
    assert standard(STGE="3A0001") == {"STGE": "3A0001"}


def test_a_meter_without_tempo_has_no_colours() -> None:
    """Neither bits that are zero nor other tariff periods say one."""
    assert not {"COULEUR_JOUR", "COULEUR_LENDEMAIN"} & standard(STGE="003A0001").keys()
    assert not {"COULEUR_JOUR", "COULEUR_LENDEMAIN"} & historique(PTEC="HP").keys()


@pytest.mark.parametrize(
    ("ptec", "demain", "today", "tomorrow"),
    [
        ("HCJB", "----", "Bleu", None),
        ("HPJW", "ROUG", "Blanc", "Rouge"),
        ("HPJR", "BLEU", "Rouge", "Bleu"),
        ("HCJR", "BLAN", "Rouge", "Blanc"),
    ],
)
def test_the_colours_of_tempo_come_from_ptec_and_demain(
    ptec: str, demain: str, today: str, tomorrow: str | None
) -> None:
    """In historique PTEC has the letter of the day, DEMAIN the word of tomorrow."""
    found = historique(PTEC=ptec, DEMAIN=demain)

    assert (found["COULEUR_JOUR"], found["COULEUR_LENDEMAIN"]) == (today, tomorrow)


@pytest.mark.parametrize(
    ("date", "peaks", "tomorrow"),
    [
        ("H260114175800", {"DPM2_HORODATE": " 260115060000"}, "Rouge"),
        ("H260114175800", {"DPM1_HORODATE": " 260115060000"}, "Blanc"),
        # Before 06:00 it is still yesterday's day.
        ("H260115053000", {"DPM2_HORODATE": " 260115060000"}, "Rouge"),
        ("H260115060000", {"DPM2_HORODATE": " 260115060000"}, None),
        ("H260114175800", {"DPM2_HORODATE": " 260116060000"}, None),
        ("H260114175800", {"DPM3_HORODATE": " 260115060000"}, None),
        ("H261314175800", {"DPM2_HORODATE": " 260115060000"}, None),
    ],
)
def test_a_mobile_peak_tells_the_colour_of_tomorrow_before_the_register_does(
    date: str, peaks: dict[str, str], tomorrow: str | None
) -> None:
    """DPM1 is the next white day and DPM2 the next red one, from 06:00 on."""
    found = standard(**{"STGE": "013AC401", "DATE": date} | peaks)

    assert (found["COULEUR_JOUR"], found["COULEUR_LENDEMAIN"]) == ("Bleu", tomorrow)


def test_what_has_options_is_a_choice_and_what_has_none_is_a_switch() -> None:
    """A field of a register is one of a list or one bit."""
    for entity in register_entities.ENTITIES.values():
        assert entity.state_type is (StateType.CHOICE if entity.options else StateType.SWITCH), entity.key


def test_a_missing_phase_is_a_problem() -> None:
    """PPOT has a bit for each phase, from bit 1 on."""
    found = historique(PPOT="04")

    assert [found[f"PPOT_{phase}"] for phase in (1, 2, 3)] == ["OFF", "ON", "OFF"]


def test_a_register_hides_no_other() -> None:
    """What each one says is there, whoever sends both."""
    found = standard(STGE="003A0301", PPOT="04")

    assert (found["STGE_INJECTION"], found["PPOT_2"]) == ("ON", "ON")


def test_the_total_is_the_sum_of_the_indexes_of_the_running_option() -> None:
    """HC counts with HCHC and HCHP."""
    found = historique(OPTARIF="HC", HCHC="000019212", HCHP="000068306")

    assert found["INDEX_TOTAL_HC"] == 19212 + 68306
    assert imported_index(Mode.HISTORIQUE, found) == ("INDEX_TOTAL_HC", 19212 + 68306)


@pytest.mark.parametrize(
    "values",
    [
        {"OPTARIF": "HC", "HCHC": "000019212"},
        {"OPTARIF": "HC", "HCHC": "000019212", "HCHP": ""},
        {"HCHC": "000019212", "HCHP": "000068306"},
        {"OPTARIF": "EJP", "HCHC": "000019212", "HCHP": "000068306"},
        {"OPTARIF": "XYZ", "HCHC": "000019212", "HCHP": "000068306"},
    ],
)
def test_without_all_indexes_there_is_no_total(values: dict[str, str]) -> None:
    """A sum that lacks one would look like a new meter."""
    found = historique(**values)

    assert not [key for key in found if key.startswith("INDEX_TOTAL")]
    assert imported_index(Mode.HISTORIQUE, found) is None


def test_the_option_base_needs_no_total() -> None:
    """BASE is the total."""
    found = historique(OPTARIF="BASE", BASE="000012345")

    assert found == {"OPTARIF": "Base", "BASE": 12345}
    assert imported_index(Mode.HISTORIQUE, found) == ("BASE", 12345)


def test_standard_has_its_total_from_the_meter() -> None:
    """EAST counts all that is drawn."""
    assert imported_index(Mode.STANDARD, standard(EAST="000012345")) == ("EAST", 12345)
    assert imported_index(Mode.STANDARD, standard(EASF01="000012345")) is None


def test_the_running_indexes_are_those_that_a_frame_speaks_of() -> None:
    """The one that counts, those of tomorrow's profile, and all six of Tempo."""
    profile = " ".join(["0000C001", "06008002", *["NONUTILE"] * 9])
    reading = Reading(Mode.STANDARD, {"NTARF": "03", "PJOURF+1": profile})

    assert running_indexes(reading, {}) == {"EASF01", "EASF02", "EASF03"}
    assert running_indexes(reading, {"COULEUR_JOUR": "Bleu"}) == {f"EASF0{n}" for n in range(1, 7)}
    assert running_indexes(Reading(Mode.STANDARD, {"PAPP": "1"}), {}) == set()


def test_each_source_of_the_running_indexes_adds_to_the_others() -> None:
    """The profile has its index in hexadecimal; the colours of Tempo are the first six."""
    tempo = {f"EASF{number:02}" for number in range(1, 7)}
    colour: dict[str, State] = {"COULEUR_JOUR": "Bleu"}

    assert running_indexes(Reading(Mode.STANDARD, {"PJOURF+1": "0000C00A"}), {}) == {"EASF10"}
    assert running_indexes(Reading(Mode.STANDARD, {"EAST": "1"}), colour) == tempo
    assert running_indexes(Reading(Mode.STANDARD, {"NTARF": "08"}), colour) == tempo | {"EASF08"}


CLASSES = {
    "energy": {"Wh", "kWh"},
    "reactive_energy": {"varh", "kvarh"},
    "apparent_power": {"VA"},
    "power": {"W", "kW"},
    "reactive_power": {"var", "kvar"},
    "current": {"A"},
    "voltage": {"V"},
    "duration": {"min"},
    None: {"%", "VAh", "daL"},
}


@pytest.mark.parametrize("mode", list(Mode))
def test_the_class_of_a_number_follows_from_its_kind_and_unit(mode: Mode) -> None:
    """Never a unit that its class does not have; a total where it is a plain index, and nowhere else."""
    for label in (STANDARD if mode is Mode.STANDARD else HISTORIQUE).values():
        entity = entity_of(mode, label.name)
        if entity is None or entity.state_type is not StateType.NUMBER:
            continue

        assert entity.unit in CLASSES[entity.device_class], label.name
        plain = label.kind is Kind.INDEX and not label.glued
        assert (entity.state_class == "total_increasing") == plain, label.name
        measured = entity.device_class not in {"energy", "reactive_energy", "duration"}
        assert entity.state_class != "measurement" or measured, label.name


@pytest.mark.parametrize(
    ("mode", "label", "state_class"),
    [
        (Mode.STANDARD, "SINSTS", "measurement"),
        (Mode.STANDARD, "CCASN", "measurement"),
        (Mode.STANDARD, "CCASN-1", None),
        (Mode.STANDARD, "SMAXSN", None),
        (Mode.STANDARD, "SMAXSN1-1", None),
        (Mode.STANDARD, "SMAXIN", None),
        (Mode.STANDARD, "PREF", None),
        (Mode.HISTORIQUE, "PAPP", "measurement"),
        (Mode.HISTORIQUE, "PMAX", None),
    ],
)
def test_a_maximum_and_a_value_of_before_have_no_statistics(
    mode: Mode, label: str, state_class: str | None
) -> None:
    """The mean of a maximum over an hour means nothing."""
    entity = entity_of(mode, label)

    assert entity is not None
    assert entity.state_class == state_class


def test_whole_numbers_are_shown_as_whole_numbers() -> None:
    """Home Assistant shows a current with two digits otherwise; PME-PMI sends `1,5kW`."""
    whole, decimal = entity_of(Mode.HISTORIQUE, "IINST"), entity_of(Mode.HISTORIQUE, "PA1MN")

    assert whole is not None
    assert decimal is not None
    assert (whole.precision, decimal.precision) == (0, None)


def test_every_horodate_has_an_entity() -> None:
    """Those of mobile peaks are enabled: they say when it begins and ends."""
    for label in STANDARD.values():
        if not label.horodate or label.kind is Kind.HORODATE:
            continue
        entity = entity_of(Mode.STANDARD, label.name + HORODATE_SUFFIX)

        assert entity is not None
        assert entity.device_class == "timestamp"
        assert entity.enabled == label.name.startswith(("DPM", "FPM"))
