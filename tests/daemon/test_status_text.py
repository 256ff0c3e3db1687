"""`systemctl status` tells a household how it goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from teleinfo.daemon.status_text import LinkStatus, status_text
from teleinfo.port.errors import PortErrorKind
from teleinfo.tic.labels import Mode

WELL = LinkStatus(
    connected=True,
    trouble=None,
    mode=Mode.HISTORIQUE,
    baudrate=1200,
    online=True,
    frames=4321,
    last_frame=1.4,
    bad_share=0.0004,
    broker="localhost:1883",
    broker_connected=True,
)


@pytest.mark.parametrize(
    ("situation", "words"),
    [
        (
            WELL,
            (
                "mode historique at 1200 baud; 4321 frames, the last 1 s ago; 0.0% of the groups bad; "
                "connected to the broker at localhost:1883"
            ),
        ),
        (
            replace(WELL, online=False, last_frame=3725, broker_connected=False, bad_share=0.25),
            (
                "mode historique at 1200 baud; the meter is silent, 4321 frames, the last 1 h 02 min ago; "
                "25.0% of the groups bad; no connection to the broker at localhost:1883"
            ),
        ),
        (
            replace(WELL, mode=None, baudrate=9600, online=False, last_frame=None, bad_share=None),
            "listening for a meter at 9600 baud; no frame yet; connected to the broker at localhost:1883",
        ),
        (
            replace(WELL, connected=False, mode=None, online=False, last_frame=None, bad_share=None),
            "opening the serial port; no frame yet; connected to the broker at localhost:1883",
        ),
    ],
    ids=["well", "away", "searching", "starting"],
)
def test_a_situation_has_its_words(situation: LinkStatus, words: str) -> None:
    """The port, the meter, the quality of the line, the broker: in this order, in one line."""
    assert status_text(situation) == words


@pytest.mark.parametrize("trouble", PortErrorKind)
def test_every_trouble_of_the_port_has_its_words(trouble: PortErrorKind) -> None:
    """Where there is no port, the line begins with why."""
    words = status_text(replace(WELL, connected=False, trouble=trouble))

    assert "port" in words.partition(";")[0]
    assert "baud" not in words
