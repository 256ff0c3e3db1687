"""Indexes and identifiers over time: what falls, jumps or changes is withheld until frames agree."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.plausibility import Plausibility, watched_keys
from tests.support.frames import whole

PERIOD = 2.0  # s between two frames


def check(
    plausibility: Plausibility, mode: Mode, values: dict[str, str], at: float
) -> tuple[list[str], bool]:
    """Give a frame with these values to `plausibility`, as the decoder does."""
    keys = watched_keys(mode, values)
    texts = tuple(values[key].encode() for key in keys)
    if plausibility.try_accept(keys, texts, at):
        return [], False
    return plausibility.check(mode, keys, texts, at)


RISES = st.sampled_from([0, 0, 1, 2, 3, 5, 30, 40_000, -1])  # Wh


@given(
    st.lists(
        st.tuples(RISES, RISES, RISES, st.sampled_from(["06", "36", "36"]), st.sampled_from("1112")),
        max_size=30,
    )
)
# What is injected is bounded by the meter, and not by the power that is subscribed.
@example([(0, 0, 0, "36", "1")] * 3 + [(0, 0, 30, "36", "1")])
def test_a_frame_that_follows_the_last_one_is_one_that_check_believes(
    steps: list[tuple[int, int, int, str, str]],
) -> None:
    either = Plausibility()
    alone = Plausibility()
    total = 50_000
    first = 10_000
    injected = 20_000
    at = 0.0
    for rise, of_first, of_injected, power, prm in steps:
        total = total + rise
        first = first + of_first
        injected = injected + of_injected
        at = at + PERIOD
        values = {"EAST": f"{total:09}", "EASF01": f"{first:09}", "EAIT": f"{injected:09}"}
        values |= {"PREF": power, "PRM": prm * 14}
        keys = watched_keys(Mode.STANDARD, values)
        texts = tuple(values[key].encode() for key in keys)

        assert check(either, Mode.STANDARD, values, at) == alone.check(Mode.STANDARD, keys, texts, at)
        assert either.withheld == alone.withheld


class Line:
    """Frames of a meter of 9 kVA, one every two seconds."""

    def __init__(self, mode: Mode = Mode.HISTORIQUE) -> None:
        self.plausibility = Plausibility()
        self.mode = mode
        self.at = 0.0

    def believes(self, **values: str) -> bool:
        """Send a frame and return whether all of it is believed."""
        self.at += PERIOD
        withheld, _ = check(
            self.plausibility,
            self.mode,
            ({"ISOUSC": "45"} if self.mode is Mode.HISTORIQUE else {}) | values,
            self.at,
        )
        return not withheld


def test_an_index_may_stand_still_and_rise_as_fast_as_the_power_allows() -> None:
    """One and a half times 9 kVA for two seconds and one of refresh are 11.25 Wh, and 1 Wh may be cut off."""
    line = Line()
    said = [line.believes(BASE=f"{value:09}") for value in (100, 100, 112, 124)]

    assert said == [True] * 4
    assert not line.believes(BASE="000000137")
    assert line.plausibility.withheld == {"BASE"}


def test_the_rise_counts_from_when_the_index_was_last_believed() -> None:
    """After an hour without the index it may have risen by what an hour allows."""
    line = Line()
    line.believes(BASE="000000100")
    line.believes()
    line.at += 3600

    assert line.believes(BASE="000013600")


def test_without_the_subscribed_power_the_largest_meter_is_the_measure() -> None:
    plausibility = Plausibility()
    check(plausibility, Mode.STANDARD, {"EAST": "000000100", "EAIT": "000000100", "PREF": "03"}, 0.0)
    check(plausibility, Mode.STANDARD, {"PREF": "03"}, 1.0)
    values = {"EAST": "000000400", "EAIT": "000000400", "PREF": "03"}

    assert check(plausibility, Mode.STANDARD, values, 60.0) == (["EAST"], False)


def test_the_subscribed_power_of_the_first_frame_does_not_count_yet() -> None:
    """It may be damaged: 99 A would allow 25.7 Wh in two seconds, the largest meter counts 19.9."""
    line = Line()
    line.believes(BASE="000000100", ISOUSC="99")

    assert not line.believes(BASE="000000122", ISOUSC="99")


@pytest.mark.parametrize(("index", "withheld"), [("000004602", []), ("000004603", ["EAST"])])
def test_the_subscribed_power_of_mode_standard_is_in_kva(index: str, withheld: list[str]) -> None:
    """One and a half times 3 kVA for an hour are 4500 Wh, and 2 Wh are the margins."""
    plausibility = Plausibility()
    for at in (0.0, 2.0, 4.0):
        check(plausibility, Mode.STANDARD, {"EAST": "000000100", "PREF": "03"}, at)

    values = {"EAST": index, "PREF": "03", "GAZ": "0"}
    assert check(plausibility, Mode.STANDARD, values, 3604.0) == (withheld, False)


@pytest.mark.parametrize("value", ["000000090", "000000000", "198000000"])
def test_an_index_that_falls_or_jumps_is_believed_once_three_frames_agree(value: str) -> None:
    """A meter was replaced, or its counter began anew."""
    line = Line()
    line.believes(BASE="000000100")
    rising = [f"{int(value) + rise:09}" for rise in (0, 1, 3)]

    assert [line.believes(BASE=text) for text in rising] == [False, False, True]
    assert line.plausibility.withheld == set()


def test_an_identifier_that_changes_is_believed_once_two_frames_agree() -> None:
    """Then the meter is another one, and its indexes are believed with it."""
    plausibility = Plausibility()
    old = {"ADCO": "041961123456", "BASE": "000900000"}
    new = {"ADCO": "041961654321", "BASE": "000000003"}
    said = [
        check(plausibility, Mode.HISTORIQUE, values, float(at))
        for at, values in enumerate([old, new, old, new, new])
    ]

    assert said == [
        ([], False),
        (["ADCO", "BASE"], False),
        ([], False),
        (["ADCO", "BASE"], False),
        ([], True),
    ]


def test_of_another_meter_everything_is_learned_anew() -> None:
    """Whatever stands before its number in the frame, and how many phases it has."""
    plausibility = Plausibility()
    old = {"IINST2": "005", "BASE": "000900000", "ADCO": "041976123456"}
    new = {"BASE": "000000100", "ADCO": "041961654321"}
    said = [
        check(plausibility, Mode.HISTORIQUE, values, 2.0 * at)
        for at, values in enumerate([old, new, new, new | {"BASE": "000000103"}])
    ]

    assert said == [([], False), (["ADCO", "BASE"], False), ([], True), ([], False)]
    # On three phases 38 Wh would be plausible.
    assert check(plausibility, Mode.HISTORIQUE, new | {"BASE": "000000130"}, 8.0) == (["BASE"], False)
    assert check(plausibility, Mode.HISTORIQUE, new | {"BASE": "000000099"}, 10.0) == (["BASE"], False)


BURSTS = [
    ("H PLEINE/CREUSE", "H PLEINEoCREUSE"),
    ("H PLEINE/CREUSE", "H PL56qE/CREUSE"),
    ("HEURE  CREUSE", "HEURE  3-zUSE"),
    ("PAS DE          MESSAGE", "PAS DE         _NESSAGE"),
    ("TEMPO", "TE=/@"),
]
"""A text, and what parity and checksum let pass after a burst of wrong bits."""

TARIFFS = "BASE, EJP, TEMPO, HEURE  CREUSE, HEURE  PLEINE, HP, HC, HSC, WE, H PLEINE/CREUSE, ZEN Flex"
COLOURS = [f"{hours} {colour}" for hours in ("HC", "HP") for colour in ("BLEU", "BLANC", "ROUGE")]


@pytest.mark.parametrize(("text", "damaged"), BURSTS)
def test_a_text_does_not_change_by_a_burst_of_wrong_bits(text: str, damaged: str) -> None:
    line = Line(Mode.STANDARD)

    assert [line.believes(NGTF=each) for each in (text, damaged, text)] == [True, False, True]
    assert [line.believes(NGTF=damaged) for _ in range(3)] == [False, False, True]


def test_a_text_may_become_any_other_text_of_a_tariff_at_once() -> None:
    line = Line(Mode.STANDARD)
    pairs = permutations([*TARIFFS.split(", "), *COLOURS], 2)

    assert all(line.believes(LTARF=each) for pair in pairs for each in pair)


def test_indexes_that_may_begin_anew_are_left_alone() -> None:
    line = Line()

    assert line.believes(EAP_s="9649kWh", GAZ="0000100")
    assert line.believes(EAP_s="120kWh", GAZ="0900000")
    assert not line.believes(GAZ="0000100")


def test_the_switch_believes_everything() -> None:
    frames = [encode_frame(whole(BASE=index)) for index in ("000000100", "000000000")]
    believing = Decoder(plausibility=False)
    checking = Decoder()
    for frame in frames:
        believing.feed(frame)
        checking.feed(frame)

    assert (believing.counts.groups, believing.counts.implausible, believing.withheld) == (18, 0, set())
    assert (checking.counts.groups, checking.counts.implausible) == (17, 1)
    assert checking.implausible == {"BASE": 1}
    assert checking.withheld == {"BASE"}


def test_bytes_that_come_at_once_are_given_the_time_that_they_took_on_the_line() -> None:
    """A bridge may hold frames back and send them together: the clock stood still, the meter did not."""
    frames = [
        encode_frame(build("base", start=dt.datetime(2026, 1, 15), rng=Random(1)).frame(when))  # noqa: DTZ001
        for when in (dt.datetime(2026, 1, 15, 8), dt.datetime(2026, 1, 15, 8, 0, 2))  # noqa: DTZ001
    ]
    decoder = Decoder()
    for frame in frames:
        decoder.feed(frame, now=5.0)

    assert decoder.counts.implausible == 0


def test_an_index_of_thousands_of_digits_is_borne() -> None:
    """Python makes no number of more than 4300 digits by itself; no meter has more than fifteen."""
    line = Line()

    assert line.believes(BASE="0" * 5000)
    assert line.believes(BASE="0" * 4999 + "1")
    assert not line.believes(BASE="1" + "0" * 4999)


def test_an_index_that_stood_still_was_believed_in_each_frame() -> None:
    line = Line()
    line.believes(BASE="000000100")
    line.at += 3600
    line.believes(BASE="000000100")

    assert not line.believes(BASE="000003600", GAZ="0000100")


def test_a_subscribed_power_counts_once_two_frames_in_a_row_say_it() -> None:
    """9 kVA allow 12.2 Wh in two seconds, the largest meter 19.9 Wh; one damaged frame allows no more."""
    line = Line()
    line.believes(BASE="000000100")
    line.believes(BASE="000000100")

    assert not line.believes(BASE="000000115", ISOUSC="99")


def test_a_value_that_was_withheld_was_not_believed() -> None:
    line = Line()
    line.believes(BASE="000000100")
    line.at += 3600

    assert not line.believes(BASE="999999999")
    assert line.believes(BASE="000003100")


def test_a_frame_that_lacks_the_subscription_changes_nothing_of_it() -> None:
    line = Line()

    assert line.believes(BASE="000000100")
    assert line.believes(BASE="000000100", ISOUSC="")
    assert line.believes(BASE="000000101")
    assert not line.believes(BASE="000000114")


@pytest.mark.parametrize(
    "groups", [whole(Mode.HISTORIQUE, ISOUSC="", PREF="AB"), whole(Mode.STANDARD, ISOUSC="AB")]
)
def test_the_label_of_the_power_in_the_other_mode_needs_no_number(groups: list[Group]) -> None:
    """The table of the mode lacks this label, so that its value may be any capitals."""
    decoder = Decoder()
    for _ in range(5):
        readings = decoder.feed(encode_frame(groups))

        assert len(readings) == 1


@given(st.lists(st.tuples(st.integers(0, 10**9 - 1), st.floats(0, 1e6)), max_size=30))
def test_what_is_believed_never_falls_but_after_three_frames_that_agree(
    frames: list[tuple[int, float]],
) -> None:
    plausibility = Plausibility()
    at = 0.0
    believed = None
    agreeing = 0
    last: int | None = None
    for value, step in frames:
        at += step
        withheld, _ = check(plausibility, Mode.HISTORIQUE, {"BASE": f"{value:09}"}, at)
        agreeing = agreeing + 1 if last is not None and value >= last else 1
        last = value
        if not withheld:
            assert believed is None or value >= believed or agreeing >= 3
            believed = value


@pytest.mark.parametrize(("index", "is_believed"), [("000000112", True), ("000000114", False)])
def test_the_subscribed_current_of_three_phases_is_that_of_each(index: str, is_believed: bool) -> None:  # noqa: FBT001
    """15 A on each of three phases are 9 kVA, with which an index may rise by 12 Wh in a frame."""
    line = Line()
    for _ in range(3):
        line.believes(ISOUSC="15", BASE="000000100", IINST2="005")

    assert line.believes(ISOUSC="15", BASE=index, IINST2="005") is is_believed
