"""With PAYLOAD_NUMBERS=all and a timestamp the messages are those of the Node-RED flow."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.payload import Options, encode
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode
from tests.support import node_red_flow

pytestmark = pytest.mark.no_cover
"""These tests decode hours of frames, and reach no branch that other tests do not reach."""

PAGE = (Path(__file__).parents[1] / "docs" / "node-red.md").read_text(encoding="utf-8")
START = dt.datetime(2026, 1, 14, 12)  # noqa: DTZ001 - a meter knows local time only
NOW = 1768431674.25
OPTIONS = Options(numbers="all", timestamp=True)
MODES = {name: build(name, start=START, rng=random.Random(1)).model.mode for name in METERS}


def frames(meter: str) -> list[bytes]:
    """Return a day of frames of a simulated meter, one each half-hour, without those that it cut short."""
    simulated = build(meter, start=START, rng=random.Random(1))
    times = (START + dt.timedelta(minutes=30 * number) for number in range(48))
    return [encode_frame(simulated.frame(now)) for now in times]


def ours(frame: bytes) -> bytes | None:
    """Return our message for one frame, once what it has is confirmed."""
    *_, reading = Decoder().feed(frame * 4)
    return encode(reading, OPTIONS, now=NOW)


@pytest.mark.parametrize("meter", [name for name, mode in MODES.items() if mode is Mode.HISTORIQUE])
def test_in_mode_historique_every_message_is_the_same_to_the_byte(meter: str) -> None:
    """Each frame of each meter gives the message of the flow."""
    for frame in frames(meter):
        assert ours(frame) == node_red_flow.historique(frame, int(NOW * 1000))


@given(value=st.from_regex(r"\A[0-9A-Z.-]{1,12}\Z"), label=st.sampled_from(["PTEC", "OPTARIF", "MOTDETAT"]))
def test_any_code_is_written_as_the_flow_wrote_it(value: str, label: str) -> None:
    """Trailing dots go, and what has digits only is a number without its zeros."""
    frame = encode_frame([Group(label, value, None, Mode.HISTORIQUE)])
    now = int(NOW * 1000)
    readings = Decoder().feed(frame * 3)

    if readings:
        assert encode(readings[-1], OPTIONS, now=NOW) == node_red_flow.historique(frame, now)


@pytest.mark.parametrize("meter", [name for name, mode in MODES.items() if mode is Mode.STANDARD])
def test_in_mode_standard_nothing_differs_but_what_the_page_lists(meter: str) -> None:
    for frame in frames(meter):
        message = ours(frame)
        assert message is not None
        mine: dict[str, Any] = json.loads(message)
        theirs: dict[str, Any] = json.loads(node_red_flow.standard(frame, int(NOW * 1000)))
        different = {key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)}

        assert {key for key in different if not is_listed(key)} == set()


def is_listed(key: str) -> bool:
    """Whether the page lists a difference of this key."""
    rows = re.findall(r"^\| (`[A-Z].*?) \|", PAGE, re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`…?(\w+)`", row)}
    family = re.sub(r"[123]$", "1", key)
    return key in names or family in names or ("_HORODATE" in key and "_HORODATE" in names)


def test_the_page_lists_no_difference_that_is_none() -> None:
    """Each row of the table is seen: a frame with a date, a PRM and a mobile peak has them all."""
    groups = [
        Group("DATE", "", "H260319062210", Mode.STANDARD),
        Group("DPM1", "00", " 230213060000", Mode.STANDARD),
        Group("FPM1", "00", " 230213220000", Mode.STANDARD),
        Group("PRM", "12345678901234", None, Mode.STANDARD),
    ]
    frame = encode_frame(groups)
    theirs = json.loads(node_red_flow.standard(frame, 0))
    message = ours(frame)
    assert message is not None

    assert (theirs["DATE"], theirs["PRM"], theirs["DPM1"]) == ("", 4, "230213060000\t00")
    assert json.loads(message) | {"timestamp": 0} == {
        "timestamp": 0,
        "DATE": "H260319062210",
        "PRM": 12345678901234,
        "DPM1": 0,
        "DPM1_HORODATE": " 230213060000",
        "FPM1": 0,
        "FPM1_HORODATE": " 230213220000",
    }
