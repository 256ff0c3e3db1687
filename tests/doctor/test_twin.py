"""Another program with the client id of the service: what the doctor makes of the service's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.finding import Severity
from tests.doctor.machine_tree import Tree, case_of, findings_of
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.notify import NotifySocket
from tests.support.person import FRAME

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.doctor.finding import Finding

pytestmark = pytest.mark.real

PUSHED_OUT = {"fr": "est perdu sans cesse", "en": "is lost again and again"}
CONNECTED = {"fr": "connecté au broker", "en": "connected to the broker"}
SOON = "from teleinfo.mqtt import publisher\npublisher.STABLE_AFTER, publisher.PUSHED_OUT_SHOWN = 6.0, 3.0"
"""The service says after 3 s without a loss that all is well again, in place of 60."""


def examine(tree: Tree, broker: MosquittoBroker, heard: NotifySocket) -> dict[str, Finding]:
    """Return the findings on the broker, where systemctl shows the last line of status of the service."""
    status = [text.removeprefix("STATUS=") for text in heard.heard if text.startswith("STATUS=")][-1]
    tree.program("systemctl", "LoadState=loaded", "ActiveState=active", f"StatusText={status}")
    case = case_of(tree.machine, mqtt_host=broker.host, mqtt_port=broker.port)
    return findings_of("broker", case)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_twin_is_named_while_it_is_there_and_no_longer(tmp_path: Path, language: str, version: str) -> None:
    """In MQTT 3.1.1, as with mosquitto 2.0.11 in MQTT 5, the broker gives no reason for the loss."""
    tree = Tree(tmp_path / "machine")
    tree.file("/run/systemd/system/.here")
    tree.program("journalctl", "-- No entries --")
    twin_folder = tmp_path / "twin"
    twin_folder.mkdir()
    with MosquittoBroker(tmp_path) as broker, Meter(FRAME) as meter, NotifySocket(watchdog=60.0) as heard:
        common = {"language": language, "mqtt_version": version, "mqtt_client_id": "teleinfo-pi"}
        daemon = Daemon(tmp_path, SOON, **settings_for(broker, meter.line), **common)
        daemon.environ |= heard.environ
        where = {"serial_port": "/dev/null/none", "mqtt_host": broker.host, "mqtt_port": broker.port}
        with daemon:
            heard.expect(CONNECTED[language])
            well = examine(tree, broker, heard)
            with Daemon(twin_folder, **where, **common, mqtt_topic="other"):
                lost = heard.expect(PUSHED_OUT[language])
                pushed_out = examine(tree, broker, heard)
            heard.expect(CONNECTED[language], after=lost)
            over = examine(tree, broker, heard)
            log = daemon.log

    assert well["login"].severity is over["login"].severity is Severity.OK
    assert pushed_out["login"].severity is Severity.FAULT
    assert "TELEINFO_MQTT_CLIENT_ID" in pushed_out["login"].commands[0]
    assert "teleinfo-pi" in log
    assert len(log.splitlines()) < 10, log
