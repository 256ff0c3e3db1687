"""`teleinfo run` as a whole: a real process between a pseudo-terminal and a real mosquitto."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.tic.labels import Mode
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import historique, values_of, whole
from tests.support.parts import part_of
from tests.support.process import LIMIT
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real


SAMPLE = whole(OPTARIF="HC..", BASE="", HCHC="000019212", HCHP="000068306", PTEC="HP..", HHPHC="A")
SAMPLE_JSON = (
    b'{"ADCO":"012345678901","OPTARIF":"HC","ISOUSC":"45","HCHC":"000019212","HCHP":"000068306",'
    b'"PTEC":"HP","IINST":"008","IMAX":"090","PAPP":"01940","HHPHC":"A","MOTDETAT":"000000"}'
)
STANDARD = whole(Mode.STANDARD, NGTF="TEMPO".ljust(16), LTARF="   HP  BLEU     ")
STANDARD_JSON = json.dumps(
    values_of(Mode.STANDARD, NGTF="TEMPO", LTARF="HP  BLEU"), separators=(",", ":")
).encode()
FRAME = with_parity(encode_frame(SAMPLE))
# Of a three-phase meter, and of one in overrun.
CURRENTS = {f"IINST{phase}": "008" for phase in (1, 2, 3)} | {f"IMAX{phase}": "060" for phase in (1, 2, 3)}
THREE_PHASE = whole(ISOUSC="20", IINST="", IMAX="", PMAX="06030", PAPP="05640", PPOT="00", **CURRENTS)
IN_OVERRUN = {"ADIR2": "023", "ADCO": "012345678901"} | {f"IINST{phase}": "023" for phase in (1, 2, 3)}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """Return a broker that lets everybody in and has nothing retained."""
    with MosquittoBroker(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (with_parity(encode_frame(SAMPLE)), SAMPLE_JSON),
        (encode_frame(SAMPLE), SAMPLE_JSON),
        (with_parity(encode_frame(STANDARD)), STANDARD_JSON),
    ],
    ids=["historique with parity", "historique stripped", "standard with horodates"],
)
def test_a_frame_is_published_as_the_contract_says(
    broker: MosquittoBroker, tmp_path: Path, frame: bytes, expected: bytes
) -> None:
    """One message a frame on topic `teleinfo`, byte for byte, QoS 1, not retained."""
    with Subscriber(broker.host, broker.port, "teleinfo") as subscriber, Meter(frame) as meter:
        with Daemon(tmp_path, **settings_for(broker, meter.line)):
            received = subscriber.expect("teleinfo")

    assert (received.payload, received.qos, received.retain) == (expected, 1, False)


def test_the_broker_keeps_the_last_full_frame(broker: MosquittoBroker, tmp_path: Path) -> None:
    """With MQTT_RETAIN a short frame is published, and not retained: whoever comes later gets the index."""
    short = with_parity(encode_frame(historique(label, value) for label, value in IN_OVERRUN.items()))
    with (
        Subscriber(broker.host, broker.port, "teleinfo") as subscriber,
        Meter(with_parity(encode_frame(THREE_PHASE))) as meter,
        Daemon(tmp_path, **settings_for(broker, meter.line), mqtt_retain="true"),
    ):
        full = subscriber.expect("teleinfo").payload
        meter.frame = short
        for _ in range(3):
            subscriber.expect("teleinfo", predicate=lambda message: json.loads(message.payload) == IN_OVERRUN)
        with Subscriber(broker.host, broker.port, "teleinfo") as late:
            retained = late.retained()

    assert retained == {"teleinfo": full}


def test_a_signal_to_stop_publishes_offline_and_ends_with_0(broker: MosquittoBroker, tmp_path: Path) -> None:
    with Meter(FRAME) as meter, Daemon(tmp_path, **settings_for(broker, meter.line)) as daemon:
        with Subscriber(broker.host, broker.port, "teleinfo/status") as subscriber:
            subscriber.expect("teleinfo/status", b"online")
            status, seconds = daemon.stop()
        with Subscriber(broker.host, broker.port, "teleinfo/+") as late:
            kept = late.retained()

    assert status == 0, daemon.log
    assert seconds < 5
    assert kept["teleinfo/status"] == b"offline"
    health = json.loads(kept["teleinfo/health"])
    assert (health["line_quality"], health["problem"]) == ("silent", "stopped")
    assert "Traceback" not in daemon.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_the_daemon_loads_ends_with_0(number: signal.Signals) -> None:
    """Its libraries take a second and more on a small board."""
    program = (
        "import os, sys\n"
        "from teleinfo.__main__ import main\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == 'pydantic_core': os.kill(os.getpid(), {number.value})\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "sys.exit(main(['--env-file', os.devnull, 'run']))"
    )
    assert outcome(program) == (0, b"", b"")


def outcome(program: str, *words: str) -> tuple[int, bytes, bytes]:
    """Run a program of Python, and return its exit status and what it wrote."""
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, capture_output=True, check=False, timeout=LIMIT)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("words", "status"), [((), 0), (("run",), 0), (("decode",), -signal.SIGTERM)])
def test_a_signal_before_the_command_is_known_is_not_lost(words: tuple[str, ...], status: int) -> None:
    """It waits, and then means what it means to that command."""
    program = (
        "import os, signal, sys\n"
        "from teleinfo.__main__ import main\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    assert outcome(program, *words) == (status, b"", b"")


def test_nohup_lets_it_go_on_when_the_terminal_is_closed(broker: MosquittoBroker, tmp_path: Path) -> None:
    """A SIGHUP that was ignored when the daemon began stays ignored."""
    with Subscriber(broker.host, broker.port, "teleinfo") as subscriber, Meter(FRAME) as meter:
        daemon = Daemon(tmp_path, **settings_for(broker, meter.line))
        daemon.command[:0] = ["nohup"]
        with daemon:
            subscriber.expect("teleinfo")
            daemon.process.send_signal(signal.SIGHUP)
            for _ in range(5):
                subscriber.expect("teleinfo")

            assert daemon.stop()[0] == 0


@pytest.mark.parametrize(
    "words",
    part_of(
        [("--homeassistant",), ("--state-topics", "true"), ("--metrics-file", "/run/teleinfo.prom")],
        played=[("--homeassistant",)],
    ),
    ids=lambda words: str(words[0]),
)
def test_what_is_made_of_the_state_is_refused_beside_readings_alone(words: tuple[str, ...]) -> None:
    """The sentence is in French, the default; systemd does not start the service again on this status."""
    program = "import sys\nfrom teleinfo.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    status, output, said = outcome(
        program, "run", "--env-file", os.devnull, "--state", "false", *words, "--language", "fr"
    )
    variable = f"TELEINFO_{words[0].removeprefix('--').replace('-', '_').upper()}"

    assert (status, output) == (78, b"")
    head, line = said.decode().replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert head == "teleinfo n’a pas démarré : ses réglages en sont la cause."
    assert line == (
        f"  {variable} : se fait à partir de l’état, que TELEINFO_STATE=false désactive ; "
        "retirez l’un des deux réglages"
    )
