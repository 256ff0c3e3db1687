"""
Feeds of the live model: the serial port, read as the daemon reads it, or the broker where a daemon publishes.

`run` shows what they feed. They publish nothing. At the broker, the feed has a client id of its own and no
will. Anybody may have published the messages that it receives, so everything is checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, NoReturn

from teleinfo.common import event_loop, journal
from teleinfo.common.durations import delays
from teleinfo.common.i18n import N_, _
from teleinfo.common.untrusted_json import parse_object
from teleinfo.contract.price_source import PriceSource
from teleinfo.live import declared, sentences
from teleinfo.live.model import LiveModel
from teleinfo.mqtt.client import connect, for_command
from teleinfo.mqtt.config import OFFLINE, ONLINE, Broker, Topics
from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.port import health
from teleinfo.port.line_socket import line_of
from teleinfo.port.link_status import SILENT_AFTER
from teleinfo.port.reader import Reader
from teleinfo.port.search import candidates
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Mode
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from teleinfo.settings import Settings

STATUS_TIMEOUT: Final = 5.0
"""Seconds to wait for the topic `status`, which is retained and comes at once if it is readable."""

NOTHING_CAME: Final = N_(
    "nothing came on the topic {topic}: is teleinfo connected to this broker ({address}), under this topic, "
    "and may this user read it (a broker need not say that it refuses)?"
)

MAX_TEXT: Final = 128
"""Characters of a key or a value; the longest value of a meter has 98."""


async def read_port(settings: Settings, model: LiveModel) -> NoReturn:
    """Feed `model` from the meter at the serial port of `settings`, until cancelled."""
    decoder = Decoder(plausibility=settings.plausibility)
    quality = health.Quality()
    reader = Reader(
        url=line_of(settings.serial_port),
        baudrates=candidates(settings.serial_mode, settings.serial_baudrate),
        decoder=decoder,
        on_reading=model.on_reading,
    )
    link = reader.status
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reader.run(), name="teleinfo.watch.reader")
        while True:
            now = asyncio.get_running_loop().time()
            quality.sample(decoder.counts, now=now)
            known = health.Health(
                mode=link.mode,
                baudrate=link.baudrate,
                parity_checked=decoder.parity,
                problem=link.problem(now),
            )
            model.told_health = health.complete(known, decoder.counts, quality)
            model.set_note(sentences.port_note(link, now=now))
            await asyncio.sleep(1.0)


async def listen(settings: Settings, model: LiveModel, *, command: str) -> NoReturn:
    """
    Feed `model` from the daemon that publishes under the topics of `settings`, until cancelled.

    `command` is in the client id, by which the broker shows who is connected.
    """
    broker = for_command(settings.broker, command)
    topics = Topics(settings.mqtt_topic)
    new_delays = partial(delays, first=1.0, cap=30.0, rng=Random())  # noqa: S311 - spreads retries
    waits = new_delays()
    while True:
        try:
            await _receive(broker, topics, model)
        except BrokerError as error:
            if model.online is not None:
                waits = new_delays()  # it was connected: this is another outage
            model.online = None
            model.set_note(sentences.note(error.fault, N_("no connection: {why}"), why=error))
        await asyncio.sleep(next(waits))


async def _receive(broker: Broker, topics: Topics, model: LiveModel) -> None:
    """Receive messages until the connection is lost; raise `BrokerError`."""

    def note_nothing_came() -> None:
        if model.online is None:
            note = sentences.note("nothing", NOTHING_CAME, topic=topics.status, address=broker.address)
            model.set_note(note)

    async with connect(broker) as connection:
        for topic in (topics.status, topics.health, topics.readings):
            if not await connection.subscribe(topic):
                raise BrokerError(BrokerFault.NOT_READABLE, broker, topic=topic)
        await connection.subscribe(topics.state)  # which a daemon need not publish, and a user need not read
        template = N_("connected to the broker at {address}")
        model.set_note(sentences.note("connected", template, address=broker.address))
        waiting = asyncio.get_running_loop().call_later(STATUS_TIMEOUT, note_nothing_came)
        try:
            async for message in connection.messages():
                _take(model, topics, *message)
                model.changed.set()
        finally:
            waiting.cancel()


def _take(model: LiveModel, topics: Topics, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - as in the message
    """Add a message of the daemon to the model."""
    if topic == topics.status:
        if payload in {ONLINE, OFFLINE}:
            model.online = payload == ONLINE
    elif topic == topics.health:
        published = health.parse(payload)
        if published is None:
            return
        # Only a retained message can be stale; the clock of the daemon may differ from ours.
        if retained and health.is_stale(published, now=time.time()):
            return
        model.told_health = published
    elif topic == topics.state:
        model.remembered = declared.remembered(parse_object(payload))
    elif not retained:  # a reading that the broker kept may be of any time
        mode = None if model.health is None else model.health.mode
        reading = reading_of(payload, mode=mode)
        if reading is not None:
            model.on_reading(reading)


def reading_of(payload: bytes, *, mode: Mode | None) -> Reading | None:
    """
    Return the reading in a message of the base topic; None if the message holds no reading.

    A field is left out if its value is no text and no number, or is too long. `mode` is the mode in the topic
    `health`; if it is None, the mode follows from the labels.
    """
    values = {}
    for key, value in (parse_object(payload) or {}).items():
        if key == "timestamp":
            continue
        if type(value) not in {str, int, float}:  # True and False are no numbers here
            continue
        text = str(value)
        if len(key) <= MAX_TEXT and len(text) <= MAX_TEXT:
            values[key] = text
    if not values:
        return None
    return Reading(mode or _likely_mode(values), values)


def _likely_mode(keys: Iterable[str]) -> Mode:
    """Return the mode of which more of these keys of a reading are étiquettes."""
    labels = {key.removesuffix(HORODATE_SUFFIX) for key in keys}
    if len(labels & STANDARD.keys()) > len(labels & HISTORIQUE.keys()):
        return Mode.STANDARD
    return Mode.HISTORIQUE


def add_mqtt(parser: argparse.ArgumentParser) -> None:
    """Add the option `--mqtt`, the argument `mqtt` of `run`."""
    text = _("listen to the daemon on the broker of the settings, in place of opening the serial port")
    parser.add_argument("--mqtt", action="store_true", help=text)


def run(
    command: str,
    settings: Sequence[Settings],
    show: Callable[..., Coroutine[Any, Any, None]],
    *,
    mqtt: bool,
    log: bool,
) -> None:
    """
    Run `show(*models)` of `command` with a model of each meter until SIGINT, SIGTERM or SIGHUP.

    The models are fed by the broker if `mqtt`, else by the serial port. With `log` their notes are printed,
    and with the level DEBUG a log is written.
    """
    if log and any(of_meter.log_level == "DEBUG" for of_meter in settings):
        journal.configure("DEBUG")
    else:
        # The notes report the same faults in the user's language; lines of a log would break the screen.
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)

    async def feed_and_show() -> None:
        event_loop.cancel_on_stop()
        patience = None if mqtt else SILENT_AFTER
        feed = partial(listen, command=command) if mqtt else read_port
        models = []
        for of_meter in settings:
            prices = PriceSource(Path(of_meter.offers), of_meter.prices)
            models.append(LiveModel(patience=patience, prices=prices, prints_notes=log))
        with contextlib.suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as tasks:
                for of_meter, model in zip(settings, models, strict=True):
                    task = f"teleinfo.live.feed.{of_meter.mqtt_topic}"
                    tasks.create_task(feed(of_meter, model), name=task)
                    tasks.create_task(model.prices.keep(model.use_prices), name="teleinfo.live.prices")
                await show(*models)

    event_loop.run(feed_and_show())
