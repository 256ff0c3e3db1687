"""What begins or ends is one event, over restarts too; an event has the form that its schema describes."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.i18n import in_words, use_language
from teleinfo.state import memory as memories
from teleinfo.state.events import ABSENCE, PAUSE
from teleinfo.state.tracker import encode
from teleinfo.tic.judge import CERTAIN_FRAMES, FRAMES_WITHOUT_NUMBER
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.moment import Moment
from teleinfo.vocabulary.words import Language
from tests.state.documents import EVENT_VALIDATOR
from tests.state.test_tracker import NUMBER, historique, standard
from tests.support.judged import JudgedTracker, moment

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = "041961654321"
NOON = dt.datetime.fromisoformat("2026-01-14T12:00:00+01:00")
SECOND = dt.timedelta(seconds=1)
OVERRUN = "003A0081"
NO_COLOUR = "013A0001"
CLOSED = "003A0001"
NOTICE = "103A0001"


class Life:
    """The events of a line, through restarts; `now` is the time of day of the next reading."""

    def __init__(self, *, now: dt.datetime = NOON, exclude: frozenset[str] = frozenset()) -> None:
        self.now = now
        self.exclude = exclude
        self._began = now
        self._tracker = JudgedTracker(exclude=exclude)

    def hear(self, *readings: Reading) -> list[dict[str, Any]]:
        """Give readings to the tracker, 2 s apart, and return the events."""
        for reading in readings:
            time = self.now.isoformat("T", "seconds")
            self._tracker.update(reading, moment((self.now - self._began).total_seconds(), time))
            self.now += 2 * SECOND
        return self._take()

    def silence(self) -> list[dict[str, Any]]:
        """Note that the meter is silent."""
        self._tracker.silence(Moment((self.now - self._began).total_seconds(), self.now))
        return self._take()

    def restart(self, *, off: dt.timedelta = 5 * SECOND) -> None:
        """End this run, and begin the next one `off` later, with the memory as the file has it."""
        memory = self._tracker.memory()
        self.now += off
        self._tracker = JudgedTracker(exclude=self.exclude)
        if memory is not None:
            read = memories.from_json(json.loads(memories.encode(memory)))
            assert read is not None
            assert read == memory
            self._tracker.restore(read)

    def _take(self) -> list[dict[str, Any]]:
        with use_language(Language.EN):
            events = [json.loads(encode(in_words(event))) for event in self._tracker.take_events()]
        for event in events:
            EVENT_VALIDATOR.validate(event)
        return events


def codes(events: list[dict[str, Any]]) -> list[str]:
    """Return the codes of the events."""
    return [event["event"] for event in events]


def ejp(ptec: str = "HN", **more: str) -> Reading:
    """Return a frame of a meter with the contract EJP in mode historique."""
    return historique(ADCO=NUMBER, OPTARIF="EJP", ISOUSC="45", PTEC=ptec, IINST="010", **more)


def tempo(tomorrow: str | None, ptec: str = "HPJW") -> Reading:
    """Return a frame of a meter with the contract Tempo in mode historique."""
    more = {} if tomorrow is None else {"DEMAIN": tomorrow}
    return historique(ADCO=NUMBER, OPTARIF="BBR(", PTEC=ptec, **more)


def without_ntarf(ltarf: str) -> Reading:
    """Return a frame of mode standard with the text of the tariff, without the number of its index."""
    values = dict(standard(NGTF="ZEN", LTARF=ltarf).values)
    del values["NTARF"]
    return Reading(Mode.STANDARD, values)


def three(potentials: str) -> Reading:
    """Return a frame of a meter of three phases in mode historique, with this PPOT."""
    currents = {f"IINST{phase}": "010" for phase in "123"}
    return historique(ADCO="041976123456", OPTARIF="BASE", PTEC="TH", PPOT=potentials, **currents)


HC, HP = (historique(ADCO=NUMBER, OPTARIF="HC", ISOUSC="45", PTEC=period) for period in ("HC", "HP"))


@pytest.mark.parametrize(
    ("readings", "code", "more"),
    [
        ([standard(), standard(STGE="003A000F")], "breaker_opened", {"reason": {"code": None, "name": None}}),
        ([three("00"), three("0C")], "phase_missing_started", {"phases": ["l2", "l3"]}),
        (
            [HP, historique(ADCO=OTHER, OPTARIF="HC", PTEC="HC")],
            "meter_replaced",
            {"from": NUMBER, "to": OTHER},
        ),
        (
            [
                standard(NGTF="ZEN", LTARF="  HEURES   X", NTARF="05"),
                standard(NGTF="ZEN", LTARF="HC SUPER", NTARF="04"),
            ],
            "tariff_changed",
            {
                "from": {"code": None, "name": "HEURES X", "index": "EASF05"},
                "to": {"code": "HSC", "name": "Super off-peak hours", "index": "EASF04"},
            },
        ),
        (
            [
                standard(NGTF="HC SEM WE MERCR", LTARF="HP WE", NTARF="04"),
                standard(NGTF="HC SEM WE MERCR", LTARF="HP WE", NTARF="06"),
            ],
            "tariff_changed",
            {"to": {"code": "HPWE", "name": "Peak hours, weekend", "index": "EASF06"}},
        ),
        (
            [standard(NGTF=" WE  "), standard(NGTF="HC SEM WE MERCR")],
            "contract_changed",
            {"from": {"code": None, "name": "WE"}, "to": {"code": None, "name": "HC SEM WE MERCR"}},
        ),
        ([HP, standard(NGTF="X", LTARF="HP")], "mode_changed", {}),  # historique shows HC, too
        # Nothing says whether the tariff of an unknown text is one that historique shows as HP.
        ([HP, standard(NGTF="X", LTARF="Y", NTARF="04")], "mode_changed", {}),
        # Without NTARF the index that counts is unknown: the texts are compared.
        (
            [without_ntarf("HC SUPER"), without_ntarf("HEURES X")],
            "tariff_changed",
            {"to": {"code": None, "name": "HEURES X", "index": None}},
        ),
    ],
)
def test_what_changes_while_the_daemon_is_off_is_one_event(
    readings: list[Reading], code: str, more: dict[str, Any]
) -> None:
    life = Life()
    assert life.hear(readings[0], readings[0]) == []
    life.restart()
    at = life.now
    [event] = life.hear(*[readings[1]] * (1 + CERTAIN_FRAMES))

    assert (event["event"], event | more) == (code, event)
    assert at <= dt.datetime.fromisoformat(event["time"]) <= life.now
    life.restart()
    assert life.hear(readings[1], readings[1]) == []


def test_the_first_readings_of_a_meter_are_no_events() -> None:
    assert Life().hear(*[standard(STGE="503A0083")] * 3) == []
    assert Life().hear(*[tempo("ROUG")] * 3) == []


def test_a_single_frame_with_another_tariff_is_no_event() -> None:
    life = Life()
    assert life.hear(HP, HP, HC, HP, HP, tempo("ROUG"), HP) == []
    at = life.now
    [event] = life.hear(HC, HC, HC)

    assert (event["event"], event["time"]) == ("tariff_changed", at.isoformat())


def test_the_last_frame_of_a_peak_announces_no_other_one() -> None:
    """PEJP is sent during the whole peak (54E), and may be lost in one frame of a notice."""
    life = Life()
    life.hear(ejp())
    peak = [ejp("PM", PEJP="30")] * round(PAUSE)
    events = life.hear(ejp(PEJP="30"), ejp(), ejp(PEJP="30"), *peak, *[ejp()] * 3)

    expected = ["mobile_peak_announced", "mobile_peak_started", "tariff_changed"]
    assert sorted(codes(events)) == sorted([*expected, "mobile_peak_ended", "tariff_changed"])


def test_an_announced_peak_has_its_times_though_they_came_a_frame_later() -> None:
    """Without parity, a notice is believed from its second frame; STGE is believed at once."""
    life = Life()
    times = {"DPM1": "00", "DPM1_HORODATE": "H260115060000", "FPM1": "00", "FPM1_HORODATE": "H260116060000"}
    events = life.hear(standard(), standard(STGE=NOTICE), *[standard(STGE=NOTICE, **times)] * 2)

    assert codes(events) == ["mobile_peak_announced"]
    start = "2026-01-15T06:00:00+01:00"
    end = "2026-01-16T06:00:00+01:00"
    assert (events[0]["start"], events[0]["end"]) == (start, end)


def test_a_part_that_is_missing_is_not_compared() -> None:
    """A frame that lost a group, and a meter that is not heard for minutes, end nothing."""
    life = Life()
    life.hear(tempo("ROUG"))
    life.restart()
    assert life.hear(tempo(None), tempo("ROUG")) == []
    life = Life()
    life.hear(ejp("PM", PEJP="30"))
    life.restart()
    assert (
        life.hear(historique(ADCO=NUMBER, OPTARIF="EJP", ISOUSC="45", PEJP="30"), ejp("PM", PEJP="30")) == []
    )
    life = Life()
    life.hear(ejp(), *[ejp(PEJP="30")] * 2)
    life.restart()
    assert life.hear(ejp(), ejp(PEJP="30"), ejp()) == []
    life = Life()
    life.hear(standard(STGE="003A0003"))
    life.now += dt.timedelta(minutes=10)
    assert life.hear(historique(ADCO=NUMBER), standard(STGE="003A0003")) == []


@pytest.mark.parametrize(
    ("hour", "off", "expected"),
    [
        (21, dt.timedelta(hours=8), []),  # in the same night
        (21, dt.timedelta(hours=24), ["tomorrow_known"]),
        (5, dt.timedelta(hours=15, minutes=30), ["tomorrow_known"]),
        (21, dt.timedelta(days=30), ["tomorrow_known"]),
    ],
)
def test_the_same_colour_of_another_day_is_an_event(
    hour: int, off: dt.timedelta, expected: list[str]
) -> None:
    life = Life(now=NOON.replace(hour=hour))
    life.hear(tempo("ROUG"))
    life.restart(off=off)

    assert codes(life.hear(tempo("ROUG"), tempo("ROUG"))) == expected


def test_a_change_of_the_tariff_in_a_long_absence_is_no_event() -> None:
    """After more than a day it changed an unknown number of times; an alert that began or ended is news."""
    for off, expected in ((ABSENCE * SECOND - 2 * SECOND, ["tariff_changed"]), (ABSENCE * SECOND, [])):
        life = Life()
        life.hear(HP)
        life.restart(off=off)
        assert codes(life.hear(HC, HC)) == expected
    life = Life()
    life.hear(standard(STGE="003A0003"))
    life.restart(off=30 * ABSENCE * SECOND)

    assert codes(life.hear(standard(STGE=OVERRUN))) == ["overrun_started", "breaker_closed"]


def test_a_silence_is_one_event_through_restarts() -> None:
    life = Life()
    assert life.silence() == []
    life.hear(standard())
    began = (life.now - 2 * SECOND).isoformat()
    life.restart()
    [silence] = life.silence() + life.silence()
    life.restart()
    assert life.silence() == []
    [ended] = life.hear(standard(), standard())

    assert (silence["event"], ended["event"]) == ("silence_started", "silence_ended")
    assert silence["time"] == ended["start"] == began


@pytest.mark.parametrize("private", [False, True])
def test_no_excluded_number_is_published(*, private: bool) -> None:
    numbers = frozenset({"ADCO", "ADSC"})
    life = Life(exclude=numbers if private else frozenset())
    life.hear(standard())
    life.exclude = numbers - life.exclude
    life.restart()
    assert life.hear(*[standard()] * CERTAIN_FRAMES) == []
    life.exclude = numbers
    life.restart()
    events = life.hear(*[standard(ADSC=OTHER)] * CERTAIN_FRAMES)

    assert codes(events) == ["meter_replaced"]
    assert NUMBER not in json.dumps(events)
    assert OTHER not in json.dumps(events)


def test_a_number_that_comes_late_is_no_other_meter() -> None:
    """Its group was damaged in the first frames, so that the meter was taken for one without a number."""
    life = Life()
    life.hear(*[historique(OPTARIF="HC", PTEC="HP")] * FRAMES_WITHOUT_NUMBER)

    assert life.hear(HP, HP, HP) == []


FRAME = st.builds(
    standard,
    LTARF=st.sampled_from(["HC", "HP", "X"]),
    STGE=st.sampled_from([CLOSED, OVERRUN, "003A0003", "103A0001", "403A0001", NO_COLOUR, "053A0001"]),
)
STEPS: st.SearchStrategy[Callable[[Life], list[dict[str, Any]]]] = st.one_of(
    FRAME.map(lambda frame: lambda life: life.hear(frame)),
    FRAME.map(lambda frame: lambda life: life.hear(*[frame] * 65)),
    st.just(lambda life: life.silence()),
    st.timedeltas(dt.timedelta(0), dt.timedelta(days=3)).map(
        lambda off: lambda life: life.restart(off=off) or []
    ),
)
OPPOSITES = [
    ("overrun_started", "overrun_ended"),
    ("mobile_peak_started", "mobile_peak_ended"),
    ("breaker_opened", "breaker_closed"),
    ("silence_started", "silence_ended"),
]


def test_a_lost_phase_is_an_event_with_its_begin_and_its_end() -> None:
    """A fuse has blown; a second phase that is lost meanwhile gives no further event."""
    life = Life()
    life.hear(three("00"))
    began, ended = life.hear(three("04"), three("0C"), three("0C"), three("00"), three("00"))

    assert (began["event"], began["name"], began["phases"]) == (
        "phase_missing_started",
        "Phase missing: began",
        ["l2"],
    )
    assert (ended["event"], ended["start"], ended["end"]) == (
        "phase_missing_ended",
        began["time"],
        ended["time"],
    )
    assert ended["time"] > began["time"] == ended["start"]


@given(st.lists(STEPS, max_size=12))
def test_what_began_ends_before_it_begins_again(steps: list[Callable[[Life], list[dict[str, Any]]]]) -> None:
    life = Life()
    events = life.hear(standard(LTARF="HC"))
    for step in steps:
        events += step(life)

    for pair in OPPOSITES:
        own = [code for code in codes(events) if code in pair]
        assert own == [pair[number % 2] for number in range(len(own))]
    for event in events:
        if event["event"] == "tariff_changed":
            assert event["from"] != event["to"]
