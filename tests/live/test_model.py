"""The live model: which values stay, in which order, and the history of power."""

from __future__ import annotations

import pytest

from teleinfo.live.model import KEPT, MAX_VALUES, LiveModel
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading

HC = {"ADCO": "041961123456", "HCHC": "000019212", "PTEC": "HP", "PAPP": "01940", "MOTDETAT": "000000"}
ALARM = {**HC, "ADPS": "032"}


def model_with(*frames: dict[str, str], mode: Mode = Mode.HISTORIQUE, step: float = 1.0) -> LiveModel:
    """Return a model that has taken these frames, one each `step` seconds from 0 on."""
    model = LiveModel(patience=10.0)
    for number, values in enumerate(frames):
        model.add_reading(Reading(mode, values), now=number * step)
    return model


def keys(model: LiveModel) -> list[str]:
    """Return the étiquettes in the order of the screen."""
    return [row.key for row in model.rows()]


def test_what_a_person_wants_to_see_comes_first() -> None:
    """An overrun, then now, then the indexes, the meter itself; last an index that never counted."""
    unused = model_with({"EASF01": "000000123", "EASF02": "000000000", "ADSC": "1"}, mode=Mode.STANDARD)

    assert keys(model_with(ALARM)) == ["ADPS", "PTEC", "PAPP", "HCHC", "ADCO", "MOTDETAT"]
    assert keys(unused) == ["EASF01", "ADSC", "EASF02"]


def test_a_change_is_reported_with_its_time() -> None:
    changed = {row.key: row.changed for row in model_with(HC, {**HC, "PAPP": "02000"}).rows()}

    assert (changed["PAPP"], changed["HCHC"]) == (1.0, None)


def test_the_horodate_of_a_group_is_part_of_its_row() -> None:
    """It has no row of its own."""
    values = {"SMAXSN": "02740", "SMAXSN_HORODATE": "E220609060531"}
    [row] = model_with(values, mode=Mode.STANDARD).rows()

    assert (row.key, row.horodate) == ("SMAXSN", "E220609060531")


NOTICE = {**ALARM, "PEJP": "30"}


@pytest.mark.parametrize(
    ("frames", "step", "kept", "gone"),
    [
        # Three phases in overrun: short frames hold the currents alone.
        ([HC, {"ADIR1": "035", "ADCO": "041961123456"}], 1.0, {*HC, "ADIR1"}, set()),
        # The end of an alarm is that it is missing; all else stays for longer.
        ([NOTICE, *[HC] * 7], 1.0, {*HC, "PEJP"}, {"ADPS"}),
        ([NOTICE, *[HC] * (int(KEPT) + 1)], 1.0, {*HC}, {"ADPS", "PEJP"}),
        # Messages may come once an hour: what is in the newest is not old.
        ([ALARM, ALARM], 3600.0, {*HC, "ADPS"}, set()),
    ],
    ids=["short frame", "alarm", "notice", "rare messages"],
)
def test_a_value_stays_for_a_while(
    frames: list[dict[str, str]], step: float, kept: set[str], gone: set[str]
) -> None:
    shown = {*keys(model_with(*frames, step=step))}

    assert shown >= kept
    assert not shown & gone


def test_a_change_of_mode_empties_the_model() -> None:
    """No value of historique stands beside one of standard."""
    model = model_with(HC)
    model.add_reading(Reading(Mode.STANDARD, {"SINSTS": "00250"}), now=2)

    assert keys(model) == ["SINSTS"]


def test_a_meter_is_silent_after_ten_seconds() -> None:
    remote = LiveModel(patience=None)
    remote.add_reading(Reading(Mode.HISTORIQUE, HC), now=0)

    assert [model_with(HC).silence(now=now) for now in (9.0, 10.0)] == [None, 10.0]
    assert remote.silence(now=50) is None
    remote.online = False
    assert remote.silence(now=50) == 50


def test_ever_new_labels_do_not_fill_the_memory() -> None:
    """Some thousand values are kept at most."""
    model = LiveModel(patience=None)
    for start in range(0, 20_000, 500):
        values = {f"L{number}": "1" for number in range(start, start + 500)}
        model.add_reading(Reading(Mode.HISTORIQUE, values), now=0.0)

    assert len(model.rows()) <= MAX_VALUES + 500
