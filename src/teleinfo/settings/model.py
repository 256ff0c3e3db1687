"""
The model of the settings: every variable, its default, its allowed values.

A setting is the variable `TELEINFO_` + the name of the field in capitals; `load` says where it is read from.
The order of the fields matters: a check that involves two settings belongs to the later one.
"""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from teleinfo.mqtt.config import Broker, MqttVersion, PublisherConfig, Tls, Topics
from teleinfo.settings import checks
from teleinfo.settings.faults import PREFIX, Allowed, ConflictError, variable_of
from teleinfo.state.payload import Options
from teleinfo.vocabulary.words import Language, Message

MQTT_PORT = 1883
MQTT_TLS_PORT = 8883
MAX_INTERVAL = 86400  # seconds: a day


class SerialMode(enum.StrEnum):
    """What the meter speaks, or `auto` to find out."""

    AUTO = "auto"
    HISTORIQUE = "historique"
    STANDARD = "standard"


class LogLevel(enum.StrEnum):
    """The lowest level that is logged, by logging's own names."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _with_host_name(value: str) -> str:
    return value.replace("{hostname}", os.uname().nodename)


_Seconds = Annotated[
    float,
    Field(ge=0, le=MAX_INTERVAL),
    BeforeValidator(checks.plain_decimal),
    Allowed(Message("a number of seconds from 0 to {most}", most=MAX_INTERVAL)),
]
_Switch = Annotated[bool, Allowed(Message("true or false"))]
_ReadableFile = Annotated[
    Path | None, AfterValidator(checks.readable), Allowed(Message("a file that can be read"))
]
_Topic = Annotated[
    str,
    AfterValidator(_with_host_name),
    AfterValidator(checks.no_brace),
    AfterValidator(checks.topic),
    Allowed(
        Message(
            "a topic: words and / between them, without + or # (only {name} is replaced)", name="{hostname}"
        )
    ),
]


class Settings(BaseSettings):
    """Every setting, checked; `description` is its line of explanation in `.env-sample` and in the README."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    serial_port: Annotated[
        str,
        AfterValidator(checks.serial_port),
        Allowed(Message("a device such as /dev/ttyAMA0 or /dev/serial/by-id/…, or socket://host:port")),
    ] = Field(
        default="/dev/ttyAMA0",
        description="Where the meter is: a device (/dev/serial/by-id/… for a USB adapter) or socket://host:port",
    )
    serial_mode: Annotated[
        SerialMode, BeforeValidator(_lower), Allowed(Message("auto, historique or standard"))
    ] = Field(
        default=SerialMode.AUTO,
        description="What the meter speaks: historique (1200 baud), standard (9600), or auto to find out",
    )
    serial_baudrate: Annotated[
        int | None,
        BeforeValidator(checks.plain_digits),
        AfterValidator(checks.baudrate),
        Allowed(
            Message("a speed in baud that a serial port knows, such as 1200, 9600 or 19200"),
            Message("from the mode"),
        ),
    ] = Field(
        default=None,
        description="Speed in baud, for a meter that uses another one than its mode's; empty: from the mode",
    )
    plausibility: _Switch = Field(
        default=True,
        description="Withhold indexes that fall or jump and identifiers that change until more frames agree",
    )
    mqtt_host: Annotated[
        str,
        AfterValidator(checks.host),
        Allowed(Message("the name or address of a host, without mqtt:// and without the port")),
    ] = Field(default="localhost", description="The broker: a name or an address")
    mqtt_port: Annotated[
        int | None,
        Field(ge=1, le=65535),
        BeforeValidator(checks.plain_digits),
        Allowed(
            Message("a port number (1–65535)"),
            Message("{port}, or {tls_port} with TLS", port=MQTT_PORT, tls_port=MQTT_TLS_PORT),
        ),
    ] = Field(
        default=None,
        description=f"Port of the broker; empty: {MQTT_PORT}, or {MQTT_TLS_PORT} with TLS",
    )
    mqtt_username: Annotated[
        Annotated[str, AfterValidator(checks.plain_text), AfterValidator(_with_host_name)] | None,
        Allowed(Message("plain text")),
    ] = Field(default=None, description="User name, if the broker asks for one; {hostname} is replaced")
    mqtt_password: Annotated[SecretStr | None, Allowed(Message("text in UTF-8"))] = Field(
        default=None, description="Password; in single quotes if it has anything but letters and digits in it"
    )
    mqtt_tls: _Switch = Field(
        default=False, description="Encrypt the connection, and check that the broker is the right one"
    )
    mqtt_tls_ca_file: _ReadableFile = Field(
        default=None,
        description="Certificate (PEM) of the authority that signed the broker's; empty: those of the system",
    )
    mqtt_tls_cert_file: _ReadableFile = Field(
        default=None, description="Our own certificate (PEM), if the broker asks for one"
    )
    mqtt_tls_key_file: _ReadableFile = Field(
        default=None, description="The private key (PEM) of our own certificate"
    )
    mqtt_tls_insecure: _Switch = Field(
        default=False, description="Accept any broker, even a false one: encrypted, but not safe"
    )
    mqtt_version: Annotated[MqttVersion, BeforeValidator(_lower), Allowed(Message("auto, 5 or 3.1.1"))] = (
        Field(
            default=MqttVersion.AUTO,
            description="Version of MQTT: 5, 3.1.1, or auto to find out what the broker speaks",
        )
    )
    mqtt_client_id: Annotated[
        str,
        AfterValidator(_with_host_name),
        AfterValidator(checks.no_brace),
        AfterValidator(checks.client_id),
        Allowed(Message("a name of 1 to 128 characters (only {name} is replaced)", name="{hostname}")),
    ] = Field(
        default="teleinfo-{hostname}",
        description="Our name for the broker, a different one for each daemon; {hostname} is replaced",
    )
    mqtt_topic: _Topic = Field(
        default="teleinfo",
        description="Topic of the readings, and the base of the others; {hostname} is replaced",
    )
    mqtt_qos: Annotated[
        int, Field(ge=0, le=2), BeforeValidator(checks.plain_digits), Allowed(Message("0, 1 or 2"))
    ] = Field(default=1, description="MQTT quality of service of the readings: 0, 1 or 2")
    mqtt_retain: _Switch = Field(
        default=False,
        description="Let the broker keep the last reading, but no short frame, for those who subscribe later",
    )
    mqtt_queue: Annotated[
        int,
        Field(ge=1, le=10_000),
        BeforeValidator(checks.plain_digits),
        Allowed(Message("a number from 1 to 10000")),
    ] = Field(
        default=1,
        description="Readings kept while the broker is away; 1: only the newest (indexes are cumulative)",
    )
    payload_numbers: Annotated[
        bool | Literal["all"], BeforeValidator(_lower), Allowed(Message("true, false or all"))
    ] = Field(
        default=False,
        description="Send quantities as JSON numbers (1940) instead of text (01940); all: whatever is digits",
    )
    payload_timestamp: _Switch = Field(
        default=False, description="Put a timestamp first: milliseconds since 1970, from this machine's clock"
    )
    payload_exclude: Annotated[
        frozenset[str],
        NoDecode,
        BeforeValidator(checks.split),
        AfterValidator(checks.etiquettes),
        Allowed(Message("a list of étiquettes such as ADCO,ADSC,PRM")),
    ] = Field(
        default=frozenset(), description="Étiquettes to leave out, for privacy: for example ADCO,ADSC,PRM"
    )
    publish_interval: _Seconds = Field(
        default=0,
        description="Least time between two messages, in seconds; 0: every frame; news passes at once",
    )
    state: _Switch = Field(
        default=False,
        description="Publish the decoded state as well, in one form for both modes",
    )
    state_interval: _Seconds = Field(
        default=10,
        description="Least time between two states, in seconds; 0: every frame; alerts pass at once",
    )
    state_topics: _Switch = Field(
        default=False, description="Publish each field of the state as a plain value on its own topic as well"
    )
    language: Annotated[Language, BeforeValidator(_lower), Allowed(Message("fr or en"))] = Field(
        default=Language.FR, description="Language of the words in the state and in Home Assistant: fr or en"
    )
    homeassistant: _Switch = Field(
        default=False, description="Let Home Assistant discover the meter by itself"
    )
    homeassistant_prefix: _Topic = Field(
        default="homeassistant", description="Home Assistant's discovery prefix, if it was changed there"
    )
    homeassistant_discovery: Annotated[
        Literal["device", "components"], BeforeValidator(_lower), Allowed(Message("device or components"))
    ] = Field(
        default="device",
        description="device: one message; components: one for each entity, for Domoticz and older programs",
    )
    meter_name: Annotated[
        Annotated[str, Field(max_length=64), AfterValidator(checks.plain_text)] | None,
        Allowed(Message("plain text of 1 to 64 characters")),
    ] = Field(
        default=None, description="Name of the meter in Home Assistant; empty: its model and last digits"
    )
    log_level: Annotated[
        LogLevel, BeforeValidator(_upper), Allowed(Message("DEBUG, INFO, WARNING or ERROR"))
    ] = Field(default=LogLevel.INFO, description="How much to log: DEBUG, INFO, WARNING or ERROR")

    @property
    def broker_port(self) -> int:
        """The port to connect to: `mqtt_port`, else the usual one without or with TLS."""
        return self.mqtt_port or (MQTT_TLS_PORT if self.mqtt_tls else MQTT_PORT)

    @property
    def broker(self) -> Broker:
        """Where the broker is and who we are to it."""
        tls = Tls(
            ca_file=_text(self.mqtt_tls_ca_file),
            cert_file=_text(self.mqtt_tls_cert_file),
            key_file=_text(self.mqtt_tls_key_file),
            insecure=self.mqtt_tls_insecure,
        )
        return Broker(
            host=self.mqtt_host,
            port=self.broker_port,
            client_id=self.mqtt_client_id,
            username=self.mqtt_username,
            password=None if self.mqtt_password is None else self.mqtt_password.get_secret_value(),
            tls=tls if self.mqtt_tls else None,
            version=self.mqtt_version,
        )

    @property
    def publishing(self) -> PublisherConfig:
        """Configuration of the publisher."""
        return PublisherConfig(
            broker=self.broker,
            topics=Topics(self.mqtt_topic),
            queue=self.mqtt_queue,
            qos=self.mqtt_qos,
            birth_topic=f"{self.homeassistant_prefix}/status" if self.homeassistant else None,
        )

    @property
    def payload(self) -> Options:
        """What is asked of the payload."""
        return Options(
            numbers=self.payload_numbers,
            timestamp=self.payload_timestamp,
            exclude=self.payload_exclude,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the library's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the arguments alone: `load` asks the sources itself, and quotes in a fault what they gave."""
        return (init_settings,)

    @field_validator("mqtt_password")
    @classmethod
    def _goes_with_a_user(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        checks.encodable(value.get_secret_value())
        if others.data.get("mqtt_username", "") is None:
            raise ConflictError(
                Message("is given without {other}; set both", other=variable_of("mqtt_username"))
            )
        return value

    @field_validator("homeassistant_prefix")
    @classmethod
    def _is_not_the_base_topic(cls, value: str, others: ValidationInfo) -> str:
        # Home Assistant says on <prefix>/status that it starts and stops, and we on <base>/status.
        if value == others.data.get("mqtt_topic"):
            raise ConflictError(
                Message(
                    "is the same as {other}, where Home Assistant has its own status; change {other}",
                    other=variable_of("mqtt_topic"),
                )
            )
        return value

    @field_validator("mqtt_tls_ca_file", "mqtt_tls_cert_file", "mqtt_tls_key_file", "mqtt_tls_insecure")
    @classmethod
    def _goes_with_tls(cls, value: object, others: ValidationInfo) -> object:
        if value and others.data.get("mqtt_tls") is False:
            raise ConflictError(
                Message(
                    "has no effect without TLS; set {other}=true, or remove it", other=variable_of("mqtt_tls")
                )
            )
        return value

    @field_validator("mqtt_tls_key_file")
    @classmethod
    def _goes_with_a_certificate(cls, value: Path | None, others: ValidationInfo) -> Path | None:
        certificate = others.data.get("mqtt_tls_cert_file", value)
        other = variable_of("mqtt_tls_cert_file")
        if value is not None and certificate is None:
            raise ConflictError(Message("is given without {other}; set both", other=other))
        if value is None and certificate is not None:
            raise ConflictError(Message("is missing: {other} is given; set both", other=other))
        return value


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What the documentation says of one variable; `default` as one would write it, empty if none."""

    variable: str
    default: str
    explanation: str


def field_specs() -> list[FieldSpec]:
    """Return every variable in the order of the model, for `.env-sample` and the README."""
    return [
        FieldSpec(variable_of(name), written(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def written(default: object) -> str:
    """Return a default as one would write it, empty if there is none."""
    if default is None or default == frozenset():
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)
