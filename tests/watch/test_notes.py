"""The last line of the screen: what is wrong and what to do, in the language of the reader."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.mqtt.config import Broker
from teleinfo.mqtt.errors import BrokerError, closed, explain, refused, silent
from teleinfo.port.errors import PortErrorKind
from teleinfo.port.link_status import NONSENSE_FIXED, NONSENSE_SEARCHING, SILENT_AFTER
from teleinfo.tic.labels import Mode
from teleinfo.watch import notes
from teleinfo.watch.notes import Ear, PortNotes

PORT = "/dev/ttyUSB0"
BROKER = Broker("broker.home", 1883, "teleinfo-watch-1")
OPEN = Ear(connected=True, trouble=None, mode=None, baudrate=1200, count=0, heard=None)

EARS = st.builds(
    Ear,
    connected=st.booleans(),
    trouble=st.none() | st.sampled_from(PortErrorKind),
    mode=st.none() | st.sampled_from(Mode),
    baudrate=st.sampled_from((1200, 9600)),
    count=st.integers(0, 1000),
    heard=st.none() | st.floats(0, 1000),
)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speak English, whatever the machine speaks."""
    monkeypatch.setenv("LC_ALL", "C")


@given(st.booleans(), st.lists(st.tuples(EARS, st.floats(0, 60)), max_size=20))
def test_there_is_always_something_to_say(fixed: bool, story: list[tuple[Ear, float]]) -> None:  # noqa: FBT001 - drawn
    """Whatever happens to the port, in whatever order: one line."""
    port_notes, now = PortNotes(PORT, fixed=fixed), 0.0
    for ear, seconds in story:
        now += seconds
        said = port_notes.note(ear, now=now)

        assert said
        assert "\n" not in said
        assert "{" not in said


@pytest.mark.parametrize("trouble", PortErrorKind)
def test_every_trouble_of_the_port_names_it_and_the_doctor(trouble: PortErrorKind) -> None:
    """Each has its own words, the port in them, and where to find out more."""
    ear = dataclasses.replace(OPEN, connected=False, trouble=trouble)
    said = PortNotes(PORT, fixed=False).note(ear, now=0)

    assert PORT in said
    assert said.endswith("teleinfo doctor")


def test_a_port_that_the_service_reads_is_watched_by_way_of_the_broker() -> None:
    """Two readers would each get a part of the bytes."""
    ear = dataclasses.replace(OPEN, connected=False, trouble=PortErrorKind.BUSY)

    assert "teleinfo watch --mqtt" in PortNotes(PORT, fixed=False).note(ear, now=0)


def test_a_line_that_is_dead_is_told_with_for_how_long() -> None:
    """The wires, before the first frame; afterwards it may be the meter."""
    port_notes = PortNotes(PORT, fixed=False)
    first = port_notes.note(OPEN, now=100.0)
    dead = port_notes.note(OPEN, now=100.0 + SILENT_AFTER)
    port_notes.note(dataclasses.replace(OPEN, count=1), now=120.0)
    again = port_notes.note(dataclasses.replace(OPEN, count=1, heard=120.0, mode=Mode.HISTORIQUE), now=132.0)

    assert first == "listening for a meter at 1200 baud"
    assert dead == ("no byte from the meter for 10 s: check its wires (terminals I1 and I2) and the adapter")
    assert again.startswith("no byte from the meter for 12 s: it may be interrupted")


@pytest.mark.parametrize(("fixed", "patience"), [(True, NONSENSE_FIXED), (False, NONSENSE_SEARCHING)])
def test_bytes_without_sense_are_told_after_a_while(fixed: bool, patience: float) -> None:  # noqa: FBT001 - a case
    """As in the log: later where the speed is searched; a sound frame ends it."""
    port_notes = PortNotes(PORT, fixed=fixed)
    said = [
        port_notes.note(dataclasses.replace(OPEN, count=int(second)), now=second)
        for second in (0.0, patience - 1, patience)
    ]
    heard = dataclasses.replace(OPEN, count=1000, mode=Mode.STANDARD, baudrate=9600, heard=patience + 1)

    assert ["none makes sense" in one for one in said] == [False, False, True]
    assert port_notes.note(heard, now=patience + 1) == "reading a meter in mode standard at 9600 baud"


def test_the_time_without_a_port_is_no_silence() -> None:
    """A port that comes back is listened to anew."""
    port_notes = PortNotes(PORT, fixed=False)
    port_notes.note(OPEN, now=0.0)
    port_notes.note(dataclasses.replace(OPEN, connected=False, trouble=PortErrorKind.GONE), now=5.0)

    assert port_notes.note(OPEN, now=500.0) == "listening for a meter at 1200 baud"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (explain(ConnectionRefusedError(), BROKER), "nothing listens at broker.home:1883"),
        (refused(BROKER, 0x87), "TELEINFO_MQTT_USERNAME=, TELEINFO_MQTT_PASSWORD="),
        (refused(BROKER, 0x88), "not available"),
        (silent(), "does not answer"),
        (closed(), "closed the connection"),
        (BrokerError(notes.NOT_READABLE, ""), "read the topic teleinfo/status"),
    ],
)
def test_what_keeps_from_the_broker_is_told_as_the_doctor_tells_it(error: BrokerError, words: str) -> None:
    """What was seen, what to do, what to type."""
    assert words in notes.no_broker(error, BROKER, "teleinfo/status")


def test_the_reader_is_spoken_to_in_french(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the locale is French."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    ear = dataclasses.replace(OPEN, mode=Mode.STANDARD, baudrate=9600)

    assert (
        PortNotes(PORT, fixed=True).note(ear, now=0) == "lecture d’un compteur en mode standard à 9600 bauds"
    )
    assert notes.connected(BROKER) == "connecté au broker à broker.home:1883"
