"""
The types of the settings: how a text is read, and which values are allowed.

`allowed.txt` has the allowed values in words.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf

from teleinfo.mqtt.config import TOPICS, MqttVersion
from teleinfo.settings import checks
from teleinfo.state import payload, prices
from teleinfo.vocabulary import words

_HOST_NAME = AfterValidator(lambda value: value.replace("{hostname}", os.uname().nodename))
_LOWER = BeforeValidator(lambda value: str(value).lower())
_UPPER = BeforeValidator(lambda value: str(value).upper())
# Forms of other programs, such as the app of Home Assistant, show dots in place of the value.
_SECRET = Field(json_schema_extra={"format": "password", "writeOnly": True})

NumberForm = Annotated[payload.Numbers, _LOWER]
SerialMode = Annotated[Literal["auto", "historique", "standard"], _LOWER]
Version = Annotated[MqttVersion, _LOWER]
LanguageCode = Annotated[words.Language, _LOWER]
DiscoveryMessages = Annotated[Literal["device", "components"], _LOWER]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], _UPPER]
Qos = Annotated[int, Field(ge=0, le=2), BeforeValidator(checks.plain_digits)]
QueueSize = Annotated[int, Field(ge=1, le=10_000), BeforeValidator(checks.plain_digits)]
Seconds = Annotated[float, Field(ge=0, le=86400), BeforeValidator(checks.plain_decimal)]
Baudrate = Annotated[int | None, BeforeValidator(checks.plain_digits), AfterValidator(checks.baudrate)]
Port = Annotated[int | None, Field(ge=1, le=65535), BeforeValidator(checks.plain_digits)]
SerialPort = Annotated[str, AfterValidator(checks.serial_port)]
Host = Annotated[str, AfterValidator(checks.host)]
ReadableFile = Annotated[str | None, AfterValidator(checks.readable)]
UserName = Annotated[str, AfterValidator(checks.plain_text), _HOST_NAME] | None
Password = Annotated[str, _SECRET, Field(pattern=r"^[^\x00]*$")] | None
Name = Annotated[str, Field(max_length=64), AfterValidator(checks.plain_text)] | None
PageUrl = (
    Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$"), AfterValidator(checks.plain_text)] | None
)
Listen = Annotated[str, AfterValidator(checks.listen)]
Names = Annotated[frozenset[Host], BeforeValidator(checks.split)]
Token = Annotated[str, _SECRET, Field(pattern=r"^[A-Za-z0-9_-]{16,128}$")] | None
Named = Annotated[str, _HOST_NAME, AfterValidator(checks.no_brace)]
# Brokers may allow less than MQTT's 65535 bytes.
ClientId = Annotated[Named, AfterValidator(checks.plain_text), Field(max_length=128)]
Topic = Annotated[Named, AfterValidator(checks.topic)]
BaseTopic = Annotated[Topic, AfterValidator(partial(checks.base_topic, TOPICS))]
Etiquettes = Annotated[frozenset[str], BeforeValidator(checks.split), AfterValidator(checks.etiquettes)]
Metrics = Annotated[str, Field(pattern=r"^/(.*/)?[^/]+\.prom$"), AfterValidator(checks.plain_text)] | None
TomlFile = Annotated[str, Field(pattern=r"^/(.*/)?[^/]+\.toml$"), AfterValidator(checks.plain_text)]
DeadBands = Annotated[dict[str, float] | None, BeforeValidator(checks.dead_bands)]
PriceList = Annotated[InstanceOf[prices.Prices] | None, BeforeValidator(checks.prices)]
