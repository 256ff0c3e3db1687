"""A restart goes on with what is remembered of the same meter, and takes nothing that cannot be true."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.untrusted_json import parse_object
from teleinfo.state.import_total import ImportTotal
from teleinfo.state.memory import MAX_FIELDS, VERSION, Memory, from_json, is_newer, to_json
from teleinfo.state.tracker import STALE_AFTER, StateTracker, encode
from teleinfo.tic.judge import CERTAIN_FRAMES, CERTAIN_FRAMES_WITHOUT_NUMBER, FRAMES_WITHOUT_NUMBER
from tests.state.golden import TIME, tracker
from tests.state.test_golden import VALIDATOR
from tests.state.test_tracker import NUMBER, historique, standard

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

OTHER = "041961654321"
START = datetime.fromisoformat(TIME)
OVERRUN = historique(ADCO=NUMBER, ISOUSC="30", IINST="045", ADPS="045")
NORMAL = historique(ADCO=NUMBER, ISOUSC="30", IINST="010")
TOTAL = ImportTotal("BASE", 23, 5_000_000, START)
MEMORY = Memory(NUMBER, START, TOTAL, {"overrun": TIME}, frozenset({"power/net", "labels/NJOURF_1"}))


def base(index: int = 34, **more: str) -> Reading:
    """Return a frame of a meter whose index is the one of `TOTAL`, some Wh later."""
    return historique(**({"ADCO": NUMBER, "OPTARIF": "BASE", "ISOUSC": "30", "BASE": f"{index:09}"} | more))


def nameless(reading: Reading) -> Reading:
    """Return a frame whose number was damaged."""
    return historique(**{key: value for key, value in reading.values.items() if key != "ADCO"})


def at(seconds: float) -> str:
    """Return the time of day so many seconds after the memory was written."""
    return (START + timedelta(seconds=seconds)).isoformat()


def totals(*readings: Reading, memory: Memory | None = MEMORY, gap: float = 60) -> list[int | None]:
    """Return the totals that may be published after each of these frames, 2 s apart; None: nothing may."""
    followed, found = tracker(), []
    if memory is not None:
        followed.restore(memory)
    for position, reading in enumerate(readings):
        followed.update(reading, now=2.0 * position, time=at(gap + 2 * position))
        state: Any = followed.state(now=2.0 * position)
        found.append(state["energy"]["import_total"] if followed.is_known else None)
    return found


def test_the_total_goes_on_with_the_first_number() -> None:
    """The offset is added from the first frame on that says which meter this is."""
    assert totals(base(34), base(35)) == [5_000_034, 5_000_035]


def test_a_memory_without_a_total_adds_nothing() -> None:
    """The meter had not said its index when it was written."""
    assert totals(base(34), memory=replace(MEMORY, total=None)) == [34]


def test_nothing_is_said_before_the_number_came() -> None:
    """Its group was damaged in the first frames: there is no total that lacks the offset."""
    assert totals(nameless(base(34)), nameless(base(34)), base(39)) == [None, None, 5_000_039]


def test_one_false_number_costs_the_memory_nothing() -> None:
    """The first frame gives a false number; the total goes on once two frames give the true one."""
    assert totals(base(ADCO=OTHER), base(34), base(34)) == [None, None, 5_000_034]


@pytest.mark.parametrize("false", [3, 900_000_000])
def test_a_false_first_index_costs_the_total_nothing(false: int) -> None:
    """Lower than the remembered one, or higher than can have been drawn: it waits for the next frames."""
    assert totals(base(false), base(34)) == [None, 5_000_034]


def test_a_meter_that_was_replaced_is_believed_soon() -> None:
    """Some frames with its number are needed against the memory; its total begins at its own index."""
    found = totals(*[base(ADCO=OTHER)] * CERTAIN_FRAMES)

    assert found == [*[None] * (CERTAIN_FRAMES - 1), 34]


def test_an_index_that_fell_for_good_goes_on_from_the_total() -> None:
    """The same index counts from zero: what it has counted since then is added."""
    found = totals(*[base(3)] * CERTAIN_FRAMES)

    assert found == [*[None] * (CERTAIN_FRAMES - 1), TOTAL.total + 3]


@pytest.mark.parametrize(
    ("memory", "frames"), [(None, FRAMES_WITHOUT_NUMBER), (MEMORY, CERTAIN_FRAMES_WITHOUT_NUMBER)]
)
def test_a_meter_that_sends_no_number_is_known_after_some_frames(memory: Memory | None, frames: int) -> None:
    """Some frames may lack it by damage; it takes more against the memory of a meter with a number."""
    found = totals(*[nameless(base())] * frames, memory=memory)

    assert found == [*[None] * (frames - 1), 34]


def test_what_is_not_read_yet_is_unknown_and_not_begun_anew() -> None:
    """The group of the index is damaged in the first frame: the total is null, and its offset stands."""
    followed = tracker()
    followed.restore(MEMORY)
    followed.update(NORMAL, now=0.0, time=at(60))
    state: Any = followed.state(now=0.0)

    assert state["energy"] == {
        "import_total": None,
        "import_counter": "BASE",
        "import_index": 23,
        "import_offset": 5_000_000,
    }


def test_the_memory_may_come_after_the_first_frames() -> None:
    """A slow card takes some seconds to read: nothing that was known in between stays."""
    followed = tracker()
    followed.update(base(34), now=0.0, time=at(60))
    followed.restore(MEMORY)
    assert not followed.is_known
    followed.update(base(35), now=2.0, time=at(62))
    state: Any = followed.state(now=2.0)

    assert (followed.is_known, state["energy"]["import_total"]) == (True, 5_000_035)


def test_a_meter_that_is_replaced_while_it_is_followed_is_remembered_instead() -> None:
    """Two frames of another meter, and the memory is that one's."""
    followed = tracker()
    followed.restore(MEMORY)
    for position, number in enumerate((NUMBER, OTHER, OTHER)):
        followed.update(base(34, ADCO=number), now=2.0 * position, time=at(60))
    memory = followed.memory()

    assert memory is not None
    assert (memory.scope, memory.total) == (OTHER, ImportTotal("BASE", 34, 0, datetime.fromisoformat(at(60))))


def test_nothing_is_remembered_of_a_meter_that_is_not_known() -> None:
    """Nor of none."""
    followed = tracker()
    assert followed.memory() is None
    followed.update(nameless(base()), now=0.0, time=TIME)

    assert followed.memory() is None


def since(*readings: Reading, memory: Memory | None = None, gap: float = 10) -> Any:  # noqa: ANN401
    """Return since when there is an overrun, after `readings` 2 s apart that begin `gap` seconds later."""
    followed = tracker()
    followed.restore(memory or MEMORY)
    for position, reading in enumerate(readings):
        followed.update(reading, now=2.0 * position, time=at(gap + 2 * position))
    state: Any = followed.state(now=2.0 * (len(readings) - 1))
    return state["alerts"]["overrun"]["since"]


def test_an_alert_goes_on_after_a_restart() -> None:
    """It is active in each frame: it began when the memory says."""
    assert since(OVERRUN) == TIME
    assert since(nameless(OVERRUN), OVERRUN) == TIME


def test_an_alert_that_ended_meanwhile_began_anew() -> None:
    """It is not active in a frame between the restart and the present: it began after that."""
    assert since(NORMAL, NORMAL, OVERRUN) == at(14)
    assert since(nameless(NORMAL), OVERRUN) == at(12)


@pytest.mark.parametrize("gap", [STALE_AFTER + 1, -1])
def test_what_was_long_ago_says_nothing_of_now(gap: float) -> None:
    """Between two runs that far apart it may have ended; nor does a memory from the future."""
    assert since(OVERRUN, gap=gap) == at(gap)


def test_the_alerts_of_another_meter_are_its_own() -> None:
    """The memory is of the meter that was here before."""
    other = historique(**(dict(OVERRUN.values) | {"ADCO": OTHER}))

    assert since(*[other] * CERTAIN_FRAMES) == at(10)


def test_a_memory_survives_as_json() -> None:
    """What was written is what is read, whatever the later versions add."""
    for memory in (MEMORY, Memory(NUMBER, START)):
        content = json.loads(json.dumps(to_json(memory) | {"learned_hours": {"HC": ["22:30"]}}))

        assert from_json(content) == memory


WRONG_PARTS: list[tuple[str, object]] = [
    ("import_total", [1, 2]),
    ("import_total", {"counter": "BASE", "index": 23, "offset": 0, "time": "yesterday"}),
    ("import_total", {"counter": "BASE", "index": "23", "offset": 0, "time": TIME}),
    ("alerts_since", ["overrun"]),
    ("fields", {"power/net": 1}),
]


@pytest.mark.parametrize(("part", "wrong"), WRONG_PARTS)
def test_a_wrong_part_costs_what_it_held_and_no_other(part: str, wrong: object) -> None:
    """Each part is validated by itself."""
    empty = {
        "import_total": {"total": None},
        "alerts_since": {"alerts_since": {}},
        "fields": {"fields": frozenset()},
    }

    assert from_json(to_json(MEMORY) | {part: wrong}) == replace(MEMORY, **empty[part])  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, 5, "yesterday", "2026-01-14T12:02:28", "2030-01-01T00:00:00+01:00"])
def test_what_is_no_time_is_left_out(wrong: object) -> None:
    """No time, one without its offset, or one after the memory was written."""
    memory = from_json(to_json(MEMORY) | {"alerts_since": {"overrun": wrong, "overvoltage": TIME}})

    assert memory == replace(MEMORY, alerts_since={"overvoltage": TIME})


def test_only_what_can_be_the_topic_of_a_field_is_read() -> None:
    """No wildcard of MQTT, no text that is no ASCII, and no more than a state has."""
    wrong = ["labels/A#B", "+", "", "é", "\ud800", "a" * 70_000, 3, None]
    memory = from_json(to_json(MEMORY) | {"fields": [*wrong, "power/net"]})
    many = from_json(to_json(MEMORY) | {"fields": [f"labels/{number}" for number in range(10_000)]})

    assert memory is not None
    assert many is not None
    assert memory.fields == {"power/net"}
    assert len(many.fields) == MAX_FIELDS


def test_whatever_a_meter_sends_its_memory_can_be_read() -> None:
    """The file is no longer than what is read of one, whatever topics were published."""
    paths = frozenset(f"labels/{'A' * 90}{number}" for number in range(2000)) | {"labels/\n#" * 10_000}
    content = json.dumps(to_json(replace(MEMORY, fields=paths))).encode()
    found = parse_object(content)

    assert found is not None
    assert from_json(found) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": VERSION + 1},
        {"version": 0},
        {"version": "1"},
        {"meter": None},
        {"meter": "a/b#"},
        {"meter": "\ud800"},
        {"heard": None},
        {"heard": "2026-01-14T12:02:28"},
    ],
)
def test_without_version_meter_and_time_nothing_is_remembered(wrong: dict[str, object]) -> None:
    """They say what the rest means."""
    content = to_json(MEMORY) | wrong

    assert from_json(content) is None
    assert is_newer(content) == (wrong.get("version") == VERSION + 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ANY_TIME = st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
ANY_TOTAL = st.fixed_dictionaries(
    {
        "counter": st.sampled_from(["EAST", "BASE", "x"]),
        "index": st.integers() | st.booleans() | st.floats(),
        "offset": st.integers() | st.booleans(),
        "time": ANY_TIME,
    }
)
ANY_CONTENT = st.fixed_dictionaries(
    {"version": st.just(VERSION) | JSON, "meter": st.just(NUMBER) | JSON, "heard": ANY_TIME | JSON},
    optional={
        "import_total": ANY_TOTAL | JSON,
        "alerts_since": st.dictionaries(st.text(), ANY_TIME | JSON) | JSON,
        "fields": st.lists(st.text()) | JSON,
    },
)


@given(ANY_CONTENT)
def test_whatever_the_file_says_is_taken_or_left(content: dict[str, object]) -> None:
    """No content raises, and whatever is read of it gives a valid state."""
    followed: StateTracker = tracker()
    is_newer(content)
    if (memory := from_json(content)) is not None:
        followed.restore(memory)
        assert from_json(json.loads(json.dumps(to_json(memory)))) == memory
    for position in range(CERTAIN_FRAMES):
        followed.update(standard(), now=2.0 * position, time=TIME)

    assert followed.is_known
    VALIDATOR.validate(json.loads(encode(followed.state(now=0.0))))
