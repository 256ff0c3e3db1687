"""The configuration of a broker in docs/operations.md does what the page says, on a real mosquitto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.markdown import PAGES, blocks
from tests.support.broker import MosquittoBroker
from tests.support.process import LIMIT
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPERATIONS = PAGES["operations.md"]
PASSWORDS = {"paris-12": "a secret", "lyon-3": "another", "collector": "a third", "paris": "secret"}


def configuration(mark: str) -> str:
    """Return the block of the broker's configuration that has this word."""
    [block] = [block for block in blocks(OPERATIONS, "conf") if mark in block]
    return block


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """Return a broker with the rules of the page, and a login for two machines and the collector."""
    rules = tmp_path / "teleinfo.acl"
    rules.write_text(configuration("pattern readwrite"), encoding="utf-8")
    rules.chmod(0o600)
    with MosquittoBroker(tmp_path, users=PASSWORDS, more=[f"acl_file {rules}"]) as broker:
        yield broker


def login(broker: MosquittoBroker, user: str, topics: str = "teleinfo/#") -> Subscriber:
    """Return a client of this user that subscribes to these topics."""
    return Subscriber(broker.host, broker.port, topics, username=user, password=PASSWORDS[user])


def send(client: Subscriber, topic: str, payload: bytes, *, retain: bool = False) -> None:
    """Publish, and return once the broker has acknowledged it: it does so whatever its rules."""
    client._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(LIMIT)


@pytest.mark.real
def test_each_login_has_its_own_rights(fleet: MosquittoBroker) -> None:
    with (
        login(fleet, "collector") as collector,
        login(fleet, "paris-12") as paris,
        login(fleet, "lyon-3") as lyon,
    ):
        for topic in ("teleinfo/lyon-3", "teleinfo/lyon-3/status", "teleinfo"):
            send(paris, topic, b"from paris")
        send(collector, "teleinfo/lyon-3", b"from the collector")
        send(lyon, "teleinfo/lyon-3", b"from lyon")
        send(paris, "teleinfo/paris-12/health", b"from paris")
        heard = [client.messages.get(timeout=LIMIT) for client in (lyon, paris, collector, collector)]

        assert [(one.topic, one.payload) for one in heard] == [
            ("teleinfo/lyon-3", b"from lyon"),
            ("teleinfo/paris-12/health", b"from paris"),
        ] * 2


@pytest.mark.real
def test_the_bridge_takes_all_to_the_centre_and_tells_of_itself(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    state = "$SYS/broker/connection/paris-bridge/state"
    assert f"`{state}`" in OPERATIONS
    with MosquittoBroker(tmp_path, users={"paris": PASSWORDS["paris"]}) as centre:
        bridge = [
            line.replace("broker.example:8883", f"{HOST}:{centre.port}")
            for line in configuration("connection ").splitlines()
            if not line.startswith("bridge_cafile")  # the centre of the test has no certificate
        ]
        with (
            MosquittoBroker(tmp_path / "site", more=bridge) as site,
            login(centre, "paris") as heard,
            login(centre, "paris", state) as states,
        ):
            states.expect(state, b"1")
            with Subscriber(site.host, site.port) as kitchen:
                send(kitchen, "teleinfo/kitchen/status", b"online", retain=True)
            heard.expect("teleinfo/kitchen/status", b"online")
            site.stop()
            states.expect(state, b"0")
