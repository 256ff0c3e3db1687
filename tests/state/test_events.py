"""What begins or ends is one event, over restarts too; an event has the form that its schema describes."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.i18n import in_words, use_language
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.state import memory as memories
from teleinfo.state.events import ABSENCE, GAP, PAUSE
from teleinfo.state.tracker import encode
from teleinfo.tic.judge import CERTAIN_FRAMES, FRAMES_WITHOUT_NUMBER
from teleinfo.tic.reading import Reading, build_reading
from teleinfo.vocabulary.codes import Event
from teleinfo.vocabulary.words import Language
from tests.state.documents import EVENT_VALIDATOR, event_schema
from tests.state.test_tracker import NUMBER, historique, standard
from tests.support.judged import JudgedTracker

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = "041961654321"
NOON = dt.datetime.fromisoformat("2026-01-14T12:00:00+01:00")
SECOND = dt.timedelta(seconds=1)
OVERRUN, NO_COLOUR, CLOSED = "003A0081", "013A0001", "003A0001"
PEAK = {"DPM1": "00", "DPM1_HORODATE": " 260115010000", "FPM1": "00", "FPM1_HORODATE": " 260115070000"}


weeks = pytest.mark.no_cover
"""Much work that reaches no branch of its own."""


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
            self._tracker.update(reading, now=(self.now - self._began).total_seconds(), time=time)
            self.now += 2 * SECOND
        return self._take()

    def silence(self) -> list[dict[str, Any]]:
        """Note that the meter is silent."""
        self._tracker.silence(self.now)
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


MEMBERS = {"time", "event", "name", "meter", "since", "until", "peak", "peak_current"}


def details(event: dict[str, Any]) -> dict[str, Any]:
    """Return the members that an event shares with no other one."""
    return {name: value for name, value in event.items() if name not in MEMBERS}


def ejp(ptec: str = "HN", **more: str) -> Reading:
    """Return a frame of a meter with the contract EJP in mode historique."""
    return historique(ADCO=NUMBER, OPTARIF="EJP", ISOUSC="45", PTEC=ptec, IINST="010", **more)


def tempo(tomorrow: str | None, ptec: str = "HPJW") -> Reading:
    """Return a frame of a meter with the contract Tempo in mode historique."""
    more = {} if tomorrow is None else {"DEMAIN": tomorrow}
    return historique(ADCO=NUMBER, OPTARIF="BBR(", PTEC=ptec, **more)


HC, HP = (historique(ADCO=NUMBER, OPTARIF="HC", ISOUSC="45", PTEC=period) for period in ("HC", "HP"))
CASES: dict[str, tuple[list[Reading], str, dict[str, Any]]] = {
    "overrun": ([standard(), standard(STGE=OVERRUN)], "overrun_began", {}),
    "overrun, historique": (
        [historique(ADCO=NUMBER, ISOUSC="30"), historique(ADCO=NUMBER, ISOUSC="30", ADPS="031")],
        "overrun_began",
        {},
    ),
    "tariff": (
        [HP, HC],
        "tariff_changed",
        {"from": {"code": "HP", "name": "Peak hours"}, "to": {"code": "HC", "name": "Off-peak hours"}},
    ),
    "tariff of no common name": (
        [standard(LTARF="  HEURES   X"), standard(LTARF="HC SUPER")],
        "tariff_changed",
        {"from": {"code": None, "name": "HEURES X"}, "to": {"code": "HSC", "name": "Super off-peak hours"}},
    ),
    "colour, historique": (
        [tempo("----"), tempo("ROUG")],
        "tomorrow_known",
        {"colour": {"code": "red", "name": "Red"}},
    ),
    "colour, standard": (
        [standard(STGE=NO_COLOUR), standard(STGE="053A0001")],
        "tomorrow_known",
        {"colour": {"code": "blue", "name": "Blue"}},
    ),
    "peak announced, historique": (
        [ejp(), ejp(PEJP="30")],
        "mobile_peak_announced",
        {"start": None, "end": None},
    ),
    "peak announced, standard": (
        [standard(), standard(STGE="103A0001", **PEAK)],
        "mobile_peak_announced",
        {"start": "2026-01-15T01:00:00+01:00", "end": "2026-01-15T07:00:00+01:00"},
    ),
    "peak began": (
        [standard(), standard(STGE="403A0001", **PEAK)],
        "mobile_peak_began",
        {"start": "2026-01-15T01:00:00+01:00", "end": "2026-01-15T07:00:00+01:00"},
    ),
    "peak ended": ([standard(STGE="403A0001"), standard()], "mobile_peak_ended", {}),
    "breaker opened": (
        [standard(), standard(STGE="003A0003")],
        "breaker_opened",
        {"reason": {"code": "open: overload", "name": "Open: overload"}},
    ),
    "breaker opened, no one knows why": (
        [standard(), standard(STGE="003A000F")],
        "breaker_opened",
        {"reason": {"code": None, "name": None}},
    ),
    "breaker closed": ([standard(STGE="003A0003"), standard()], "breaker_closed", {}),
    "contract": (
        [HP, *[historique(ADCO=NUMBER, OPTARIF="BASE", ISOUSC="45", PTEC="HP")] * 2],
        "contract_changed",
        {"from": {"code": "HC", "name": "Peak and off-peak"}, "to": {"code": "BASE", "name": "Base"}},
    ),
    "contract of no common name": (
        [standard(NGTF=" WE  "), *[standard(NGTF="HC SEM WE MERCR")] * 2],
        "contract_changed",
        {"from": {"code": None, "name": "WE"}, "to": {"code": None, "name": "HC SEM WE MERCR"}},
    ),
    "mode": (
        [HP, *[standard(NGTF="H PLEINE/CREUSE", LTARF="HP")] * 2],
        "mode_changed",
        {
            "from": {"code": "historique", "name": "historique"},
            "to": {"code": "standard", "name": "standard"},
        },
    ),
    "mode, and an uncommon contract": (
        [historique(ADCO=NUMBER, OPTARIF="BASE", PTEC="TH"), *[standard(NGTF="X", LTARF="BASE")] * 2],
        "mode_changed",
        {
            "from": {"code": "historique", "name": "historique"},
            "to": {"code": "standard", "name": "standard"},
        },
    ),
    "another meter": (
        [HP, *[historique(ADCO=OTHER, OPTARIF="HC", PTEC="HC")] * 2],
        "meter_replaced",
        {"former": NUMBER},
    ),
}


@pytest.mark.parametrize("restarted", [False, True], ids=["live", "restarted"])
@pytest.mark.parametrize("case", CASES)
def test_what_changes_is_one_event(case: str, *, restarted: bool) -> None:
    """With its details, whether the daemon runs or not while it happens; what lasts is no further event."""
    readings, code, more = CASES[case]
    life = Life()
    assert life.hear(readings[0], readings[0]) == []
    if restarted:
        life.restart()
    at = life.now
    events = life.hear(*readings[1:], *[readings[-1]] * CERTAIN_FRAMES)

    assert codes(events) == [code]
    assert details(events[0]) == more
    assert events[0]["meter"] == (OTHER if case == "another meter" else NUMBER)
    assert at <= dt.datetime.fromisoformat(events[0]["time"]) <= life.now
    life.restart()
    assert life.hear(readings[-1], readings[-1]) == []


def test_the_first_readings_of_a_meter_are_no_events() -> None:
    """What is active then began some time before."""
    assert Life().hear(*[standard(STGE="503A0083")] * 3) == []
    assert Life().hear(*[tempo("ROUG")] * 3) == []


def test_an_overrun_is_over_after_two_minutes_without_it() -> None:
    """
    A hob that switches itself every half minute is one overrun, also if the daemon restarts meanwhile.

    The event comes two minutes late, and says when the overrun ended, and the most that was drawn.
    """
    life, frames = Life(), round(PAUSE / 2)
    life.hear(standard())
    began = life.now
    events = life.hear(standard(STGE=OVERRUN, SINSTS="06500", IRMS1="028"))
    for pause in (15, frames - 1):
        events += life.hear(*[standard(SINSTS="09999")] * pause, standard(STGE=OVERRUN, SINSTS="06900"))
    until = life.now
    life.hear(standard())
    life.restart()
    events += life.hear(*[standard()] * frames)
    assert codes(events) == ["overrun_began"]
    assert events[0]["time"] == events[0]["since"] == began.isoformat()

    [ended] = life.hear(standard())
    assert (ended["event"], ended["peak"], ended["peak_current"]) == ("overrun_ended", 6900, 28)
    assert (ended["since"], ended["until"], ended["time"]) == (
        began.isoformat(),
        until.isoformat(),
        until.isoformat(),
    )


def test_a_single_frame_with_another_tariff_is_no_event() -> None:
    """The second one is; its time is that of the first."""
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

    expected = ["mobile_peak_announced", "mobile_peak_began", "tariff_changed"]
    assert sorted(codes(events)) == sorted([*expected, "mobile_peak_ended", "tariff_changed"])


def test_a_clock_that_leaps_is_no_absence() -> None:
    """The colour of tomorrow is the same, and the tariff is compared."""
    life = Life(now=NOON.replace(hour=21))
    life.hear(tempo("ROUG", ptec="HPJB"))
    life._began += 40 * ABSENCE
    life.now += 40 * ABSENCE

    assert codes(life.hear(*[tempo("ROUG", ptec="HCJB")] * 3)) == ["tariff_changed"]


def test_the_tariff_is_that_of_both_modes() -> None:
    """Enedis changes the mode, in which the period has another text: no event, unless its code changed."""
    life = Life()
    life.hear(HP, HP)
    same = standard(NGTF="H PLEINE/CREUSE", LTARF=" HEURE  PLEINE  ")

    assert codes(life.hear(*[same] * 5)) == ["mode_changed"]
    assert codes(life.hear(*[HC] * 5)) == ["mode_changed", "tariff_changed"]


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
    life.hear(ejp(), ejp(PEJP="30"))
    life.restart()
    assert life.hear(ejp(), ejp(PEJP="30"), ejp()) == []
    life = Life()
    life.hear(standard(STGE="003A0003"))
    life.now += dt.timedelta(minutes=10)
    assert life.hear(historique(ADCO=NUMBER), standard(STGE="003A0003")) == []


def test_white_and_red_days_are_no_mobile_peaks() -> None:
    """To a Linky they are (54E: Tempo included); to a household they are colours."""
    life = Life()
    life.hear(standard(STGE=NO_COLOUR))

    assert codes(life.hear(*[standard(STGE="693A0001")] * 2)) == ["tomorrow_known"]


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
    """The day of Tempo begins at 06:00; while the daemon was off the meter had no colour for tomorrow."""
    life = Life(now=NOON.replace(hour=hour))
    life.hear(tempo("ROUG"))
    life.restart(off=off)

    assert codes(life.hear(tempo("ROUG"), tempo("ROUG"))) == expected


def test_a_colour_that_stays_some_seconds_after_six_is_no_event() -> None:
    """The clocks of the meter and of the machine differ."""
    life = Life(now=NOON.replace(hour=5, minute=59, second=58))
    life.hear(tempo("BLEU"), tempo("BLEU"), tempo("BLEU"))
    life.now += GAP - 2 * SECOND

    assert life.hear(tempo("BLEU")) == []


def test_a_change_of_the_tariff_in_a_long_absence_is_no_event() -> None:
    """After more than a day it changed an unknown number of times; an alert that began or ended is news."""
    for off, expected in ((ABSENCE - 2 * SECOND, ["tariff_changed"]), (ABSENCE, [])):
        life = Life()
        life.hear(HP)
        life.restart(off=off)
        assert codes(life.hear(HC, HC)) == expected
    life = Life()
    life.hear(standard(STGE="003A0003"))
    life.restart(off=30 * ABSENCE)

    assert codes(life.hear(standard(STGE=OVERRUN))) == ["overrun_began", "breaker_closed"]


def test_a_silence_is_said_once() -> None:
    """It lasts until the next sound frame, through restarts; without a known meter there is none."""
    life = Life()
    assert life.silence() == []
    life.hear(standard())
    began = (life.now - 2 * SECOND).isoformat()
    life.now += 10 * SECOND
    [silence] = life.silence() + life.silence()
    assert (silence["event"], silence["time"], silence["since"]) == ("silence_began", began, began)
    life.restart()
    assert life.silence() == []
    life.restart()
    until = life.now.isoformat()
    [ended] = life.hear(standard(), standard())
    assert (ended["event"], ended["since"], ended["until"], ended["time"]) == (
        "silence_ended",
        began,
        until,
        until,
    )


def test_a_silence_since_the_start_is_an_event_and_remembered() -> None:
    """The meter fell silent while the daemon was off."""
    life = Life()
    life.hear(standard())
    life.restart()
    assert [(event["event"], event["meter"]) for event in life.silence()] == [("silence_began", NUMBER)]
    life.restart()

    assert life.silence() == []


def test_another_meter_while_the_daemon_was_off() -> None:
    """Its tariff and its alerts are compared with nothing; its overrun is its own."""
    life = Life()
    life.hear(standard(STGE=OVERRUN))
    life.silence()
    life.restart()
    events = life.hear(*[standard(ADSC=OTHER, LTARF="HP")] * 70)

    assert codes(events) == ["silence_ended", "meter_replaced"]
    assert codes(life.hear(*[standard(ADSC=OTHER, LTARF="HC", STGE=OVERRUN)] * 2)) == [
        "overrun_began",
        "tariff_changed",
    ]


@pytest.mark.parametrize("private", [False, True])
def test_no_excluded_number_is_published(*, private: bool) -> None:
    """Whether it was excluded before or not; and a number that is excluded now is the same meter."""
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


def test_what_came_before_the_memory_was_read_is_compared_with_it() -> None:
    """A slow card takes some seconds to read."""
    before = JudgedTracker()
    before.update(HP, now=0.0, time=NOON.isoformat())
    memory = before.memory()
    assert memory is not None
    followed = JudgedTracker()
    for second, reading in enumerate((HP, HC)):
        followed.update(reading, now=float(second), time=NOON.isoformat())
    followed.restore(memory)
    for later in (2.0, 4.0):
        followed.update(HC, now=later, time=NOON.isoformat())

    assert [event["event"] for event in followed.take_events()] == ["tariff_changed"]


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
    ("overrun_began", "overrun_ended"),
    ("mobile_peak_began", "mobile_peak_ended"),
    ("breaker_opened", "breaker_closed"),
    ("silence_began", "silence_ended"),
]


@given(st.lists(STEPS, max_size=12))
def test_what_began_ends_before_it_begins_again(steps: list[Callable[[Life], list[dict[str, Any]]]]) -> None:
    """Whatever the meter says, however often and long the daemon is off; a tariff follows the last one."""
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


EXPECTED = {
    "hc": {"tariff_changed": 2 * 28, "overrun_began": 28, "overrun_ended": 28},
    # Colours from Wednesday 2026-01-14 on; each day has two periods, and each night a known colour.
    "tempo": {"tariff_changed": 2 * 28, "tomorrow_known": 28, "overrun_began": 28, "overrun_ended": 28},
    "standard-tempo": {
        "tariff_changed": 2 * 28,
        "tomorrow_known": 28,
        "overrun_began": 28,
        "overrun_ended": 28,
    },
    # Two peaks a week, on Tuesdays and Thursdays.
    "ejp": {
        "tariff_changed": 4 * 4,
        "mobile_peak_announced": 2 * 4,
        "mobile_peak_began": 2 * 4,
        "mobile_peak_ended": 2 * 4,
        "overrun_began": 28,
        "overrun_ended": 28,
    },
}
"""The events of four weeks with an overrun each evening."""


@weeks
@pytest.mark.parametrize("meter", EXPECTED)
def test_restarts_and_losses_change_no_event(meter: str) -> None:
    """
    In four weeks, a tenth of the frames is lost, and of the groups, none of them twice in a row.

    The daemon restarts before a tenth of the frames. The events are those without losses and restarts.
    """

    def power(now: dt.datetime) -> tuple[float, ...]:
        return (1200.0 * METERS[meter].kva if now.hour == 19 else 300.0,)

    rng = random.Random(meter)
    model = build(meter, start=NOON.replace(tzinfo=None), rng=rng, load_profile=power)
    undisturbed, disturbed = Life(), Life()
    expected: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    lost: set[str] = set()
    while undisturbed.now < NOON + dt.timedelta(days=28):
        for _ in range(2):
            reading = build_reading(model.frame(undisturbed.now.replace(tzinfo=None)))
            assert reading is not None
            disturbed.now = undisturbed.now
            if rng.random() < 0.1:
                disturbed.restart(off=0 * SECOND)
            share = 1 if rng.random() < 0.1 else 0.1
            lost = {key for key in reading.values if key not in lost and rng.random() < share}
            kept = {key: text for key, text in reading.values.items() if key not in lost}
            if kept:
                events += disturbed.hear(Reading(reading.mode, kept))
            expected += undisturbed.hear(reading)
        undisturbed.now += dt.timedelta(minutes=rng.uniform(4, 14))

    assert {code: codes(expected).count(code) for code in set(codes(expected))} == EXPECTED[meter]
    for code in EXPECTED[meter]:
        seen, wanted = ([event for event in all_ if event["event"] == code] for all_ in (events, expected))
        assert [details(event) for event in seen] == [details(event) for event in wanted]


@pytest.mark.parametrize("event", Event)
def test_the_schema_has_each_event_with_its_details(event: Event) -> None:
    """Those of another event, or the lack of its own, are wrong; the cases above hold each to its schema."""
    seen = {code for _, code, _ in CASES.values()} | {"overrun_ended", "silence_began", "silence_ended"}
    [shape] = [shape for shape in event_schema()["oneOf"] if shape["properties"]["event"]["const"] == event]
    message = {"time": NOON.isoformat(), "event": event, "name": "x", "meter": NUMBER}

    assert event in seen
    assert EVENT_VALIDATOR.is_valid(message) == (len(shape["properties"]) == len(message))
    assert not EVENT_VALIDATOR.is_valid(message | {"colour": {"code": "pink", "name": "Pink"}})
