"""A restart goes on with what is remembered of the same meter, and takes nothing that cannot be true."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.untrusted_json import parse_object
from teleinfo.state.daily_energy import DailyEnergy
from teleinfo.state.energy_span import EnergySpan
from teleinfo.state.facts import STALE_AFTER
from teleinfo.state.import_total import ImportTotal
from teleinfo.state.learned_hours import Change, LearnedHours
from teleinfo.state.mean_power import IndexStep, MeanPower
from teleinfo.state.memory import VERSION, Memory, encode, from_json, is_intact, is_newer
from teleinfo.state.next_tariff import RememberedCalendar
from teleinfo.tic.judge import CERTAIN_FRAMES, CERTAIN_FRAMES_WITHOUT_NUMBER
from tests.state.golden import TIME, tracker
from tests.state.test_tracker import NUMBER, historique
from tests.support.judged import moment

if TYPE_CHECKING:
    from teleinfo.state.tracker import StateTracker
    from teleinfo.tic.reading import Reading

OTHER = "041961654321"
START = datetime.fromisoformat(TIME)
OVERRUN = historique(ADCO=NUMBER, ISOUSC="30", IINST="045", ADPS="045")
NORMAL = historique(ADCO=NUMBER, ISOUSC="30", IINST="010")
TOTAL = ImportTotal("BASE", 23, 5_000_000, START)
MEASURED = MeanPower(
    350, is_lowered=False, read=IndexStep(1000.0, 22), last_step=IndexStep(990.0, 22, 2.0), smallest_step=1
)
MEMORY = Memory(
    NUMBER,
    START,
    TOTAL,
    {"overrun": START},
    frozenset({"power/apparent_net", "labels/NJOURF_1"}),
    means={"BASE": MEASURED},
    situation={"overrun": "overrun", "tariff": "HP HP"},
    announced=frozenset({f"homeassistant/device/teleinfo_{NUMBER}/config"}),
)

CALENDAR = RememberedCalendar(
    LearnedHours((Change(START, "HC"),), date(2026, 1, 14)),
    {date(2026, 1, 15): "00004001 16004002 NONUTILE"},
    is_hexadecimal=True,
)
DAILY = DailyEnergy(
    EnergySpan(
        date(2026, 1, 14),
        is_complete=True,
        imported=230,
        counted={"HC": 30, "HP": 200},
        by_day={date(2026, 1, 14): {"HC": 30, "HP": 200}},
    ),
    EnergySpan(date(2026, 1, 13), imported=4000, counted={"HC": 4000}),
    EnergySpan(
        date(2026, 1, 1),
        is_complete=True,
        imported=50_000,
        by_day={date(2026, 1, 13): {}, date(2026, 1, 14): {}},
    ),
    None,
    ImportTotal("HCHC+HCHP", 87_518, 0, START),
    {"HCHC": 19_212, "HCHP": 68_306},
    ImportTotal("HCHC+HCHP", 87_500, 0, START),
    contract="HC",
    running="HCHP",
    behind_since=START,
)
DAILY = replace(DAILY, before_leap=DAILY, leapt=START, if_behind=DAILY)


def base(index: int = 34, **more: str) -> Reading:
    """Return a frame of a meter whose index is the one of `TOTAL`, some Wh later."""
    return historique(**({"ADCO": NUMBER, "OPTARIF": "BASE", "ISOUSC": "30", "BASE": f"{index:09}"} | more))


def nameless(reading: Reading) -> Reading:
    """Return a frame whose number was damaged."""
    return historique(**{key: value for key, value in reading.values.items() if key != "ADCO"})


def at(seconds: float) -> str:
    """Return the time of day so many seconds after the memory was written."""
    return (START + timedelta(seconds=seconds)).isoformat()


def follow(*readings: Reading, memory: Memory | None = MEMORY, gap: float) -> tuple[StateTracker, list[Any]]:
    """
    Return a tracker after these frames, 2 s apart, that begin `gap` seconds after the memory was written.

    Besides, the state after each of them; None where nothing may be published yet.
    """
    followed = tracker()
    states = []
    if memory is not None:
        followed.restore(memory)
    for position, reading in enumerate(readings):
        followed.update(reading, moment(2.0 * position, at(gap + 2 * position)))
        states.append(followed.state(moment(2.0 * position)) if followed.is_known else None)
    return followed, states


OF_OTHER = base(ADCO=OTHER)
TOTALS: dict[str, tuple[Memory | None, list[Reading], int]] = {
    "the same number": (MEMORY, [base(34), base(35)], 5_000_035),
    "no total in the memory": (replace(MEMORY, import_total=None), [base(34)], 34),
    "damaged numbers": (MEMORY, [nameless(base(34)), nameless(base(34)), base(39)], 5_000_039),
    "a false number": (MEMORY, [OF_OTHER, base(34), base(34)], 5_000_034),
    "a first index that fell": (MEMORY, [base(3), base(34)], 5_000_034),
    "an index that fell for good": (MEMORY, [base(3)] * CERTAIN_FRAMES, TOTAL.total + 3),
    "another meter": (MEMORY, [OF_OTHER] * CERTAIN_FRAMES, 34),
    "no number, a memory": (MEMORY, [nameless(base())] * CERTAIN_FRAMES_WITHOUT_NUMBER, 34),
}


@pytest.mark.parametrize("case", TOTALS)
def test_the_total_goes_on_as_soon_as_the_meter_is_known(case: str) -> None:
    """
    Nothing is published before; then the total has the offset, if the memory is of this meter.

    It takes some frames to be believed against the memory: one may be an accident of the line.
    """
    memory, readings, total = TOTALS[case]
    _, states = follow(*readings, memory=memory, gap=60)
    unknown = 0 if case == "the same number" else len(readings) - 1

    assert states[:unknown] == [None] * unknown
    assert states[-1]["energy"]["import_total"] == total


def test_the_memory_may_come_after_the_first_frames() -> None:
    """A slow card takes some seconds to read: nothing that was known in between stays."""
    followed = tracker()
    followed.update(base(34), moment(0.0, at(60)))
    followed.restore(MEMORY)
    assert not followed.is_known
    followed.update(base(35), moment(2.0, at(62)))
    state: Any = followed.state(moment(2.0))

    assert (followed.is_known, state["energy"]["import_total"]) == (True, 5_000_035)


@pytest.mark.parametrize(
    ("monotonic", "gap", "watts"),
    [
        (1011.9, 10, 350),
        (1061.0, 61, None),  # too long: the times of its steps are unknown
        (30.0, 10, None),  # another start of the machine
        (1010.0, 3600, None),  # a clock was set
        (1010.0, -1, None),
    ],
)
def test_a_mean_power_goes_on_after_a_short_restart(monotonic: float, gap: float, watts: int | None) -> None:
    for readings, expected in (([base(24)], watts), ([OF_OTHER] * CERTAIN_FRAMES, None)):
        followed = tracker()
        followed.restore(MEMORY)
        for reading in readings:
            followed.update(reading, moment(monotonic, at(gap)))
        state: Any = followed.state(moment(monotonic))

        assert state["power"]["active_import_mean"] == expected


@pytest.mark.parametrize(
    ("readings", "gap", "since"),
    [
        ([OVERRUN], 10, TIME),
        ([nameless(OVERRUN), OVERRUN], 10, TIME),
        ([nameless(NORMAL), OVERRUN], 10, at(12)),
        ([OVERRUN], STALE_AFTER + 1, at(STALE_AFTER + 1)),  # it may have ended
        ([OVERRUN], -1, at(-1)),  # a memory from the future
        ([historique(**(dict(OVERRUN.values) | {"ADCO": OTHER}))] * CERTAIN_FRAMES, 10, at(10)),
    ],
)
def test_an_alert_goes_on_after_a_restart(readings: list[Reading], gap: float, since: str) -> None:
    """It began when the memory says, if it is active in each frame, of the same meter, and not long after."""
    _, states = follow(*readings, gap=gap)

    assert states[-1]["alerts"]["overrun"]["start"] == since


def test_a_meter_that_injected_may_inject_after_a_restart() -> None:
    """At night it injects 0; of another meter nothing is known."""
    panels = base(PAPP="00000", IINST="005")
    night = base(PAPP="00300", IINST="001")
    followed, _ = follow(panels, panels, memory=None, gap=0)
    memory = followed.memory()
    _, [same] = follow(night, memory=memory, gap=60)
    elsewhere = historique(**{**night.values, "ADCO": OTHER})
    _, other = follow(*[elsewhere] * CERTAIN_FRAMES, memory=memory, gap=60)

    assert (same["power"]["apparent_export"], same["power"]["exporting"]) == (0, False)
    assert "apparent_export" not in other[-1]["power"]


def test_a_contract_that_was_not_sent_yet_is_not_remembered() -> None:
    """The energy drawn meanwhile counts once it is: the memory has its readings."""
    before = historique(ADCO=NUMBER, BASE="000001000")
    after = base(1200)
    followed, _ = follow(before, before, memory=None, gap=0)
    memory = followed.memory()
    assert memory is not None
    _, [state] = follow(after, memory=memory, gap=120)

    assert memory.contract is None
    assert state["energy"]["today"]["indexes"] == {"TH": 200}


def test_a_memory_survives_as_json() -> None:
    for memory in (MEMORY, Memory(NUMBER, START), replace(MEMORY, daily_energy=DAILY, calendar=CALENDAR)):
        content = encode(memory)

        assert is_intact(content)
        assert from_json(json.loads(content) | {"more_hours": {"HC": ["22:30"]}}) == memory


@given(st.data())
def test_a_damaged_file_is_found(data: st.DataObject) -> None:
    """A wrong bit at any place, or a file that was cut: nothing wrong is read."""
    content = encode(MEMORY)
    place = data.draw(st.integers(0, 8 * len(content) - 1))
    wrong = bytearray(content)
    wrong[place // 8] ^= 1 << place % 8

    for damaged in (bytes(wrong), content[: place // 8]):
        read = from_json(parse_object(damaged) or {}) if is_intact(damaged) else None
        assert read is None or read == MEMORY


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": VERSION + 1},
        {"version": "1"},
        {"meter": None},
        {"announced": ["homeassistant/device/#/config"]},
        {"fields": ["power/#"]},
        {"alert_starts": {"overrun": "2026-01-14T12:02:28"}},
    ],
)
def test_of_a_content_that_was_not_written_like_this_nothing_is_remembered(wrong: dict[str, object]) -> None:
    content = json.loads(encode(MEMORY)) | wrong

    assert from_json(content) is None
    assert is_newer(content) == (wrong.get("version") == VERSION + 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ANY_MEMORY = st.builds(
    Memory,
    meter=st.just(NUMBER),
    heard=st.just(START),
    import_total=st.just(TOTAL),
    daily_energy=st.just(DAILY),
    means=st.dictionaries(st.sampled_from(["EAST", "x"]), st.just(MEASURED)),
    calendar=st.just(CALENDAR),
    situation=st.dictionaries(st.sampled_from(["tariff", "silence"]), st.text()),
)


@st.composite
def damaged(draw: st.DrawFn, part: object) -> object:
    """Draw a content in which some parts are something else."""
    if draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    if isinstance(part, dict):
        return {key: draw(damaged(item)) for key, item in part.items()}
    return part


@given(ANY_MEMORY.flatmap(lambda memory: damaged(json.loads(encode(memory)))))
def test_whatever_the_file_says_is_taken_or_left(content: object) -> None:
    """No content raises."""
    content = content if isinstance(content, dict) else {}
    is_newer(content)
    if (memory := from_json(content)) is not None:
        assert from_json(json.loads(encode(memory))) == memory
