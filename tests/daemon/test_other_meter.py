"""Two meters under one base topic: a daemon notices the other meter, and only that."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teleinfo.daemon.other_meter import OtherMeter, _fingerprint
from teleinfo.port.health import STALE_AFTER, Health, encode
from tests.daemon.test_several import frame
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

OWN = "041961123456"
OTHER = "041961987654"
HERE = Health(source="other", meter="7654", fingerprint=_fingerprint(OTHER))
"""A message of the other daemon, without a time."""


def digits(
    *messages: Health, is_retained: bool = False, pushed_out: bool = False, own: str | None = OWN
) -> str | None:
    """Return the last digits of the other meter after these messages."""

    async def seen() -> str | None:
        other = OtherMeter("teleinfo", is_private=False, is_pushed_out=lambda _: pushed_out)
        other.note_own(own)
        for message in messages:
            other.on_health(encode(message), is_retained=is_retained)
        return other.digits(asyncio.get_running_loop().time())

    return asyncio.run(seen())


def at(age: float, *, problem: str | None = None) -> Health:
    """Return a message of the other daemon that it published `age` seconds ago."""
    published = datetime.fromtimestamp(time.time() - age, UTC).isoformat(timespec="seconds")
    return replace(HERE, time=published, problem=problem)


def test_a_living_daemon_with_another_meter_is_noticed() -> None:
    """Another meter is one with another fingerprint: the last digits of two numbers may be the same."""
    same_digits = OWN[-4:]
    of_our_meter = replace(HERE, meter=same_digits, fingerprint=_fingerprint(OWN))
    of_another = replace(HERE, meter=same_digits)

    assert digits(HERE) == "7654"
    assert digits(of_our_meter) is None
    assert digits(of_another) == same_digits
    assert digits(HERE, own=None) is None


def test_a_daemon_that_says_that_it_stops_is_gone() -> None:
    """If a third daemon stops, the other one is still there."""
    assert digits(HERE, replace(HERE, problem="stopped")) is None
    assert digits(HERE, replace(HERE, source="third", problem="stopped")) == "7654"


def test_a_retained_message_counts_only_where_another_takes_the_connection() -> None:
    """Else it may be our own, of an earlier run: the meter was exchanged since."""
    assert digits(at(5), is_retained=True) is None
    assert digits(at(5), is_retained=True, pushed_out=True) == "7654"
    assert digits(at(5, problem="stopped"), is_retained=True, pushed_out=True) is None
    assert digits(at(STALE_AFTER + 5), is_retained=True, pushed_out=True) is None


def test_a_daemon_is_not_taken_in_by_its_own_messages() -> None:
    async def seen() -> str | None:
        other = OtherMeter("teleinfo", is_private=False, is_pushed_out=lambda _: True)
        other.note_own(OWN)
        echo = encode(replace(at(0), source=other.source, meter=other.own, fingerprint=other.fingerprint))
        other.note_own(OTHER)  # the meter was exchanged
        for is_retained in (False, True):
            other.on_health(echo, is_retained=is_retained)
        return other.digits(asyncio.get_running_loop().time())

    assert asyncio.run(seen()) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers() | st.floats(allow_nan=False) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [field.name for field in fields(Health)]


@example({"bad_groups_percent": 10**400})
@given(st.binary() | st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_anybody_may_publish_there(payload: bytes | dict[str, object]) -> None:
    """Whatever comes raises nothing; of what is taken for a number, the last four characters are shown."""

    async def seen() -> str | None:
        other = OtherMeter("teleinfo", is_private=False, is_pushed_out=lambda _: True)
        other.note_own(OWN)
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        other.on_health(text, is_retained=False)
        return other.digits(asyncio.get_running_loop().time())

    shown = asyncio.run(seen())
    assert shown is None or len(shown) <= 4


def test_a_private_number_is_not_published() -> None:
    other = OtherMeter("teleinfo", is_private=True, is_pushed_out=lambda _: False)
    other.note_own(OWN)

    assert other.own is None


@pytest.mark.real
@pytest.mark.parametrize("client_ids", [("one", "two"), ("one", "one")], ids=["two ids", "one id"])
def test_two_daemons_on_one_topic_say_so_once(tmp_path: Path, client_ids: tuple[str, str]) -> None:
    """In the log, in French, and in `health`, each with the last digits of both numbers and no more."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    with MosquittoBroker(tmp_path) as broker, Meter(frame(OWN)) as first, Meter(frame(OTHER)) as second:
        daemons = [
            Daemon(folder, **settings_for(broker, meter.line), mqtt_client_id=client_id, language="fr")
            for folder, meter, client_id in zip(folders, (first, second), client_ids, strict=True)
        ]
        with daemons[0]:
            daemons[0].expect_log("un compteur est lu")
            with daemons[1]:
                said = "un autre compteur, dont le numéro finit par"
                for daemon in daemons:
                    daemon.expect_log(said)
                with Subscriber(broker.host, broker.port, "teleinfo/health") as subscriber:
                    while (health := json.loads(subscriber.expect("teleinfo/health").payload))[
                        "other_meter"
                    ] is None:
                        pass
        logs = [daemon.log for daemon in daemons]

    assert {health["meter"], health["other_meter"]} == {"3456", "7654"}
    for log in logs:
        assert log.count(said) == 1
        assert "3456" in log
        assert "7654" in log
        assert OWN not in log
        assert OTHER not in log


@pytest.mark.real
def test_a_number_too_large_for_a_float_ends_no_daemon(tmp_path: Path) -> None:
    """Another program publishes it on `health`: the daemon still takes the next message, and reads on."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(frame(OWN)) as meter,
        Subscriber(broker.host, broker.port, "teleinfo") as subscriber,
        Daemon(tmp_path, **settings_for(broker, meter.line)) as daemon,
    ):
        subscriber.expect("teleinfo")
        subscriber.publish("teleinfo/health", json.dumps({"bad_groups_percent": 10**400}).encode())
        subscriber.publish("teleinfo/health", encode(at(0)))
        daemon.expect_log("another meter, whose number ends in 7654")
        subscriber.expect("teleinfo")


@pytest.mark.real
def test_an_exchanged_meter_is_no_other_one(tmp_path: Path) -> None:
    """1. A daemon is killed; what the broker retains of it stays. 2. The meter is another one by then."""
    with MosquittoBroker(tmp_path) as broker, Meter(frame(OWN)) as meter:
        settings = settings_for(broker, meter.line)
        with Daemon(tmp_path, **settings) as daemon:
            with Subscriber(broker.host, broker.port, "teleinfo/health") as subscriber:
                while b'"meter":"3456"' not in subscriber.expect("teleinfo/health").payload:
                    pass
                daemon.kill()
                meter.frame = frame(OTHER)
                daemon.start()
                while b'"meter":"7654"' not in (last := subscriber.expect("teleinfo/health").payload):
                    pass
            log = daemon.log

    assert b'"other_meter":null' in last
    assert "another meter, whose number" not in log
