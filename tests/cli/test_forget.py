"""`teleinfo forget` removes what the broker retains of a meter, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_run import FRAME
from tests.support.broker import MosquittoBroker
from tests.support.command import run_forked
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.parts import part_of
from tests.support.process import LIMIT
from tests.support.subscriber import Subscriber

pytestmark = pytest.mark.real

OTHERS = {
    "other/status": b"online",
    "homeassistant/device/teleinfo_041961000000/config": b'{"stat_t":"teleinfo/garage/state"}',
    "homeassistant/sensor/0x01/config": b'{"state_topic":"zigbee2mqtt/0x01"}',
    "homeassistant/sensor/broken/config": b"{",
}


def forget(
    settings: dict[str, object], *, is_typed: bool = False, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command with these settings; if it `is_typed`, as a process of its own."""
    environ = {f"TELEINFO_{name.upper()}": str(value) for name, value in settings.items()}
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TELEINFO_LANGUAGE": "en"} | environ | more
    words = ["--env-file", os.devnull, "forget"]
    if not is_typed:
        return run_forked(words, environ=environ, folder=Path.cwd())
    return subprocess.run(
        [sys.executable, "-m", "teleinfo", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
        env=environ,
    )


def kept(broker: MosquittoBroker) -> set[str]:
    """Return the topics that the broker retains."""
    with Subscriber(broker.host, broker.port) as late:
        return set(late.retained())


@pytest.mark.parametrize("form", part_of(("device", "components"), played=("device",)))
def test_what_is_retained_of_the_meter_is_removed_and_nothing_else(tmp_path: Path, form: str) -> None:
    with MosquittoBroker(tmp_path) as broker, Meter(FRAME) as meter:
        settings = settings_for(broker, meter.line) | {"homeassistant": True, "state_topics": True}
        settings |= {"homeassistant_discovery": form}
        with Subscriber(broker.host, broker.port) as subscriber, Daemon(tmp_path, **settings) as daemon:
            subscriber.expect("teleinfo/status", b"online")
            subscriber.expect("teleinfo")
            for topic, payload in OTHERS.items():
                subscriber._client.publish(topic, payload, retain=True).wait_for_publish(LIMIT)
            running = forget(settings)
            daemon.stop()
        before = kept(broker)
        done = forget(settings, is_typed=True)
        after = kept(broker)
        again = forget(settings, TELEINFO_LANGUAGE="fr")

    assert (running.returncode, running.stdout) == (1, "")
    assert "teleinfo/status is online: stop teleinfo first" in running.stderr
    assert {"teleinfo/state", "teleinfo/state/tariff/name", "teleinfo/health"} <= before
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.splitlines()[:-1]) == before - OTHERS.keys()
    assert done.stdout.splitlines()[-1] == f"{len(before - OTHERS.keys())} topics are cleared"
    assert after == OTHERS.keys()
    assert (again.returncode, again.stdout) == (0, "0 topic est effacé\n")


UPPER = {
    "teleinfo/status": b"offline",
    "teleinfo/health": b"{}",
    "teleinfo/state/tariff/name": b"HC",
}
LOWER = {
    "teleinfo/state/cave/status": b"offline",
    "teleinfo/state/cave/health": b"{}",
    "teleinfo/state/cave/state": b"{}",
    "teleinfo/state/cave/state/tariff/name": b"HP",
}
SHARED = {"teleinfo/state/cave": b'{"ADCO":"012345678901"}'}
"""A topic below the state of the one meter, and the readings of the other if they are retained."""


@pytest.mark.parametrize(
    ("topic", "own", "others", "sentence"),
    [
        (
            "teleinfo",
            UPPER,
            LOWER,
            "teleinfo/state/cave and the topics below it stay: they are those of another meter\n",
        ),
        (
            "teleinfo/state/cave",
            LOWER,
            UPPER,
            "teleinfo/state/cave stays: the meter of teleinfo publishes there, too\n",
        ),
    ],
)
def test_what_another_meter_has_among_these_topics_stays(
    tmp_path: Path, topic: str, own: dict[str, bytes], others: dict[str, bytes], sentence: str
) -> None:
    """Two services may have such topics: each knows its own settings alone. With one left, all can go."""
    with MosquittoBroker(tmp_path) as broker:
        settings = {"mqtt_host": broker.host, "mqtt_port": broker.port, "mqtt_topic": topic}
        with Subscriber(broker.host, broker.port, "nothing") as publisher:
            for each, payload in (own | others | SHARED).items():
                publisher._client.publish(each, payload, qos=1, retain=True).wait_for_publish(LIMIT)
        done = forget(settings)
        after = kept(broker)
        of_other = "teleinfo" if topic != "teleinfo" else "teleinfo/state/cave"
        alone = forget(settings | {"mqtt_topic": of_other})
        at_last = kept(broker)

    assert (done.returncode, done.stderr) == (0, sentence)
    assert set(done.stdout.splitlines()[:-1]) == own.keys()
    assert after == others.keys() | SHARED.keys()
    assert (alone.returncode, alone.stderr, at_last) == (0, "", set())


def test_everything_is_removed_however_much_it_is(tmp_path: Path) -> None:
    """Three times as many as mosquitto queues for one client, and six times as many as may wait here."""
    topics = {f"teleinfo/state/field{number}" for number in range(3000)}
    with MosquittoBroker(tmp_path) as broker:
        with Subscriber(broker.host, broker.port, "nothing") as publisher:
            sent = [publisher._client.publish(topic, b"1", qos=1, retain=True) for topic in topics]
            for message in sent:
                message.wait_for_publish(LIMIT)
        done = forget({"mqtt_host": broker.host, "mqtt_port": broker.port})
        left = kept(broker)

    assert left == set()
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "3000 topics are cleared"


@pytest.mark.parametrize(
    ("version", "said"), [("5", "the broker does not let this user publish"), ("3.1.1", "is still there")]
)
def test_what_cannot_be_removed_is_said(tmp_path: Path, version: str, said: str) -> None:
    """A broker that does not let this user write says so in MQTT 5 and nothing in 3.1.1; exit status 1."""
    access = tmp_path / "acl"
    access.write_text("user writer\ntopic readwrite #\nuser reader\ntopic read #\n")
    users = {"writer": "w", "reader": "r"}
    with MosquittoBroker(tmp_path, users=users, more=[f"acl_file {access}"]) as broker:
        with Subscriber(broker.host, broker.port, username="writer", password="w") as writer:
            writer._client.publish("teleinfo/status", b"offline", qos=1, retain=True).wait_for_publish(LIMIT)
        reader = {"mqtt_username": "reader", "mqtt_password": "r", "mqtt_version": version}
        done = forget({"mqtt_host": broker.host, "mqtt_port": broker.port} | reader)

    assert done.returncode == 1
    assert said in done.stderr
