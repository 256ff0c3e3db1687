"""
The types of the settings: how a text is read, and which values are allowed, for pydantic and in words.

The words of a type are the last `InWords` among its parts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf

from teleinfo import payload
from teleinfo.common.i18n import N_
from teleinfo.mqtt.config import TOPICS, MqttVersion
from teleinfo.settings import checks
from teleinfo.state import prices
from teleinfo.vocabulary import words


@dataclass(frozen=True)
class InWords:
    """
    The allowed values of a setting in words for the user: the end of `"abc" is not …`, marked by `N_`.

    `default` is the default in words, where the model has None. {name} stands for {hostname}.
    """

    allowed: str
    default: str = ""


_HOST_NAME = AfterValidator(lambda value: value.replace("{hostname}", os.uname().nodename))
_LOWER = BeforeValidator(lambda value: str(value).lower())
_UPPER = BeforeValidator(lambda value: str(value).upper())
# Forms of other programs, such as the app of Home Assistant, show dots in place of the value.
_SECRET = Field(json_schema_extra={"format": "password", "writeOnly": True})

Switch = Annotated[bool, InWords(N_("true or false"))]
NumberForm = Annotated[payload.Numbers, _LOWER, InWords(N_("none, quantities or all"))]
SerialMode = Annotated[
    Literal["auto", "historique", "standard"], _LOWER, InWords(N_("auto, historique or standard"))
]
Version = Annotated[MqttVersion, _LOWER, InWords(N_("auto, 5 or 3.1.1"))]
LanguageCode = Annotated[words.Language, _LOWER, InWords(N_("fr or en"))]
DiscoveryMessages = Annotated[Literal["device", "components"], _LOWER, InWords(N_("device or components"))]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"], _UPPER, InWords(N_("DEBUG, INFO, WARNING or ERROR"))
]
Qos = Annotated[int, Field(ge=0, le=2), BeforeValidator(checks.plain_digits), InWords(N_("0, 1 or 2"))]
QueueSize = Annotated[
    int,
    Field(ge=1, le=10_000),
    BeforeValidator(checks.plain_digits),
    InWords(N_("a number from 1 to 10000")),
]
Seconds = Annotated[
    float,
    Field(ge=0, le=86400),
    BeforeValidator(checks.plain_decimal),
    InWords(N_("a number of seconds from 0 to 86400")),
]
Baudrate = Annotated[
    int | None,
    BeforeValidator(checks.plain_digits),
    AfterValidator(checks.baudrate),
    InWords(
        N_("a speed in baud that a serial port knows, such as 1200, 9600 or 19200"),
        default=N_("from the mode"),
    ),
]
Port = Annotated[
    int | None,
    Field(ge=1, le=65535),
    BeforeValidator(checks.plain_digits),
    InWords(N_("a port number (1–65535)"), default=N_("1883, or 8883 with TLS")),
]
SerialPort = Annotated[
    str,
    AfterValidator(checks.serial_port),
    InWords(N_("a device such as /dev/ttyAMA0 or /dev/serial/by-id/…, or socket:// or rfc2217://host:port")),
]
Host = Annotated[
    str,
    AfterValidator(checks.host),
    InWords(N_("the name or address of a host, without mqtt:// and without the port")),
]
ReadableFile = Annotated[str | None, AfterValidator(checks.readable), InWords(N_("a file that can be read"))]
UserName = Annotated[
    Annotated[str, AfterValidator(checks.plain_text), _HOST_NAME] | None, InWords(N_("plain text"))
]
Password = Annotated[
    Annotated[str, _SECRET, Field(pattern=r"^[^\x00]*$")] | None, InWords(N_("text in UTF-8"))
]
Name = Annotated[
    Annotated[str, Field(max_length=64), AfterValidator(checks.plain_text)] | None,
    InWords(N_("plain text of 1 to 64 characters")),
]
PageUrl = Annotated[
    Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$"), AfterValidator(checks.plain_text)] | None,
    InWords(N_("an address such as http://raspberrypi.local:8080/")),
]
Listen = Annotated[
    str,
    AfterValidator(checks.listen),
    InWords(N_("an address and a port such as 127.0.0.1:8080 or 0.0.0.0:8080")),
]
Names = Annotated[
    frozenset[Host],
    BeforeValidator(checks.split),
    InWords(N_("a list of names such as meter.example.org")),
]
Token = Annotated[
    Annotated[str, _SECRET, Field(pattern=r"^[A-Za-z0-9_-]{16,128}$")] | None,
    InWords(N_("16 to 128 letters, digits, - and _")),
]
Named = Annotated[str, _HOST_NAME, AfterValidator(checks.no_brace)]
# Brokers may allow less than MQTT's 65535 bytes.
ClientId = Annotated[
    Named,
    AfterValidator(checks.plain_text),
    Field(max_length=128),
    InWords(N_("a name of 1 to 128 characters (only {name} is replaced)")),
]
Topic = Annotated[
    Named,
    AfterValidator(checks.topic),
    InWords(N_("a topic: words and / between them, without + or # (only {name} is replaced)")),
]
BaseTopic = Annotated[Topic, AfterValidator(partial(checks.base_topic, TOPICS))]
Etiquettes = Annotated[
    frozenset[str],
    BeforeValidator(checks.split),
    AfterValidator(checks.etiquettes),
    InWords(N_("a list of étiquettes such as ADCO,ADSC,PRM")),
]
Metrics = Annotated[
    Annotated[str, Field(pattern=r"^/(.*/)?[^/]+\.prom$"), AfterValidator(checks.plain_text)] | None,
    InWords(N_("a path such as /var/lib/prometheus/node-exporter/teleinfo.prom")),
]
TomlFile = Annotated[
    str,
    Field(pattern=r"^/(.*/)?[^/]+\.toml$"),
    AfterValidator(checks.plain_text),
    InWords(N_("a path such as /etc/teleinfo/offers.toml")),
]
DeadBands = Annotated[
    dict[str, float] | None,
    BeforeValidator(checks.dead_bands),
    InWords(N_("numbers of the state with their bands such as power.apparent_import=20 power.active=20")),
]
PriceList = Annotated[
    InstanceOf[prices.Prices] | None,
    BeforeValidator(checks.prices),
    InWords(N_("prices in euros such as HC=0.1696 HP=0.2146 month=15.74")),
]
