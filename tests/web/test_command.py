"""`teleinfo web` as a whole: from the port, from a real mosquitto."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from argparse import Namespace
from pathlib import Path

import pytest

from teleinfo.history.chronicle import MAX_METERS
from teleinfo.history.store import Store
from teleinfo.settings.checks import Address
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.tic.labels import Group, Mode
from teleinfo.web import command
from teleinfo.web.hosts import listen
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.person import HC
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import free_port
from tests.web.process import PageProcess


@pytest.mark.real
def test_a_page_shows_the_meter_at_the_port(tmp_path: Path, meter: Meter) -> None:
    """1. It says where it is. 2. The power is there, and the next one. 3. SIGTERM: it is in the history."""
    with PageProcess(tmp_path, serial_port=meter.line.port) as page:
        page.show('"figure":"1 940"')
        meter.frame = with_parity(encode_frame([Group("PAPP", "02740", None, Mode.HISTORIQUE)]))
        page.show('"figure":"2 740"')
        page.expect_log("reading a meter in mode historique at 1200 baud")

        assert page.stop()[0] == 0
        with contextlib.closing(Store(tmp_path / "history/teleinfo.sqlite")) as store:
            store.write([], now=0)
            with store.copy.reading() as base:
                assert base.execute("SELECT * FROM power").fetchall()
        assert page.log.startswith(f"The page is at http://127.0.0.1:{page.port}/ (Ctrl-C: quit).\n")
        assert "Traceback" not in page.log


@pytest.mark.real
def test_a_page_shows_the_meters_of_several_settings_files(tmp_path: Path, meter: Meter) -> None:
    """1. Two daemons. 2. One page shows both meters, below the token of one file. 3. Each has a history."""
    solar = with_parity(encode_frame(whole(**HC | {"ADCO": "041961654321"}, PAPP="00200")))
    files = [tmp_path / "house.env", tmp_path / "solar.env"]
    for name in ("broker", "house", "solar"):
        (tmp_path / name).mkdir()
    with (
        MosquittoBroker(tmp_path / "broker") as broker,
        Meter(solar) as other,
        contextlib.ExitStack() as stack,
    ):
        for file, each in zip(files, (meter, other), strict=True):
            own = settings_for(broker, each.line) | {"mqtt_topic": file.stem, "mqtt_client_id": file.stem}
            stack.enter_context(Daemon(tmp_path / file.stem, **own))
            lines = [f"TELEINFO_MQTT_TOPIC={file.stem}", f"TELEINFO_MQTT_PORT={broker.port}"]
            file.write_text("\n".join(lines) + "\n")
        files[1].write_text(files[1].read_text() + "TELEINFO_WEB_TOKEN=0123456789abcdef\n")
        page = PageProcess(tmp_path, "--mqtt", "--env-file", str(tmp_path))
        page.command.remove(os.devnull)
        page.command.remove("--env-file")
        with page:
            page.show('"figure":"1 940"', "0123456789abcdef/events")
            page.show('"figure":"200"', "0123456789abcdef/events?meter=solar")
            assert page.stop()[0] == 0
    for file, number in zip(files, ("041961123456", "041961654321"), strict=True):
        with contextlib.closing(Store(tmp_path / f"history/{file.stem}.sqlite")) as store:
            store.write([], now=0)
            with store.copy.reading() as base:
                assert base.execute("SELECT name FROM meter").fetchall() == [(number,)]


@pytest.mark.real
@pytest.mark.long
def test_readings_of_other_meters_on_the_topic_lose_nothing_of_the_household(tmp_path: Path) -> None:
    """A daemon for some seconds, then seven hundred meters that nobody has, all within five minutes."""
    with MosquittoBroker(tmp_path) as broker, Subscriber(broker.host, broker.port, "none") as client:
        with PageProcess(tmp_path, "--mqtt", mqtt_host=broker.host, mqtt_port=broker.port) as page:
            page.expect_log("connected to the broker")
            assert re.search(r" as teleinfo-web-[0-9a-f]{8} ", broker.log), "the broker shows who connects"

            def send(meter: str, count: int) -> None:
                for number in range(count):
                    values = {"ADCO": meter, "PTEC": "TH..", "BASE": f"{1000 + number:09}", "PAPP": "00500"}
                    client.publish("teleinfo", json.dumps(values).encode())

            send("041961123456", 50)
            for number in range(1, 701):
                send(f"0{number:011}", 3)
                if number % 100 == 0:  # the broker drops what a client takes too slowly
                    page.show(f'"id":"0{number:011}"')
            assert page.stop()[0] == 0
    with contextlib.closing(Store(tmp_path / "history/teleinfo.sqlite")) as store:
        meters = store.write([], now=int(time.time()))
        assert "041961123456" in [name for name, *_times in meters]
        assert len(meters) <= MAX_METERS


def test_where_the_page_cannot_be_served_one_sentence_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address that cannot be had, or no aiohttp and what to install; the exit status is 1."""
    address = Address("127.0.0.1", free_port())
    arguments = Namespace(env_files=[Path(os.devnull)], mqtt=False, listen=address)
    with listen(address):
        assert command.main(arguments) == 1
    taken = capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    assert command.main(arguments) == 1
    missing = capsys.readouterr().err

    assert taken.startswith(f"The page cannot be served at {address}: another program listens there")
    assert "apt install python3-aiohttp" in missing
    assert missing.count("\n") == 1
