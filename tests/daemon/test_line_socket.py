"""The line while the daemon reads it: the commands read the same bytes, and nobody has to stop it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.process import LIMIT, Process
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

NUMBER = "041961123456"
FRAME = with_parity(encode_frame(whole(ADCO=NUMBER)))


def test_the_commands_read_the_line_beside_the_daemon(tmp_path: Path) -> None:
    """
    The daemon goes on.

    1. The daemon reads the port. 2. Each command shows the meter, from the same bytes. 3. Without a socket,
    the port belongs to another program, as before.
    """
    runtime = tmp_path / "teleinfo"
    runtime.mkdir()
    with (
        MosquittoBroker(tmp_path) as broker,
        Subscriber(broker.host, broker.port) as subscriber,
        Meter(FRAME) as meter,
    ):
        daemon = Daemon(tmp_path, **settings_for(broker, meter.line))
        environ = daemon.environ
        environ["RUNTIME_DIRECTORY"] = str(runtime)

        program = [sys.executable, "-m", "teleinfo"]

        def command(*words: str) -> str:
            with subprocess.Popen(
                [*program, *words], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as process:
                return process.communicate(timeout=3 * LIMIT)[0]

        with daemon:
            subscriber.expect("teleinfo/status", b"online")
            decode = Process([*program, "decode", meter.line.port], tmp_path / "decode.log", environ)
            watch = Process([*program, "watch"], tmp_path / "watch.log", environ)
            with decode, watch:
                doctor = command("doctor", "--json")
                decode.expect_log(NUMBER)
                watch.expect_log(NUMBER)
            command("record", "--seconds", "2", str(tmp_path / "line.tic"))
            # The daemon still publishes what comes.
            subscriber.drain()
            subscriber.expect("teleinfo")
            del environ["RUNTIME_DIRECTORY"]
            refused = command("decode", meter.line.port)
            log = daemon.log
    findings = json.loads(doctor)["findings"]
    verdicts = {finding["check"]: finding["verdict"] for finding in findings if finding["area"] == "line"}

    assert FRAME in (tmp_path / "line.tic").read_bytes()
    for check in ("mode", "groups", "parity", "wiring"):
        assert verdicts[check] == "ok"
    assert "another program reads the serial port" in refused
    assert "WARNING" not in log
