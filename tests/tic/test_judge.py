"""Which meter a frame is of, in which mode and contract, and what of it is confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.tic.judge import (
    CERTAIN_FRAMES,
    CERTAIN_FRAMES_WITHOUT_NUMBER,
    FRAMES_WITHOUT_NUMBER,
    MAX_CONFIRMED,
    Judge,
)
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading, belief_of

if TYPE_CHECKING:
    from teleinfo.tic.reading import Belief

NUMBER = "041961123456"
OTHER = "041961654321"


def historique(**values: str) -> Reading:
    """Return a reading of mode historique."""
    return Reading(Mode.HISTORIQUE, values)


def standard(**values: str) -> Reading:
    """Return a reading of mode standard."""
    return Reading(Mode.STANDARD, values)


def beliefs(*readings: Reading) -> list[Belief | None]:
    """Return the belief at each of these readings, None for a foreign one."""
    judge = Judge()
    found = []
    for reading in readings:
        judge.judge(one := Reading(reading.mode, reading.values))
        found.append(None if one.foreign else belief_of(one))
    return found


def last(*readings: Reading) -> Belief:
    """Return the belief at the last of these readings."""
    belief = beliefs(*readings)[-1]
    assert belief is not None
    return belief


KNOWN = historique(ADCO=NUMBER, OPTARIF="BASE", PTEC="TH")
NAMELESS = historique(OPTARIF="BASE", PTEC="TH")
LINKY = standard(ADSC=NUMBER, NGTF="BASE", LTARF="BASE", NTARF="01")


@pytest.mark.parametrize(
    ("frame", "known", "certain"),
    [(KNOWN, 1, CERTAIN_FRAMES), (NAMELESS, FRAMES_WITHOUT_NUMBER, CERTAIN_FRAMES_WITHOUT_NUMBER)],
)
def test_a_meter_is_known_and_then_certain(frame: Reading, known: int, certain: int) -> None:
    found = [belief for belief in beliefs(*[frame] * certain) if belief is not None]

    assert [belief.is_known for belief in found].index(True) == known - 1
    assert [belief.is_certain for belief in found].index(True) == certain - 1


def test_a_frame_without_its_number_is_of_the_meter_that_is_known() -> None:
    belief = last(NAMELESS, KNOWN, *[NAMELESS] * CERTAIN_FRAMES)

    assert (belief.number, belief.meter, belief.is_certain) == (NUMBER, 0, False)


RIVALS = {
    "meter": (historique(ADCO=OTHER, OPTARIF="BASE", PTEC="TH"), 2, (1, OTHER)),
    "mode": (LINKY, 2, (0, NUMBER)),
    "mode without number": (standard(NGTF="BASE"), FRAMES_WITHOUT_NUMBER, (1, None)),
    "meter without contract": (historique(ADCO=OTHER), 2, (1, OTHER)),
    "contract": (historique(ADCO=NUMBER, OPTARIF="HC", PTEC="HP"), 2, (0, NUMBER)),
    "contract without number": (historique(OPTARIF="HC", PTEC="HP"), 2, (0, NUMBER)),
}


@pytest.mark.parametrize(("rival", "needed", "meter"), RIVALS.values(), ids=RIVALS)
def test_another_meter_mode_or_contract_must_come_in_a_row(
    rival: Reading, needed: int, meter: tuple[int, str | None]
) -> None:
    """Fewer frames may be an accident of the line, and are foreign: the known meter comes between."""
    few = [rival] * (needed - 1)
    found = beliefs(KNOWN, *few, KNOWN, *few, rival)

    assert [belief is None for belief in found] == [
        *(False, *[True] * len(few)),
        *(False, *[True] * len(few), False),
    ]
    assert found[-1] is not None
    assert (found[-1].meter, found[-1].number) == meter
    contract = rival.values.get("OPTARIF", rival.values.get("NGTF"))
    assert (found[-1].mode, found[-1].contract) == (rival.mode, contract)


def test_a_row_is_ended_by_the_known_meter_and_not_by_a_group_that_is_missing() -> None:
    other = historique(ADCO=OTHER)

    assert beliefs(KNOWN, other, historique(ADCO=NUMBER), other)[-1] is None
    assert last(KNOWN, LINKY, standard(ADSC=NUMBER)).mode is Mode.STANDARD


def test_short_frames_between_two_long_ones_do_not_delay_another_contract() -> None:
    """A three-phase meter in overrun sends its option in one frame of 21."""
    short = historique(ADCO=NUMBER, IINST1="031")
    changed = historique(ADCO=NUMBER, OPTARIF="HC", PTEC="HP")

    assert last(KNOWN, changed, *[short] * 20, changed).contract == "HC"


def test_the_programme_of_tempo_is_no_contract() -> None:
    """The last character of OPTARIF says what the contacts do (02E)."""
    assert last(historique(OPTARIF="BBR("), historique(OPTARIF="BBR)")).contract == "BBR"


@pytest.mark.parametrize(
    ("without", "label", "frames"),
    [(KNOWN, "ADPS", 2), (KNOWN, "PEJP", 2), (historique(ADCO=NUMBER, IINST1="031"), "ADIR1", 2)],
)
def test_an_alarm_ends_with_the_second_frame_that_lacks_it(without: Reading, label: str, frames: int) -> None:
    """One frame may have lost the group."""
    sent = Reading(without.mode, dict(without.values) | {label: "031"})
    found = beliefs(sent, *[without] * frames)

    assert [belief is not None and label in belief.sending for belief in found] == [True, True, False]


def test_short_frames_never_have_a_notice_and_end_none() -> None:
    """A notice of a three-phase meter stands in its full frames."""
    short = historique(ADCO=NUMBER, IINST1="031")
    notice = historique(ADCO=NUMBER, OPTARIF="EJP", IINST1="010", PEJP="30")
    without = historique(ADCO=NUMBER, OPTARIF="EJP", IINST1="010")

    assert "PEJP" in last(notice, *[short] * 20, without).sending
    assert "PEJP" not in last(notice, *[short] * 20, without, without).sending


@pytest.mark.parametrize(("between", "is_confirmed"), [(0, True), (29, True), (30, False)])
def test_a_key_is_confirmed_when_it_comes_again_soon(between: int, *, is_confirmed: bool) -> None:
    noted = historique(ADCO=NUMBER, PPOT="00")
    found = last(noted, *[historique(ADCO=NUMBER)] * between, noted).confirmed

    assert found == ({"ADCO", "PPOT"} if is_confirmed else {"ADCO"})


def test_nothing_is_confirmed_by_another_mode() -> None:
    assert last(KNOWN, KNOWN, LINKY, LINKY).confirmed == set()
    assert last(KNOWN, KNOWN, LINKY, LINKY, LINKY).confirmed == LINKY.values.keys()


def test_the_keys_that_are_confirmed_are_bounded() -> None:
    """A line that invents keys for days takes no more memory."""
    frames = [historique(**{f"X{number}{i}": "1" for i in range(10)}) for number in range(MAX_CONFIRMED)]
    found = last(*[frame for frame in frames for _ in range(2)])

    assert len(found.confirmed) == MAX_CONFIRMED


def test_a_tariff_is_steady_when_two_frames_say_the_same() -> None:
    """LTARF names an index, and may be damaged in one frame. A short frame says nothing of the tariff."""
    night = standard(ADSC=NUMBER, NGTF="BASE", LTARF="HEURE CREUSE", NTARF="01")
    found = beliefs(LINKY, LINKY, night, night, standard(ADSC=NUMBER))

    assert [belief is not None and belief.is_steady for belief in found] == [False, True, False, True, True]
    assert last(NAMELESS, historique(PAPP="00460")).is_steady
    assert last(LINKY, LINKY, standard(ADSC=NUMBER), LINKY).is_steady
    assert not last(historique(PAPP="00460")).is_steady


def test_the_belief_is_the_same_object_while_nothing_changes() -> None:
    """Whoever obeys compares by identity, once a frame."""
    found = beliefs(*[KNOWN] * (CERTAIN_FRAMES + 2))

    assert found[-1] is found[-2] is found[-3]
