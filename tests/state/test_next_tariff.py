"""The next change of tariff is told only if it is certain: in weeks of a simulated meter none is wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from teleinfo.simulator.tariff import HC, SimulatedContract, SimulatedPeriod
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from tests.state.golden import tracker
from tests.state.time_lapse import moved, run
from tests.support.judged import moment
from tests.support.parts import part_of


def off_peak(*hours: tuple[dt.time, dt.time], hexadecimal: bool = False) -> SimulatedContract:
    """
    Return the contract with these off-peak hours, each from its start to its end, every day.

    Some meters write the times of a profile as `hexadecimal` numbers.
    """

    def period(now: dt.datetime) -> SimulatedPeriod:
        at = now.time()
        if any((start <= at < end) if start < end else not end <= at < start for start, end in hours):
            return SimulatedPeriod(ptec="HC..", ltarf=" HEURE  CREUSE  ", index=0, off_peak=True)
        return SimulatedPeriod(ptec="HP..", ltarf=" HEURE  PLEINE  ", index=1)

    def block(start: dt.time) -> str:
        at = dt.datetime.combine(dt.date.min, start)
        time = f"{at.hour:02X}{at.minute:02X}" if hexadecimal else f"{at:%H%M}"
        return f"{time}{'C001' if period(at).off_peak else '8002'}"

    profile = " ".join(map(block, sorted({dt.time(), *(time for slot in hours for time in slot)})))
    return replace(HC, period=period, profile=profile)


NIGHT = off_peak((dt.time(22, 30), dt.time(6, 30)))
NOON = off_peak((dt.time(1, 30), dt.time(7)), (dt.time(12, 30), dt.time(14)))
# When the clock changes, 2:30 comes twice, or never.
IN_CHANGE = off_peak((dt.time(2, 30), dt.time(7)), (dt.time(12, 30), dt.time(14)))
LATER = off_peak((dt.time(23), dt.time(5)), (dt.time(15), dt.time(17)))
MONDAY = dt.datetime(2026, 1, 12, 9)  # noqa: DTZ001 - the time of the meter
IN_MARCH = dt.datetime(2026, 3, 18, 9)  # noqa: DTZ001 - summer time begins on the 29th
IN_OCTOBER = dt.datetime(2026, 10, 14, 9)  # noqa: DTZ001 - it ends on the 25th


weeks = pytest.mark.no_cover
"""Much work that reaches no further branch: the examples below and in `test_learned_hours` reach all."""


def day(number: int, hour: int = 12, minute: int = 0) -> dt.datetime:
    """Return a time of January 2026."""
    return dt.datetime(2026, 1, number, hour, minute)  # noqa: DTZ001 - the time of the meter


@pytest.mark.parametrize("contract", [NIGHT, NOON], ids=["22:30", "with noon"])
def test_the_hours_are_learned_from_the_changes_of_seven_days(contract: SimulatedContract) -> None:
    """Three weeks of mode historique: nothing before the seventh day, then each change, and none is wrong."""
    seen = run(contract, MONDAY, 21)

    assert seen.wrong == []
    assert not seen.is_known(day(17, 23))
    assert seen.is_known(day(18, 8))
    known = sorted(seen.right)
    times = [at.isoformat() for at in seen.times]
    assert known[:-1] == times[-len(known) + 1 :]  # the last is still to come
    assert {found["learned"] for found in seen.predicted.values()} == {None, True}


@pytest.mark.long
@weeks
def test_moved_hours_are_learned_again() -> None:
    """
    Enedis moves the hours: the first contradiction ends what was known, and six days later it is right again.

    No change can be foreseen that was never seen: only the hour before the first contradiction was wrong.
    """
    at = day(26, 15)
    seen = run(moved(NOON, LATER, at), MONDAY, 30)
    last = max(text.partition(": ")[0] for text in seen.wrong)

    assert dt.datetime.fromisoformat(last).replace(tzinfo=None) < at
    assert not seen.is_known(at)
    assert not seen.is_known(at + dt.timedelta(days=5, hours=12))
    assert seen.is_known(at + dt.timedelta(days=6))


@weeks
@pytest.mark.parametrize(
    ("contract", "start"),
    [
        pytest.param(HC, IN_MARCH, marks=pytest.mark.long),
        (HC, IN_OCTOBER),
        (IN_CHANGE, IN_MARCH),
        pytest.param(IN_CHANGE, IN_OCTOBER, marks=pytest.mark.long),
    ],
    ids=["22:00-March", "22:00-October", "in the hour-March", "in the hour-October"],
)
def test_a_change_of_the_clock_makes_no_wrong_prediction(
    contract: SimulatedContract, start: dt.datetime
) -> None:
    """In historique the next change is unknown that night, and known after the first change of tariff."""
    sunday = start.replace(hour=8) + dt.timedelta(days=11)
    learned = run(contract, start, 13)
    sent = run(contract, sunday - dt.timedelta(days=2), 4, mode=Mode.STANDARD)

    assert learned.wrong + sent.wrong == []
    assert not learned.is_known(sunday.replace(hour=1, minute=59))
    assert learned.is_known(sunday)
    assert sent.is_known(sunday)


@weeks
@pytest.mark.parametrize(
    "start", part_of((IN_MARCH, IN_OCTOBER), played=(IN_MARCH,)), ids=["March", "October"]
)
def test_a_meter_that_keeps_winter_time_is_never_predicted_wrong(start: dt.datetime) -> None:
    """Its hours move for us with the change of the clock: they are dropped, and learned again."""
    winter = dt.timezone(dt.timedelta(hours=1))
    seen = run(
        NIGHT, start, 20, wall=lambda instant: dt.datetime.fromtimestamp(instant, winter).replace(tzinfo=None)
    )

    assert seen.wrong == []
    assert seen.is_known(start + dt.timedelta(days=10))
    assert not seen.is_known(start + dt.timedelta(days=12))
    assert seen.is_known(start + dt.timedelta(days=19))


WEEKEND = off_peak((dt.time(0), dt.time(12)))
"""The hours of Saturday and Sunday; those of the other days are the hours of `HC`."""


def on(date: dt.date) -> SimulatedContract:
    """Return the contract that gives the hours of a day."""
    return WEEKEND if date.isoweekday() >= 6 else HC


WEEKLY = replace(HC, period=lambda now: on(now.date()).period(now))


def weekly(now: dt.datetime, values: dict[str, str]) -> dict[str, str]:
    """Return a frame with the number of both days, and the profile of tomorrow."""
    today = now.date()
    tomorrow = now.date() + dt.timedelta(days=1)
    numbers = {"NJOURF": f"0{int(on(today) is WEEKEND)}", "NJOURF+1": f"0{int(on(tomorrow) is WEEKEND)}"}
    return values | numbers | {"PJOURF+1": on(tomorrow).profile + " NONUTILE"}


@weeks
def test_the_profile_of_tomorrow_is_that_of_today_after_midnight() -> None:
    """Weekends have hours of their own: on a Friday they are known only if Thursday was heard."""
    from_thursday = run(WEEKLY, day(15), 10, mode=Mode.STANDARD, edit=weekly)
    from_friday = run(WEEKLY, day(16), 4, mode=Mode.STANDARD, edit=weekly)

    assert from_thursday.wrong + from_friday.wrong == []
    assert all(found["time"] for found in from_thursday.predicted.values())
    assert not from_friday.is_known(day(16, 23))
    assert from_friday.is_known(day(17, 13))


@weeks
@pytest.mark.parametrize(
    ("off", "is_known"), [((23, 24), True), ((0, 2), True), ((12, 34), True), ((12, 60), False)]
)
def test_a_daemon_that_was_off_at_midnight(off: tuple[int, int], *, is_known: bool) -> None:
    """It remembers the profile of tomorrow; after more than a day it waits, unless today is like tomorrow."""
    friday = day(16, 0).timestamp()

    def power_cut(now: dt.datetime) -> bool:
        return off[0] <= (now.timestamp() - friday) / 3600 < off[1]

    seen = run(WEEKLY, day(15), 6, mode=Mode.STANDARD, edit=weekly, power_cut=power_cut)

    assert seen.wrong == []
    assert seen.is_known(day(16, 0) + dt.timedelta(hours=off[1], minutes=5)) == is_known


@weeks
@pytest.mark.parametrize(
    "hours",
    [
        [(dt.time(22, 30), dt.time(6, 30))],  # 161E and 061E: no decimal numbers
        [(dt.time(2), dt.time(7)), (dt.time(20), dt.time(23))],  # 02 07 14 17
    ],
)
@pytest.mark.parametrize("hexadecimal", [False, True])
def test_both_notations_of_a_profile(hours: list[tuple[dt.time, dt.time]], *, hexadecimal: bool) -> None:
    contract = off_peak(*hours, hexadecimal=hexadecimal)
    cut = run(contract, MONDAY, 4, mode=Mode.STANDARD, power_cut=lambda now: now.day == 14 and now.hour == 3)

    assert cut.wrong == []
    assert cut.is_known(day(13, 23, 30))
    assert all(found["time"] for at, found in cut.predicted.items() if at > day(14, 4).timestamp())


TODAY = "2026-01-14T12:02:28+01:00"
STANDARD = {
    "ADSC": "041961123456",
    "DATE": "H260114120228",
    "NGTF": "H PLEINE/CREUSE",
    "LTARF": "HEURE PLEINE",
    "STGE": "003A0001",
    "NTARF": "02",
    "NJOURF": "00",
    "NJOURF+1": "00",
    "PJOURF+1": "0000C001 06008002 2200C001 NONUTILE",
}
HISTORIQUE = {"ADCO": "041961123456", "ISOUSC": "30", "PAPP": "00500"}


def next_of(mode: Mode, *frames: dict[str, str], time: str = TODAY) -> Any:  # noqa: ANN401 - JSON
    """Return what is said after these frames of the next change."""
    followed = tracker()
    for number, values in enumerate((frames[0], *frames)):  # twice, so that the tariff is steady
        followed.update(Reading(mode, values), moment(2.0 * number, time))
    state: Any = followed.state(moment(2.0 * len(frames), time))
    assert followed.memory() == followed.memory()  # to ask for it changes nothing
    return state.get("tariff", {}).get("next")


def standard(**changes: str | None) -> Any:  # noqa: ANN401 - JSON
    """Return what a Linky in mode standard says of the next change, with these étiquettes changed."""
    values = {key: text for key, text in (STANDARD | changes).items() if text is not None}
    return next_of(Mode.STANDARD, values)


UNKNOWN = {"time": None, "code": None, "name": None, "index": None, "learned": None}
AT_22 = {
    "time": "2026-01-14T22:00:00+01:00",
    "code": "HC",
    "name": "Off-peak hours",
    "index": "HC",
    "learned": False,
}
HN_AT_1 = AT_22 | {
    "time": "2026-01-15T01:00:00+01:00",
    "code": "HN",
    "name": "Normal hours",
    "index": "HN",
}
AT_22_WITHOUT_A_CODE = AT_22 | {"code": None, "name": None, "index": None}
AT_22_OF_ANY_CONTRACT = AT_22_WITHOUT_A_CODE | {"index": "EASF01"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, AT_22),
        ({"NTARF": "01"}, UNKNOWN),  # at noon the second index must count
        ({"PJOURF+1": "00008001 NONUTILE"}, UNKNOWN),
        ({"PJOURF+1": "00008002 NONUTILE"}, UNKNOWN),  # no change is in sight
        ({"PJOURF+1": "0000C001 06008002 2200C000"}, AT_22 | {"time": "2026-01-15T00:00:00+01:00"}),
        ({"PJOURF+1": "FERIE NONUTILE"}, UNKNOWN),
        ({"PJOURF+1": "0000C001 11008002"}, AT_22 | {"time": "2026-01-15T00:00:00+01:00"}),  # decimal
        # Hexadecimal: at noon the second index counts.
        ({"PJOURF+1": "00008002 1100C001"}, AT_22 | {"time": "2026-01-14T17:00:00+01:00"}),
        ({"PJOURF+1": None}, None),
        ({"NJOURF": "01"}, UNKNOWN),  # today is another day than tomorrow
        ({"DATE": "H260114121228"}, UNKNOWN),  # the clock is ten minutes fast
        ({"DATE": "H269914120228"}, UNKNOWN),
        ({"NGTF": "HC SEM WE MERCR"}, AT_22_OF_ANY_CONTRACT),
        ({"NGTF": "BASE"}, None),
        ({"NGTF": "PRODUCTEUR"}, None),
        ({"DPM1": "00", "DPM1_HORODATE": " 260114180000"}, UNKNOWN),  # a mobile peak comes before
        ({"DPM1": "00", "DPM1_HORODATE": " 260115070000"}, AT_22),
        ({"NGTF": "EJP"}, UNKNOWN),
        ({"NGTF": "TEMPO"}, AT_22_WITHOUT_A_CODE),  # without a colour
        ({"NGTF": "TEMPO", "LTARF": ""}, UNKNOWN),
        ({"ADSC": "041986123456"}, None),  # overseas
    ],
)
def test_what_is_not_certain_is_unknown(changes: dict[str, str | None], expected: object) -> None:
    """Null where it is not known, absent where the meter cannot have it."""
    assert standard(**changes) == expected


def test_an_index_has_the_name_that_it_had_while_it_counted() -> None:
    """The text of the supplier names the index of an uncommon contract; that of a common one has its code."""
    off_peak_now = STANDARD | {"NTARF": "01", "LTARF": " ZEN ", "PJOURF+1": "00008001 13008002 2200C001"}
    later = STANDARD | {"PJOURF+1": "00008001 06008002 2200C001"}
    uncommon = [frame | {"NGTF": "ZEN FLEX"} for frame in (off_peak_now, later)]

    assert next_of(Mode.STANDARD, *uncommon) == AT_22_OF_ANY_CONTRACT | {"name": "ZEN"}
    assert next_of(Mode.STANDARD, off_peak_now, later) == AT_22


def test_a_profile_that_comes_at_midnight_is_not_noted() -> None:
    before, after = (
        STANDARD | {"DATE": date, "NJOURF": "01", "LTARF": "HEURE CREUSE", "NTARF": "01"}
        for date in ("H260114235930", "H260115000110")
    )

    assert next_of(Mode.STANDARD, before, after, time="2026-01-15T00:00:00+01:00") == UNKNOWN


def test_during_a_mobile_peak_no_notation_is_learned() -> None:
    """The peak counts another index than the profile of the day says."""
    peak = STANDARD | {"STGE": "403A0001", "NTARF": "01", "PJOURF+1": "0000C001 06008002 1600C001"}
    after = peak | {"STGE": "003A0001", "NTARF": "02"}

    assert next_of(Mode.STANDARD, peak, after) == UNKNOWN


@pytest.mark.parametrize(
    ("announced", "code", "colour"),
    [
        ({}, None, None),
        ({"DPM1": "00", "DPM1_HORODATE": " 260115060000"}, "HPJW", "white"),
        ({"DPM2": "00", "DPM2_HORODATE": " 260115060000"}, "HPJR", "red"),
        ({"DPM3": "00", "DPM3_HORODATE": " 260115060000"}, None, None),
        ({"DPM1": "00", "DPM1_HORODATE": " 260116060000"}, None, None),
        # DPM1 names the white day that has begun: it does not announce another day.
        ({"DPM1_HORODATE": " 260114060000", "DPM2": "00", "DPM2_HORODATE": " 260115060000"}, "HPJR", "red"),
        # Bits 26 and 27 are the colour of tomorrow: 1 is blue.
        ({"STGE": "053A0001"}, "HPJB", "blue"),
    ],
)
def test_the_colour_of_tomorrow_is_in_the_register_or_in_a_notice(
    announced: dict[str, str], code: str | None, colour: str | None
) -> None:
    """The notice of a mobile peak may come before the register shows its colour."""
    frame = STANDARD | {"NGTF": "TEMPO", "LTARF": "HC BLEU", "NTARF": "01", "STGE": "013A0001"}
    found = next_of(
        Mode.STANDARD, frame | {"DATE": "H260114230000"} | announced, time="2026-01-14T23:00:00+01:00"
    )

    assert (found["time"], found["code"]) == ("2026-01-15T06:00:00+01:00", code)
    assert found["color"] == colour


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"OPTARIF": "BASE", "PTEC": "TH", "BASE": "000000001"}, None),
        ({"OPTARIF": "XYZ", "PTEC": "HP"}, None),  # no document says its hours
        ({"OPTARIF": "HC", "PTEC": "HP"}, UNKNOWN | {"learning_days_left": 7}),
        ({"OPTARIF": "EJP", "PTEC": "HN", "PEJP": "30"}, UNKNOWN),  # at noon there is no notice
        ({"OPTARIF": "EJP", "PTEC": "PM"}, HN_AT_1),
        ({"OPTARIF": "BBR(", "PTEC": "HCJB"}, UNKNOWN | {"color": None}),  # not at noon
    ],
)
def test_historique_says_nothing_that_is_not_certain(values: dict[str, str], expected: object) -> None:
    assert next_of(Mode.HISTORIQUE, HISTORIQUE | values) == expected


def test_a_notice_that_comes_after_the_end_of_a_peak_announces_none() -> None:
    """That of 1:00: the next peak would begin in six hours, and has half an hour's notice."""
    values = HISTORIQUE | {"OPTARIF": "EJP", "PTEC": "HN", "PEJP": "30"}

    assert next_of(Mode.HISTORIQUE, values, time="2026-01-14T01:00:30+01:00") == UNKNOWN


HC_NOW = HISTORIQUE | {"OPTARIF": "HC", "PTEC": "HC"}
HP_NOW = HISTORIQUE | {"OPTARIF": "HC", "PTEC": "HP"}
OF_BASE = HISTORIQUE | {"OPTARIF": "BASE", "PTEC": "TH"}


@pytest.mark.parametrize(
    ("frames", "learned"),
    [
        ([HP_NOW] * 3 + [HC_NOW] * 3, ["HC"]),
        ([HP_NOW] * 3 + [OF_BASE] * 3 + [HC_NOW] * 3, []),
        ([HP_NOW] * 3 + [HC_NOW | {"ADCO": "041961654321"}] * 3, []),
        ([HP_NOW] * 3 + [HC_NOW] + [HP_NOW] * 3, []),  # one frame with another tariff is an accident
    ],
)
def test_nothing_is_learned_from_another_contract_or_meter(
    frames: list[dict[str, str]], learned: list[str]
) -> None:
    """The change of the period is then no change of the tariff calendar."""
    followed = tracker()
    for number, values in enumerate(frames):
        time = f"2026-01-14T12:00:{2 * number:02}+01:00"
        followed.update(Reading(Mode.HISTORIQUE, values), moment(2.0 * number, time))
    memory = followed.memory()

    assert memory is not None
    assert [change.period for change in memory.calendar.hours.changes] == learned
