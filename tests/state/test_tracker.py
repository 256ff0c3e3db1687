"""The state follows the readings of one meter: it is updated, never emptied, and what is old is unknown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.state.facts import STALE_AFTER
from teleinfo.state.prices import DatedPrices, Prices
from teleinfo.state.tracker import StateTracker, encode
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Mode
from teleinfo.tic.reading import Reading
from tests.state.documents import VALIDATOR
from tests.state.golden import TIME, tracker
from tests.support.judged import moment

NUMBER = "041961123456"
THREE_PHASE = "041976123456"
LONG = {
    "ADCO": THREE_PHASE,
    "OPTARIF": "BASE",
    "ISOUSC": "30",
    "BASE": "001000000",
    "PTEC": "TH",
    "IINST1": "010",
    "IINST2": "011",
    "IINST3": "012",
    "PAPP": "07500",
}
SHORT = {"ADIR1": "031", "ADCO": THREE_PHASE, "IINST1": "031", "IINST2": "011", "IINST3": "012"}
STANDARD_FRAME = {
    "ADSC": NUMBER,
    "DATE": "H260114120228",
    "NGTF": "BASE",
    "LTARF": "BASE",
    "EAST": "001000500",
    "EASF01": "001000500",
    "IRMS1": "002",
    "URMS1": "230",
    "PREF": "06",
    "SINSTS": "00460",
    "STGE": "003A0001",
    "NTARF": "01",
}


def historique(**values: str) -> Reading:
    """Return a reading of mode historique."""
    return Reading(Mode.HISTORIQUE, values)


def standard(**values: str) -> Reading:
    """Return a reading of mode standard: the usual one with other values."""
    return Reading(Mode.STANDARD, STANDARD_FRAME | values)


def follow(*readings: Reading, exclude: frozenset[str] = frozenset()) -> tuple[StateTracker, Any]:
    """Give readings to a tracker, 2 s apart, the first at 0, and return it with its state at the last one."""
    followed = tracker(exclude=exclude)
    for position, reading in enumerate(readings):
        followed.update(reading, moment(2.0 * position, TIME))
    return followed, followed.state(moment(2.0 * (len(readings) - 1)))


def test_a_new_meter_has_no_index_of_the_one_that_it_replaces() -> None:
    """Nor its étiquettes or its contract; the days of the household go on, with the energy of both."""
    before = historique(
        ADCO=NUMBER, OPTARIF="HC..", HCHC="001000000", HCHP="002000000", PTEC="HC..", PPOT="00"
    )
    after = historique(ADCO="041961654321", OPTARIF="BASE", BASE="000000100", PTEC="TH..")
    followed, state = follow(before, before, *[after] * 9)

    assert followed.is_known
    assert state["energy"]["indexes"].keys() == {"TH"}
    assert state["energy"]["import_total"] == 100
    assert state.get("labels", {}).keys() & {"HCHC", "HCHP", "PPOT"} == set()


def test_a_short_frame_updates_the_state_and_does_not_empty_it() -> None:
    _, state = follow(historique(**LONG), historique(**SHORT))

    assert state["current"] == {"l1": 31, "l2": 11, "l3": 12}
    assert state["energy"]["import_total"] == 1_000_000
    assert state["power"]["apparent_import"] == 7500
    assert state["alerts"]["overrun"] == {"active": True, "start": TIME}


def test_the_maximum_of_three_phases_is_that_of_yesterday_where_a_document_says_so() -> None:
    """54E says so of a Linky. 02E names no day of the maximum of a CBETM, a number of type 30."""
    linky, cbetm = (
        follow(historique(**(LONG | {"ADCO": number, "PMAX": "09000"})))[1]
        for number in (THREE_PHASE, "041930123456")
    )

    assert linky["max_power"]["yesterday"]["imported"]["value"] == 9000
    assert "labels" not in linky
    assert "max_power" not in cbetm
    assert cbetm["labels"] == {"PMAX": 9000}


def test_an_alarm_ends_with_the_second_frame_that_lacks_it() -> None:
    """One frame may have lost the group."""
    _, one = follow(historique(**LONG), historique(**SHORT), historique(**LONG))
    _, two = follow(historique(**LONG), historique(**SHORT), historique(**LONG), historique(**LONG))

    assert one["alerts"]["overrun"]["active"] is True
    assert two["alerts"]["overrun"] == {"active": False, "start": None}


@pytest.mark.parametrize("phase", "123")
def test_a_current_above_the_subscribed_one_is_an_overrun(phase: str) -> None:
    """Some three-phase meters never send ADIRn, and no long frame has it; ADPS decides with one phase."""
    above = LONG | {f"IINST{phase}": "031"}
    _, first = follow(historique(**above))
    _, again = follow(historique(**LONG), historique(**SHORT), *[historique(**LONG)] * 2, historique(**above))
    _, single = follow(historique(ADCO=NUMBER, ISOUSC="30", IINST="031"))

    assert first["alerts"]["overrun"]["active"] is again["alerts"]["overrun"]["active"] is True
    assert single["alerts"]["overrun"]["active"] is False


def test_what_is_too_old_is_forgotten() -> None:
    """A line that invents étiquettes for days takes no more memory than what it says in two minutes."""
    followed = tracker()
    for number in range(1000):
        followed.update(standard(**{f"X{number}": "1"}), moment(2.0 * number, TIME))

    assert followed._facts is not None
    assert len(followed._facts.contract.texts) <= len(STANDARD_FRAME) + STALE_AFTER / 2 + 1


def test_what_only_the_mode_before_said_stands_while_it_is_fresh() -> None:
    """In historique the first frames may be short: nothing is emptied, and later the voltage is gone."""
    followed, _ = follow(
        standard(MSG1="PAS DE MESSAGE"), historique(**(SHORT | {"ADCO": NUMBER})), historique(ADCO=NUMBER)
    )
    fresh: Any = followed.state(moment(STALE_AFTER))
    old: Any = followed.state(moment(STALE_AFTER + 0.1))

    assert (fresh["voltage"], fresh["power"]["apparent_import"]) == ({"l1": 230}, 460)
    assert fresh["labels"] == {"MSG1": "PAS DE MESSAGE"}
    assert fresh["energy"]["import_total"] == 1_000_500
    assert fresh["meter"]["mode"] == "historique"
    assert old.keys() == {"time", "meter", "frame", "energy"}


def test_an_absurd_power_of_a_phase_is_left_out() -> None:
    """A phase draws neither more than all together nor more than twice the subscription."""
    _, state = follow(standard(SINSTS="00417", SINSTS1="37059", SINSTS2="00100", SINSTS3="00110"))

    powers = state["power"]
    assert "apparent_import_l1" not in powers
    assert (powers["apparent_import_l2"], powers["apparent_import_l3"]) == (100, 110)


def test_an_index_that_is_no_number_is_left_out() -> None:
    """Its checksum may be right all the same; the other one has its value."""
    _, state = follow(historique(ADCO=NUMBER, OPTARIF="HC..", HCHC="00100 000", HCHP="002000000"))

    assert {key: index["value"] for key, index in state["energy"]["indexes"].items()} == {"HP": 2_000_000}


def test_another_spelling_gives_the_same_fields() -> None:
    """A pilot Linky sends SINST1, SMAXN and SMAXN-1, those of Iskraemeco SMAXSN_1 and CCASN_1."""
    maxima = {"SMAXSN": "01000", "SMAXSN_HORODATE": "H260114081502", "SMAXSN-1": "02000", "CCASN-1": "00350"}
    pilot = {"SINSTS": "SINST1", "SMAXSN": "SMAXN", "SMAXSN_HORODATE": "SMAXN_HORODATE"}
    reading = standard(**maxima)
    followed, expected = follow(reading)

    for spellings in (pilot | {"SMAXSN-1": "SMAXN-1"}, {"SMAXSN-1": "SMAXSN_1", "CCASN-1": "CCASN_1"}):
        sent = {spellings.get(key, key): text for key, text in reading.values.items()}
        other, state = follow(standard(), Reading(Mode.STANDARD, sent))
        assert state == expected | {"time": state["time"]}
        assert other.fields_of(sent, moment(0.0)) == followed.fields_of(reading.values, moment(0.0))


def test_the_times_of_a_meter_of_the_islands_have_no_offset_and_are_left_out() -> None:
    values = {"ADSC": "041986123456", "SMAXSN": "01000", "SMAXSN_HORODATE": "E260114081502"}
    followed = tracker(prices=Prices({"TH": 0.2}))
    followed.update(standard(**values), moment(0.0, "2026-01-15T02:00:00+04:00"))
    state: Any = followed.state(moment(0.0))

    assert state["max_power"]["today"]["imported"]["value"] == 1000
    assert "time" not in state["max_power"]["today"]["imported"]
    assert state["cost"]["today"]["start"] == "2026-01-15T00:00:00+04:00"


def test_news_is_told_apart_from_measures() -> None:
    """An alert and a tariff period must not wait; a power may."""
    with_overrun = "003A0081"  # bit 7
    followed = tracker()
    followed.update(standard(), moment(0.0, TIME))

    assert not followed.update(standard(SINSTS="00500"), moment(2.0, TIME))
    assert followed.update(standard(STGE=with_overrun), moment(4.0, TIME))
    assert followed.update(standard(STGE=with_overrun, LTARF="HEURE CREUSE"), moment(6.0, TIME))


def test_what_is_excluded_has_no_field() -> None:
    """An excluded number is in no message, and neither is what is made of an excluded étiquette."""
    _, state = follow(standard(), exclude=frozenset({"ADSC", "SINSTS"}))

    assert "serial_number" not in state["meter"]
    assert "apparent_import" not in state["power"]
    assert NUMBER.encode() not in encode(state)


LABELS = {Mode.HISTORIQUE: HISTORIQUE, Mode.STANDARD: STANDARD}
READINGS = st.sampled_from(Mode).flatmap(
    lambda mode: st.builds(
        Reading,
        st.just(mode),
        st.dictionaries(
            st.sampled_from(sorted(LABELS[mode])) | st.sampled_from(["JAUNE", "LG_TRM", "MESURES1", "ERP"]),
            st.one_of(
                st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20),
                st.from_regex(r"\A[0-9]{1,9}(kWh|kW|kVA)?\Z"),
                st.from_regex(r"\A([0-9:P]{2}:){5}DP:[0-9]{5}:90\Z"),
            ),
            min_size=1,
        ),
    )
)


@given(st.lists(READINGS, min_size=1, max_size=4))
def test_whatever_the_meter_says_the_state_has_the_form_of_the_schema(readings: list[Reading]) -> None:
    """No reading raises, and every state is valid, also later, when its values are too old."""
    followed, state = follow(*readings)

    VALIDATOR.validate(state)
    VALIDATOR.validate(followed.state(moment(2 * STALE_AFTER)))


def test_prices_may_come_before_the_first_reading() -> None:
    followed = tracker()
    followed.prices = DatedPrices.undated(Prices({"TH": 0.2}))
    followed.update(standard(), moment(0.0, TIME))
    state: Any = followed.state(moment(0.0))

    assert state["cost"]["price"] == 0.2


def test_before_its_first_reading_a_tracker_knows_no_values() -> None:
    """Afterwards it knows them, and says the part that is asked for."""
    followed = tracker()
    before = followed.fields_of({"PAPP"}, moment(0.0))
    assert followed.state(moment(0.0)) == {}
    assert followed.shown is None
    assert followed.take_clock_was_ahead() is None
    assert followed.memory() is None
    followed.update(historique(ADCO=NUMBER, PAPP="00750"), moment(0.0, TIME))
    power = followed.fields_of({"PAPP"}, moment(0.0))["power", "apparent_import"]

    assert "PAPP" not in str(before)
    assert power == 750
