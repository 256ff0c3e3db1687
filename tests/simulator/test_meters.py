"""The frames of the meters: their lengths and orders, and how their values change in a day."""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.simulator.meter import SimulatedMeter
    from teleinfo.tic.labels import Group

# 2026-01-14 is a Wednesday, between a white day and a red one.
WEDNESDAY = dt.datetime(2026, 1, 14, 12)  # noqa: DTZ001 -- a meter knows local time only
SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)


def meter(name: str, *watts: float, start: dt.datetime = WEDNESDAY) -> SimulatedMeter:
    """Return a meter; if there are `watts`, in front of a steady load by phase with reactive power."""
    load = (lambda _now: tuple(power * (1 + 0.25j) for power in watts)) if watts else None
    return build(name, start=start, rng=random.Random(7), load_profile=load)


def names(groups: list[Group]) -> str:
    """Return the étiquettes in their order."""
    return " ".join(group.label for group in groups)


def values(groups: list[Group]) -> dict[str, str]:
    """Return the valeurs by étiquette."""
    return {group.label: group.value for group in groups}


def day(meter: SimulatedMeter, *, start: dt.datetime = WEDNESDAY, days: float = 1) -> Iterator[list[Group]]:
    """Yield a frame for each minute."""
    for minute in range(int(days * 1440)):
        yield meter.frame(start + minute * MINUTE)


REST = "MSG1 PRM RELAIS NTARF NJOURF NJOURF+1 PJOURF+1"
LENGTHS = {
    "base": 152, "hc": 170, "ejp": 173, "tempo": 275, "tri": 233, "tri-tempo": 356, "tri-76": 233,
    "standard": 865, "standard-cacsi": 865, "standard-tempo": 865, "standard-producer": 1093,
    "standard-tri": 1214,
}  # fmt: skip
"""Of a frame in an hour without events, in bytes; most are from captures."""


@pytest.mark.parametrize("name", METERS)
def test_a_frame_is_that_of_a_real_meter(name: str) -> None:
    """It has the length of a real frame, at the speed of the mode: historique 1200 baud, standard 9600."""
    simulated = meter(name)

    assert len(simulated.emit(WEDNESDAY)) == LENGTHS[name]
    assert simulated.baudrate == (9600 if name.startswith("standard") else 1200)


@pytest.mark.parametrize("name", METERS)
def test_a_day_of_frames_is_sound_to_the_decoder(name: str) -> None:
    """All that a meter sends passes every check, and nothing is lost but the frames that it interrupted."""
    decoder = Decoder()
    simulated = meter(name)
    sent = [simulated.emit(WEDNESDAY + 575 * n * SECOND) for n in range(150)]
    for n, data in enumerate(sent):
        decoder.feed(with_parity(data), now=575.0 * n)  # without it a notice would wait for its second frame

    assert decoder.counts.rejected == 0
    assert (decoder.counts.unconfirmed, decoder.counts.implausible) == (0, 0)
    assert decoder.counts.frames == len(sent)
    assert decoder.counts.interrupted == sum(data.count(b"\x04") for data in sent)


def test_an_index_counts_in_its_own_hours() -> None:
    """Energy goes to HCHC from 22:00 to 06:00 and to HCHP the rest of the day: 1 kW is 8 and 16 kWh."""
    simulated = meter("hc", 1000)
    before = values(simulated.frame(WEDNESDAY))
    after = values(simulated.frame(WEDNESDAY + 1440 * MINUTE))

    assert int(after["HCHC"]) - int(before["HCHC"]) == pytest.approx(8000, abs=1)
    assert int(after["HCHP"]) - int(before["HCHP"]) == pytest.approx(16000, abs=1)


def test_an_index_goes_on_from_zero() -> None:
    """An index has nine digits, and after 999999999 comes 000000000."""
    simulated = meter("base", 3600)
    simulated.metrology.supplier[0] = 999_999_999.5

    assert values(simulated.frame(WEDNESDAY))["BASE"] == "999999999"
    assert values(simulated.frame(WEDNESDAY + SECOND))["BASE"] == "000000000"


def test_adps_is_sent_while_the_current_exceeds_the_subscribed_one() -> None:
    """In overrun a single-phase meter adds ADPS behind IINST, with the same number, and only then."""
    groups = meter("hc", 8000).frame(WEDNESDAY)
    sent = values(groups)

    assert "IINST ADPS IMAX" in names(groups)
    assert sent["ADPS"] == sent["IINST"] > "030"
    assert "ADPS" not in names(meter("hc", 6000).frame(WEDNESDAY))
    assert len(encode_frame(groups)) == 170 + 12


def test_tempo_tells_the_next_colour_in_the_evening() -> None:
    """DEMAIN changes at 20:00, PTEC at 22:00 and, with the colour, at 06:00."""
    days = (values(groups) for groups in day(meter("tempo"), days=1.5))
    seen = [(WEDNESDAY + n * MINUTE, sent["PTEC"], sent["DEMAIN"]) for n, sent in enumerate(days)]
    changes = [after for before, after in pairwise(seen) if before[1:] != after[1:]]

    assert [f"{at:%H:%M} {ptec} {demain}" for at, ptec, demain in changes] == [
        *("20:00 HPJB ROUG", "22:00 HCJB ROUG", "06:00 HPJR ----", "20:00 HPJR BLAN", "22:00 HCJR BLAN")
    ]


def test_an_ejp_peak_has_half_an_hour_of_notice() -> None:
    """PEJP stands between the indexes and PTEC from 06:30 until the end of the peak, from 07:00 to 01:00."""
    start = WEDNESDAY.replace(day=15, hour=6)
    simulated = meter("ejp", start=start)
    sent = [simulated.frame(start + n * MINUTE) for n in (29, 30, 60, 19 * 60 - 1, 19 * 60)]

    assert ["EJPHPM PEJP PTEC" in names(groups) for groups in sent] == [False, True, True, True, False]
    assert [values(groups)["PTEC"] for groups in sent] == ["HN..", "HN..", "PM..", "PM..", "HN.."]
    assert len(encode_frame(sent[1])) == 184


def test_standard_tempo_announces_runs_and_forgets_a_peak() -> None:
    """DPM and FPM come with the evening; PPOINTE goes when the peak starts; STGE tells all of it."""
    simulated = meter("standard-tempo")
    evening = simulated.frame(WEDNESDAY.replace(hour=21))
    running = simulated.frame(WEDNESDAY.replace(day=15, hour=7))
    over = simulated.frame(WEDNESDAY.replace(day=17, hour=7))

    assert f"STGE DPM2 FPM2 {REST} PPOINTE" in names(evening)
    assert len(encode_frame(evening)) == 1025
    assert [g.horodate for g in evening if g.label in {"DPM2", "FPM2"}] == [" 260115060000", " 260116060000"]
    assert values(evening)["PPOINTE"].startswith("00004005 06004006 22004005 NONUTILE")
    # Today bleu, tomorrow rouge, peak 2 announced.
    assert int(values(evening)["STGE"], 16) >> 24 == 0b00_10_11_01
    assert f"STGE DPM2 FPM2 {REST}" in names(running)
    assert "PPOINTE" not in names(running)
    # Today rouge, peak 2 runs.
    assert int(values(running)["STGE"], 16) >> 24 == 0b10_00_00_11
    assert (values(running)["NTARF"], values(running)["LTARF"].split()) == ("06", ["HP", "ROUGE"])
    assert "DPM" not in names(over)


def test_the_status_register_of_a_quiet_consumer_is_that_of_real_meters() -> None:
    """In the peak hours of the high season, without overrun: the contact is open, nothing is announced."""
    sent = values(meter("standard", 500).frame(WEDNESDAY))

    assert (sent["STGE"], sent["NTARF"], sent["RELAIS"]) == ("003AC401", "02", "000")


def test_means_and_maxima_are_renewed() -> None:
    """The load curve has a point each half hour, the voltage each ten minutes; maxima begin anew each day."""
    simulated = meter("standard", 1940)
    simulated.frame(WEDNESDAY)
    sent = {g.label: (g.horodate, g.value) for g in simulated.frame(WEDNESDAY + 61 * MINUTE)}
    next_day = {g.label: (g.horodate, g.value) for g in simulated.frame(WEDNESDAY + 1440 * MINUTE)}

    assert sent["CCASN"] == ("H260114130000", "01940")
    assert sent["CCASN-1"] == ("H260114123000", "01940")
    assert sent["UMOY1"][0] == "H260114130000"
    assert sent["SMAXSN"][1] == "02000"
    assert (next_day["SMAXSN-1"][0] or "").startswith("H260114")
    assert (next_day["SMAXSN"][0] or "").startswith("H260115")


def test_an_overrun_brings_twenty_short_frames_for_each_long_one() -> None:
    """The long frame is cut by EOT, then cycles of 20 short and 1 long come, until a minute after."""
    watts = [1000, 1000, 1000]
    simulated = build("tri", start=WEDNESDAY, rng=random.Random(7), load_profile=lambda _now: tuple(watts))
    assert simulated.emit(WEDNESDAY).count(b"\x04") == 0
    watts[1] = 8000
    first = simulated.emit(WEDNESDAY + SECOND)
    lengths = [len(simulated.emit(WEDNESDAY + (2 + n) * SECOND)) for n in range(40)]

    interrupted, _, short = first.partition(b"\x04")
    assert interrupted.startswith(b"\x02\nADCO ")
    assert interrupted.endswith(b"\r")
    assert short.startswith(b"\x02\nADIR2 035")
    assert len(short) == 78
    assert lengths == [78] * 19 + [233] + [78] * 20
    watts[1] = 1000
    assert len(simulated.emit(WEDNESDAY + 42 * SECOND)) == 233
    after = [simulated.frame(WEDNESDAY + (n + 43) * SECOND) for n in (0, 57, 58, 59)]
    assert [names(groups) for groups in after[:2]] == ["ADCO IINST1 IINST2 IINST3"] * 2
    assert len(encode_frame(after[2])) == LENGTHS["tri"]


def test_some_three_phase_meters_have_no_short_frames() -> None:
    """A Linky of type 76 sends long frames in overrun, without ADIR: IINST is above ISOUSC all the same."""
    sent = meter("tri-76", 1000, 8000, 1000).emit(WEDNESDAY)

    assert len(sent) == 233
    assert b"\nIINST2 036 " in sent
    assert b"ADIR" not in sent


def test_self_consumption_without_a_contract_shows_in_the_status_register_alone() -> None:
    """At noon in summer STGE is 003A4201, as from real meters: no EAIT, SINSTS is 0 and IRMS1 is not."""
    noon = dt.datetime(2026, 7, 15, 13, 30)  # noqa: DTZ001 -- a meter knows local time only
    groups = meter("standard-cacsi", start=noon).frame(noon)
    sent = values(groups)

    assert groups[2].horodate == "E260715133000"
    assert (sent["STGE"], sent["SINSTS"]) == ("003A4201", "00000")
    assert int(sent["IRMS1"]) > 5
    assert not sent.keys() & {"EAIT", "SINSTI", "ERQ1", "SMAXIN"}


def test_the_machine_overruns_by_itself() -> None:
    """The machine behind the three-phase meter runs each five minutes, so that nobody must wait long."""
    simulated = meter("tri")
    sent = [simulated.emit(WEDNESDAY + n * SECOND) for n in range(300)]

    assert sum(b"\nADIR3 " in data for data in sent) > 20
