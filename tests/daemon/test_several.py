"""Several meters in one process: each has its own port, topics and connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real


def frame(number: str) -> bytes:
    """Return a frame of the meter of this number."""
    return with_parity(encode_frame(whole(ADCO=number, PAPP="00500")))


def daemon(folder: Path, files: Path) -> Daemon:
    """Return a daemon that reads the settings in this directory."""
    running = Daemon(folder)
    running.command[running.command.index("--env-file") + 1] = str(files)
    return running


def test_each_meter_has_its_own_port_topics_and_connection(tmp_path: Path) -> None:
    files = tmp_path / "meters"
    files.mkdir()
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(frame("012345678901")) as house,
        # By a link: another test may get the number of its pseudo-terminal once it is closed.
        Meter(frame("012345678902"), link=tmp_path / "port") as garage,
    ):
        for name, meter in (("house", house), ("garage", garage)):
            settings = settings_for(broker, meter.line) | {"mqtt_topic": name, "mqtt_client_id": name}
            lines = [f"TELEINFO_{key.upper()}={value}\n" for key, value in settings.items()]
            (files / f"{name}.env").write_text("".join(lines))
        with Subscriber(broker.host, broker.port) as subscriber, daemon(tmp_path, files) as running:
            assert b"012345678901" in subscriber.expect("house").payload
            assert b"012345678902" in subscriber.expect("garage").payload
            garage.line.close()
            running.expect_log("garage: no meter: ")
            subscriber.expect("house")
            status, _ = running.stop()
        with Subscriber(broker.host, broker.port, "+/status") as late:
            kept = late.retained()

    assert kept == {"house/status": b"offline", "garage/status": b"offline"}
    assert status == 0
