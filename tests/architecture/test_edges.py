"""
The edges of the pure rooms, each on its two sides: at the limit and next to it.

Every one was found by a mutant, a program with one small thing changed, that no other test noticed.
"""

from __future__ import annotations

import json

import pytest

from teleinfo.common.durations import duration
from teleinfo.daemon import health
from teleinfo.daemon.rate_limit import RateLimit
from teleinfo.homeassistant.horodate import iso
from teleinfo.homeassistant.meters import meter_of
from teleinfo.homeassistant.power import GAP, LEAST, MeanPower
from teleinfo.port.baud_detector import DWELL_FAST, DWELL_SLOW, BaudDetector
from teleinfo.settings import env_file
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic import registers
from teleinfo.tic.decoder import Counts, Decoder
from teleinfo.tic.framing import LIMIT
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode
from teleinfo.tic.parity import has_parity
from teleinfo.tic.reading import Reading

HIGH = Reading(Mode.HISTORIQUE, {"PTEC": "HP"})
LOW = Reading(Mode.HISTORIQUE, {"PTEC": "HC"})
SHORT = Reading(Mode.HISTORIQUE, {"PAPP": "00750"})


@pytest.mark.parametrize(
    ("sent", "published"),
    [
        ([SHORT, HIGH], [True, False]),
        ([HIGH, SHORT, LOW], [True, False, True]),
        ([HIGH, SHORT, HIGH], [True, False, False]),
    ],
)
def test_a_tariff_is_news_when_it_differs_from_the_last_one_that_was_seen(
    sent: list[Reading], published: list[bool]
) -> None:
    """However many frames came without it; the first one that is seen is none."""
    pace = RateLimit(60)

    assert [pace.is_due(reading, now=float(second)) for second, reading in enumerate(sent)] == published


@pytest.mark.parametrize(
    ("seconds", "words"), [(3540, "59 min"), (3600, "1 h 00 min"), (3660, "1 h 01 min"), (7200, "2 h 00 min")]
)
def test_an_hour_is_sixty_minutes(seconds: float, words: str) -> None:
    """From the sixtieth minute on, hours are said."""
    assert duration(seconds) == words


def test_the_quality_of_the_line_forgets_what_is_as_old_as_its_window() -> None:
    """What was counted until five minutes ago, to the second, is past."""
    quality = health.Quality()
    quality.sample(Counts(groups=0, checksum=10), now=0)
    quality.sample(Counts(groups=10, checksum=10), now=health.WINDOW - 1)
    before = quality.bad_share
    quality.sample(Counts(groups=20, checksum=10), now=health.WINDOW)

    assert before == 0.5
    assert quality.bad_share == 0.0


def test_the_health_is_compact_and_says_three_decimals() -> None:
    """One bad group in seven is 14.286 %."""
    quality = health.Quality()
    counts = Counts(groups=6, checksum=1)
    quality.sample(counts, now=0)
    facts = health.Facts(version="1", mode=None, baudrate=None, parity=None, last_frame=None, uptime=0.0)
    text = health.encode(facts, counts, quality)

    assert b" " not in text
    assert json.loads(text)["bad_groups_percent"] == 14.286


def test_the_last_supplier_index_is_the_tenth() -> None:
    """A day profile may name the indexes 1 to 10."""
    ten, eleven = registers.profile("0000000A 0600000B") or ()

    assert (ten.index, eleven.index) == (10, None)


def test_a_byte_that_tells_nothing_of_the_parity_is_no_parity() -> None:
    """A line of which no byte is right with parity has none."""
    assert not has_parity(b"\x80")
    assert has_parity(b"\x82")


@pytest.mark.parametrize(
    ("group", "value"),
    [
        (Group("ADCO", "XXXXXXXXXXXX", None, Mode.HISTORIQUE), "XXXXXXXXXXXX"),
        (Group("PTEC", "XHX.", None, Mode.HISTORIQUE), "XHX"),
        (Group("PTEC", "X", None, Mode.HISTORIQUE), "X"),
        (Group("ADSC", "XXXXXXXXXXXX", None, Mode.STANDARD), "XXXXXXXXXXXX"),
        (Group("LTARF", " X HP X ", None, Mode.STANDARD), "X HP X"),
        (Group("LTARF", "..", None, Mode.STANDARD), ".."),
    ],
)
def test_dots_in_historique_and_blanks_in_standard_are_all_that_fills_a_width(
    group: Group, value: str
) -> None:
    """Recordings hide the number of their meter behind X, which is no filling."""
    [reading] = Decoder().feed(encode_frame([group]))

    assert reading.values == {group.label: value}


def test_the_frame_in_progress_has_the_mode_of_most_of_its_groups() -> None:
    """Whatever else came in between."""
    decoder = Decoder()
    decoder.feed(b"\x02\nPAPP 00750 -\r\nVTIC\t02\tJ\r\nPTEC HP..  \r")

    assert decoder.pending() == (Mode.HISTORIQUE, 2)


def test_the_last_beginning_in_an_endless_stretch_is_kept_though_it_is_the_second_byte() -> None:
    """Only the STX at the head of it is given up, with what is longer than a frame may be."""
    decoder = Decoder()
    decoder.feed(b"\x02\x02".ljust(LIMIT, b"A"))
    decoder.feed(b"\x03")

    assert (decoder.counts.interrupted, decoder.counts.malformed) == (1, 1)


def test_the_letters_of_a_meter_number_stay_in_its_scope() -> None:
    """Small ones and capitals: only what a topic cannot have is replaced."""
    assert meter_of("04190FAbcd-_z/Z", topic="t", private=False).scope == "04190FAbcd-_z_Z"


def test_summer_begins_on_the_last_sunday_of_march_even_if_that_is_its_last_day() -> None:
    """2024-03-31 was a Sunday."""
    assert iso(" 240330120000") == "2024-03-30T12:00:00+01:00"
    assert iso(" 240331120000") == "2024-03-31T12:00:00+02:00"


def drawing() -> MeanPower:
    """Return a power after 71 s: a Wh a second, then one step of two Wh."""
    power = MeanPower()
    for second in range(71):
        power.take(second, now=float(second))
    power.take(72, now=71.0)
    return power


def test_nothing_is_said_of_a_power_at_first() -> None:
    """Not even of one that nobody read."""
    assert MeanPower().watts is None


def test_a_power_that_falls_is_what_the_smallest_step_would_make_of_it() -> None:
    """A minute after the last step the figure begins to fall; the next step is measured from that one."""
    power = drawing()
    said = []
    for second in range(72, 172):
        power.take(72, now=float(second))
        said.append(power.watts)
    power.take(82, now=172.0)

    assert said[int(LEAST) - 2 : int(LEAST)] == [3600, 60]
    assert said[-1] == 36
    assert power.watts == 356


def test_frames_that_are_missing_for_just_so_long_are_no_gap() -> None:
    """A second longer, and nobody knows what was drawn."""
    near, far = drawing(), drawing()
    near.take(73, now=71.0 + GAP)
    far.take(73, now=71.0 + GAP + 1)

    assert near.watts == 3600
    assert far.watts is None


@pytest.mark.parametrize(
    ("text", "number", "value", "fault"),
    [
        ("\nA=b\x0c", 2, "b\x0c", ""),
        ("\n\nA=XbX", 3, "XbX", ""),
        ('\nA="b c"', 2, "b c", ""),
        ('\nA="b', 2, None, "a quote opens the value, so the same quote must end the line"),
        ("\nA='b", 2, None, "a quote opens the value, so the same quote must end the line"),
    ],
)
def test_a_line_of_the_settings_is_numbered_and_stripped_of_blanks_alone(
    text: str, number: int, value: str | None, fault: str
) -> None:
    """Tabs and spaces; a form feed belongs to the value, as it does to systemd."""
    [line] = env_file.parse(text)

    assert (line.number, line.name, line.value, f"{line.fault or ''}") == (number, "A", value, fault)


def test_three_groups_are_no_accident_and_two_may_be() -> None:
    """In a whole frame and in one that has not ended."""
    assert BaudDetector([1200, 9600]).frame(Mode.HISTORIQUE, 3, 0.0)
    assert not BaudDetector([1200, 9600]).frame(Mode.HISTORIQUE, 2, 0.0)
    assert BaudDetector([1200, 9600]).piece(Mode.HISTORIQUE, 3, 0.0)
    assert not BaudDetector([1200, 9600]).piece(Mode.HISTORIQUE, 2, 0.0)


def test_a_frame_in_progress_puts_the_next_speed_off() -> None:
    """From its evidence on the time counts anew."""
    tuner = BaudDetector([1200, 9600])
    tuner.opened(0.0)
    tuner.piece(Mode.HISTORIQUE, 3, 4.0)

    assert not tuner.due(9.9)
    assert tuner.due(10.0)


def test_the_slowest_speeds_are_given_longer() -> None:
    """2400 baud is one of them."""
    slow, fast = BaudDetector([2400, 9600]), BaudDetector([4800, 9600])
    slow.opened(0.0)
    fast.opened(0.0)

    assert (slow.due(DWELL_FAST), slow.due(DWELL_SLOW), fast.due(DWELL_FAST)) == (False, True, True)


def test_the_speeds_are_tried_in_their_order() -> None:
    """The first, the second, the third, and the first again."""
    tuner = BaudDetector([1200, 9600, 4800])
    tried = [tuner.baudrate]
    for _ in range(3):
        tuner.move()
        tried.append(tuner.baudrate)

    assert tried == [1200, 9600, 4800, 1200]
