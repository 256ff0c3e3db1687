"""PUBLISH_INTERVAL thins out the messages, and news never waits."""

from __future__ import annotations

from teleinfo.daemon.rate_limit import RateLimit
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading


def historique(**values: str) -> Reading:
    """Return a reading of historique mode."""
    return Reading(Mode.HISTORIQUE, values)


def standard(**values: str) -> Reading:
    """Return a reading of standard mode."""
    return Reading(Mode.STANDARD, values)


USUAL = historique(PTEC="HP", PAPP="00750")


def published(interval: float, *sent: tuple[float, Reading]) -> list[bool]:
    """Return for each reading, at its time, whether it is published."""
    rate_limit = RateLimit(interval)
    return [rate_limit.is_due(reading, now=now) for now, reading in sent]


def test_the_first_reading_passes_and_then_one_in_each_interval() -> None:
    """From one message to the next passes at least the interval; an interval of 0 is no limit."""
    sent = [(second, USUAL) for second in (5, 6, 64.9, 65, 66)]

    assert published(60, *sent) == [True, False, False, True, False]
    assert published(0, (0, USUAL), (0, USUAL)) == [True, True]


def test_a_change_of_tariff_passes_at_once() -> None:
    """PTEC, DEMAIN, NTARF and LTARF bring news when they change."""
    changed = historique(PTEC="HC", PAPP="00750")

    assert published(60, (0, USUAL), (1, changed), (2, changed)) == [True, True, False]
    assert published(60, (0, standard(NTARF="01")), (1, standard(NTARF="02"))) == [True, True]
    assert published(60, (0, historique(DEMAIN="----")), (1, historique(DEMAIN="ROUG"))) == [True, True]


def test_a_label_that_a_frame_lacks_has_not_changed() -> None:
    short = historique(PAPP="00750")

    assert published(60, (0, USUAL), (1, short), (2, historique(PTEC="HC"))) == [True, False, True]


def test_an_overrun_passes_with_each_frame_and_so_does_its_end() -> None:
    """ADPS and ADIRx never wait, and neither does the frame that no longer has them."""
    overrun = historique(PTEC="HP", ADPS="032", PAPP="07500")
    tri = historique(ADIR2="032", IINST2="032")

    assert published(60, (0, USUAL), (1, overrun), (2, overrun), (3, USUAL), (4, USUAL)) == [
        True, True, True, True, False,
    ]  # fmt: skip
    assert published(60, (0, USUAL), (1, tri)) == [True, True]


def test_an_alert_bit_of_stge_passes_at_once_and_another_bit_does_not() -> None:
    """An overrun in the status register is an alert; the direction of the energy is not."""
    usual = "003A0001"
    overrun = "003A0081"
    produces = "003A0201"
    damaged = "ZZ"
    registers = (usual, overrun, usual, produces, damaged)
    sent = [(float(second), standard(STGE=register)) for second, register in enumerate(registers)]

    assert published(60, *sent) == [True, True, True, False, False]
