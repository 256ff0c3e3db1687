"""The health of the line: the share of bad groups over five minutes, in figures and in a word."""

from __future__ import annotations

import json

import pytest

from teleinfo.port.health import (
    MAX_LOST,
    WINDOW,
    Health,
    LastDay,
    Quality,
    complete,
    encode,
    is_orphan,
    is_stale,
    parse,
)
from teleinfo.tic.decoder import Counts
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import LineGrade, PortErrorKind

NONE_REJECTED = {"parity": 0, "checksum": 0, "malformed": 0}
NONE_WITHHELD = {"unconfirmed": 0, "implausible": 0}


@pytest.mark.parametrize(
    ("bad", "grade"),
    [
        (0, LineGrade.GOOD), (1, LineGrade.FAIR), (9, LineGrade.FAIR), (10, LineGrade.POOR),
        (100, LineGrade.BAD),
    ],
)  # fmt: skip
def test_the_grade_follows_the_share_of_bad_groups(bad: int, grade: LineGrade) -> None:
    """Fewer than 1 in 1000 is good, in 100 fair, in 10 poor."""
    quality = Quality()
    quality.sample(Counts(groups=1000 - bad, checksum=bad), now=0)

    assert quality.bad_share == bad / 1000
    assert quality.grade is grade
    assert Quality().grade is LineGrade.SILENT


def test_only_the_last_five_minutes_count() -> None:
    quality = Quality()
    quality.sample(Counts(groups=0, checksum=10), now=0)
    quality.sample(Counts(groups=10, checksum=10), now=WINDOW - 1)
    assert quality.bad_share == 0.5
    quality.sample(Counts(groups=20, checksum=10), now=WINDOW)
    assert quality.bad_share == 0
    for minute in range(1000):
        quality.sample(Counts(groups=20, checksum=10), now=WINDOW + 60.0 * minute)

    assert len(quality._samples) <= WINDOW / 60 + 2


def test_what_was_counted_in_the_last_24_hours_is_told() -> None:
    """The counts of each hour are kept for a day; before the first sample all counts are told."""
    quality = Quality()
    assert complete(Health(), Counts(groups=5), quality).last_24h == LastDay(
        frames=0, groups=5, rejected=NONE_REJECTED, withheld=NONE_WITHHELD, interrupted=0
    )
    for hour in range(49):
        for seconds in (0, 60):
            counts = Counts(frames=hour, groups=10 * hour, parity=hour, unconfirmed=1, interrupted=2)
            quality.sample(counts, now=3600.0 * hour + seconds)

    counts = Counts(frames=49, groups=490, parity=50, unconfirmed=3, interrupted=3)
    assert complete(Health(), counts, quality).last_24h == LastDay(
        frames=24,
        groups=240,
        rejected=NONE_REJECTED | {"parity": 25},
        withheld=NONE_WITHHELD | {"unconfirmed": 2},
        interrupted=1,
    )


def test_what_was_lost_is_told_by_etiquette() -> None:
    """Since the start, and in the last 24 hours; the most frequent first, and no more than 16."""
    quality = Quality()
    quality.sample(Counts(lost={"PAPP": 8, "IINST": 2}), now=0)
    now = Counts(lost={"PAPP": 8, "IINST": 5, "ADCO": 4})
    health = complete(Health(), now, quality)

    assert list(health.lost.items()) == [("PAPP", 8), ("IINST", 5), ("ADCO", 4)]
    assert health.last_24h is not None
    assert list(health.last_24h.lost.items()) == [("ADCO", 4), ("IINST", 3)]
    many = Counts(lost={f"N{number}": number for number in range(40)})
    assert list(complete(Health(), many, quality).lost) == [f"N{39 - place}" for place in range(MAX_LOST)]


def test_health_says_all_that_the_contract_names() -> None:
    """Version, mode, speed, counts by cause, share and grade, last frame, uptime; `parse` reads it again."""
    rejected = {"parity": 1, "checksum": 1, "malformed": 1}
    withheld = {"unconfirmed": 2, "implausible": 3}
    counts = Counts(1, 2, 18, 1, 1, 1, 4, 2, 3, ("FOO",), {"PAPP": 1})
    quality = Quality()
    quality.sample(counts, now=0)
    time = "2026-01-31T12:00:01+00:00"
    last_frame = "2026-01-31T12:00:00+00:00"
    known = Health(
        version="1.2.3",
        mode=Mode.STANDARD,
        baudrate=9600,
        parity_checked=True,
        time=time,
        last_frame=last_frame,
        uptime=61,
        source="5d0fa3c1",
        meter="3456",
        fingerprint="0c2a9d4e",
        other_meter="7654",
    )
    health = complete(known, counts, quality)
    sent = encode(health)

    assert parse(sent) == health
    assert b" " not in sent
    assert json.loads(sent) == {
        "version": "1.2.3",
        "time": time,
        "mode": "standard",
        "baudrate": 9600,
        "parity_checked": True,
        "frames": 2,
        "groups": 18,
        "rejected": rejected,
        "withheld": withheld,
        "interrupted": 4,
        "lost": {"PAPP": 1},
        "last_24h": {
            "frames": 0,
            "groups": 0,
            "rejected": NONE_REJECTED,
            "withheld": NONE_WITHHELD,
            "interrupted": 0,
            "lost": {},
        },
        "unknown_labels": ["FOO"],
        "bad_groups_percent": 14.286,
        "line_quality": "bad",
        "problem": None,
        "last_frame": last_frame,
        "uptime": 61,
        "source": "5d0fa3c1",
        "meter": "3456",
        "fingerprint": "0c2a9d4e",
        "other_meter": "7654",
    }


def test_a_meter_that_is_not_heard_is_silent_and_health_says_why() -> None:
    """However good the line was until then: never a word of good quality while nothing comes."""
    quality = Quality()
    quality.sample(Counts(groups=1000), now=0)
    health = complete(Health(mode=Mode.STANDARD, problem=PortErrorKind.BUSY), Counts(groups=1000), quality)
    sent = json.loads(encode(health))

    assert (sent["line_quality"], sent["problem"], sent["bad_groups_percent"]) == ("silent", "busy", 0)
    assert parse(encode(health)) == health
    assert (health.reason, Health().reason) == (PortErrorKind.BUSY.words, None)


@pytest.mark.parametrize(
    ("problem", "online", "orphan"),
    [(None, False, True), (None, True, False), (None, None, False), ("no_data", False, False)],
)
def test_offline_without_a_problem_is_a_daemon_that_ended_without_a_word(
    problem: str | None,
    online: bool | None,  # noqa: FBT001 - a parameter of the test
    orphan: bool,  # noqa: FBT001 - as above
) -> None:
    assert is_orphan(Health(problem=problem), online=online) is orphan


@pytest.mark.parametrize(
    ("time", "stale"),
    [
        ("1970-01-01T01:00:00+01:00", False), ("1969-12-31T23:59:59+00:00", True),
        ("1970-01-01T09:00:00+00:00", False), (None, False), ("0001-01-01T00:00:00", False),
    ],
)  # fmt: skip
def test_a_health_of_more_than_three_minutes_ago_is_stale(time: str | None, stale: bool) -> None:  # noqa: FBT001 - a parameter
    """It comes every minute. One from a clock that is ahead is not stale, nor one whose time is not known."""
    assert is_stale(Health(time=time), now=180) is stale


@pytest.mark.parametrize("wrong", ["true", "false", '"7"', "[7]", "7.5"])
def test_a_count_that_is_no_whole_number_is_unknown(wrong: str) -> None:
    """Anybody may have published it, and Python takes true for 1."""
    counts = ("baudrate", "frames", "groups", "interrupted", "uptime")
    published = ",".join(f'"{name}":{wrong}' for name in counts)
    by_cause = ",".join(f'"{name}":{{"parity":{wrong}}}' for name in ("rejected", "withheld", "lost"))

    assert parse(f'{{"version":"1.0",{published},{by_cause}}}'.encode()) == Health(version="1.0")


def test_a_wrong_field_is_unknown_and_costs_no_other() -> None:
    """JSON allows 1e999, which no float can hold."""
    published = (
        b'{"version":"1.0","frames":1e999,"line_quality":[],"last_24h":{"frames":"x"},'
        b'"rejected":{"parity":"x"},"unknown_labels":[7]}'
    )

    assert parse(published) == Health(version="1.0")
    assert parse(b"[]") is None
