"""What the topics of the daemon become on the model."""

from __future__ import annotations

import pytest

from teleinfo.live import feeds
from teleinfo.live.feeds import reading_of
from teleinfo.live.model import LiveModel
from teleinfo.mqtt.config import Topics
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading


def test_a_message_becomes_its_reading_again() -> None:
    payload = b'{"timestamp":1,"ADSC":"041961123456","SMAXSN":2740,"SMAXSN_HORODATE":"E220609060531"}'

    assert reading_of(payload, mode=Mode.STANDARD) == Reading(
        Mode.STANDARD,
        {"ADSC": "041961123456", "SMAXSN": "2740", "SMAXSN_HORODATE": "E220609060531"},
    )


def test_a_reading_that_the_broker_kept_is_none() -> None:
    """Its age is not known: after a silence of hours it would be a reading of now."""
    model = LiveModel(patience=None)
    topics = Topics("teleinfo")
    feeds._take(model, topics, topics.readings, b'{"PAPP":"00100"}', retained=True)

    assert (model.heard, model.rows()) == (None, [])


@pytest.mark.parametrize(
    ("payload", "mode"),
    [(b'{"ADCO":"1","PAPP":"00100"}', Mode.HISTORIQUE), (b'{"SINSTS":"00100"}', Mode.STANDARD)],
)
def test_while_the_mode_is_not_known_it_follows_from_the_labels(payload: bytes, mode: Mode) -> None:
    """A reading may come before `health`."""
    reading = reading_of(payload, mode=None)

    assert reading is not None
    assert reading.mode is mode


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\xff", b"[1]", b"{}", b'{"timestamp":1}', b"7", b"[" * 200_000, b'{"PAPP":' * 5000,
        b'{"PAPP":{},"PTEC":[],"HCHC":null,"HCHP":true}',
    ],
    ids=lambda payload: payload[:12].decode(errors="replace"),
)  # fmt: skip
def test_what_is_no_reading_is_none(payload: bytes) -> None:
    assert reading_of(payload, mode=None) is None
