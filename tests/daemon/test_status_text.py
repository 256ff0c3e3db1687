"""`systemctl status` tells a household how it goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from teleinfo.daemon.monitor import status_text
from teleinfo.port.errors import PortError
from teleinfo.port.link_status import LinkStatus
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Message

NOW = 10_000.0
WELL = LinkStatus(
    url="/dev/ttyUSB0",
    baudrate=1200,
    searching=True,
    connected=True,
    mode=Mode.HISTORIQUE,
    last_frame=NOW - 1.4,
    last_sound=NOW - 1.4,
)
AWAY = replace(WELL, last_frame=NOW - 3725, last_sound=NOW - 3725)
SEARCHING = replace(WELL, mode=None, baudrate=9600, last_frame=None)
BROKER = "connected to the broker at localhost:1883"


@pytest.mark.parametrize(
    ("link", "bad_share", "words"),
    [
        (WELL, 0.0004, "mode historique at 1200 baud; 4321 frames, the last 1 s ago; 0.0% of the groups bad"),
        (
            AWAY,
            0.25,
            (
                "mode historique at 1200 baud; the meter is silent, 4321 frames, the last 1 h 02 min ago; "
                "25.0% of the groups bad"
            ),
        ),
        (SEARCHING, None, "listening for a meter at 9600 baud; no frame yet"),
        (replace(SEARCHING, connected=False), None, "opening the serial port; no frame yet"),
        (replace(WELL, baudrate=None), None, "mode historique; 4321 frames, the last 1 s ago"),
        (replace(SEARCHING, baudrate=None), None, "listening for a meter; no frame yet"),
    ],
    ids=["well", "away", "searching", "starting", "bridge", "silent bridge"],
)
def test_each_state_of_the_line_has_its_words(link: LinkStatus, bad_share: float | None, words: str) -> None:
    """The port, the meter, the quality of the line, the broker: in this order, in one line."""
    text = status_text(
        link, now=NOW, frames=4321, bad_share=bad_share, broker="localhost:1883", broker_connected=True
    )

    assert text == f"{words}; {BROKER}"


def test_a_broker_that_is_away_is_said() -> None:
    """At the end of the line."""
    text = status_text(
        WELL, now=NOW, frames=1, bad_share=None, broker="localhost:1883", broker_connected=False
    )

    assert text.endswith("; no connection to the broker at localhost:1883")


@pytest.mark.parametrize("kind", PortErrorKind)
def test_every_fault_of_the_port_has_its_words(kind: PortErrorKind) -> None:
    """Where there is no port, the line begins with why."""
    link = replace(WELL, connected=False, error=PortError(kind, Message("no port")))
    text = status_text(link, now=NOW, frames=1, bad_share=None, broker="", broker_connected=True)

    assert "port" in text.partition(";")[0]
    assert "baud" not in text
