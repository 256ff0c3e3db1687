"""
The model of the settings: every variable, its default, its allowed values.

A setting is the variable `TELEINFO_` + the name of the field in capitals; `load` documents the sources, and
`allowed.txt` has the allowed values in words.
A check of two settings is a validator of the setting that is declared later, since pydantic validates fields
in the order of their declaration.
"""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import NoDecode

from teleinfo.common.i18n import N_
from teleinfo.mqtt.config import Broker, MqttVersion, Tls
from teleinfo.settings import checks
from teleinfo.settings.faults import ConflictError
from teleinfo.state.payload import Options
from teleinfo.state.prices import Prices
from teleinfo.vocabulary.words import Language


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _with_host_name(value: str) -> str:
    return value.replace("{hostname}", os.uname().nodename)


_Numbers = Annotated[bool | Literal["all"], BeforeValidator(_lower)]
_Mode = Annotated[Literal["auto", "historique", "standard"], BeforeValidator(_lower)]
_Version = Annotated[MqttVersion, BeforeValidator(_lower)]
_Language = Annotated[Language, BeforeValidator(_lower)]
_Discovery = Annotated[Literal["device", "components"], BeforeValidator(_lower)]
_LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]
_Qos = Annotated[int, Field(ge=0, le=2), BeforeValidator(checks.plain_digits)]
_Count = Annotated[int, Field(ge=1, le=10_000), BeforeValidator(checks.plain_digits)]
_Seconds = Annotated[float, Field(ge=0, le=86400), BeforeValidator(checks.plain_decimal)]
_Baudrate = Annotated[int | None, BeforeValidator(checks.plain_digits), AfterValidator(checks.baudrate)]
_Port = Annotated[int | None, Field(ge=1, le=65535), BeforeValidator(checks.plain_digits)]
_SerialPort = Annotated[str, AfterValidator(checks.serial_port)]
_Host = Annotated[str, AfterValidator(checks.host)]
_ReadableFile = Annotated[str | None, AfterValidator(checks.readable)]
_UserName = Annotated[str, AfterValidator(checks.plain_text), AfterValidator(_with_host_name)] | None
_Password = Annotated[SecretStr, AfterValidator(checks.encodable)] | None
_Name = Annotated[str, Field(max_length=64), AfterValidator(checks.plain_text)] | None
_PageUrl = (
    Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$"), AfterValidator(checks.plain_text)] | None
)
_Listen = Annotated[str, AfterValidator(checks.listen)]
_Names = Annotated[frozenset[_Host], NoDecode, BeforeValidator(checks.split)]
_Token = Annotated[SecretStr, AfterValidator(checks.token)] | None
_Named = Annotated[str, AfterValidator(_with_host_name), AfterValidator(checks.no_brace)]
# Brokers may allow less than MQTT's 65535 bytes.
_ClientId = Annotated[_Named, AfterValidator(checks.plain_text), Field(max_length=128)]
_Topic = Annotated[_Named, AfterValidator(checks.topic)]
_Etiquettes = Annotated[
    frozenset[str], NoDecode, BeforeValidator(checks.split), AfterValidator(checks.etiquettes)
]
_Metrics = Annotated[str, Field(pattern=r"^/(.*/)?[^/]+\.prom$"), AfterValidator(checks.plain_text)] | None
_DeadBands = Annotated[dict[str, float] | None, NoDecode, BeforeValidator(checks.dead_bands)]
_Prices = Annotated[InstanceOf[Prices] | None, NoDecode, BeforeValidator(checks.prices)]


class Settings(BaseModel):
    """Every setting: its type, its default, and its line of explanation in `.env-sample` and the README."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    serial_port: _SerialPort = "/dev/ttyAMA0"
    """Where the meter is: a device (/dev/serial/by-id/… for a USB adapter), socket:// or rfc2217://host:port"""
    serial_mode: _Mode = "auto"
    """What the meter speaks: historique (1200 baud), standard (9600), or auto to find out"""
    serial_baudrate: _Baudrate = None
    """Speed in baud, for a meter that uses another one than its mode's; empty: from the mode"""
    plausibility: bool = True
    """Withhold indexes that fall or jump and identifiers that change until more frames agree"""
    mqtt_host: _Host = "localhost"
    """The broker: a name or an address"""
    mqtt_port: _Port = None
    """Port of the broker; empty: 1883, or 8883 with TLS"""
    mqtt_username: _UserName = None
    """User name, if the broker asks for one; {hostname} is replaced"""
    mqtt_password: _Password = None
    """Password; in single quotes if it has anything but letters and digits in it"""
    mqtt_tls: bool = False
    """Encrypt the connection, and check that the broker is the right one"""
    mqtt_tls_ca_file: _ReadableFile = None
    """Certificate (PEM) of the authority that signed the broker's; empty: those of the system"""
    mqtt_tls_cert_file: _ReadableFile = None
    """Our own certificate (PEM), if the broker asks for one"""
    mqtt_tls_key_file: _ReadableFile = None
    """The private key (PEM) of our own certificate"""
    mqtt_tls_insecure: bool = False
    """Accept any broker, even a false one: encrypted, but not safe"""
    mqtt_version: _Version = MqttVersion.AUTO
    """Version of MQTT: 5, 3.1.1, or auto to find out what the broker speaks"""
    mqtt_client_id: _ClientId = "teleinfo-{hostname}"
    """Our name for the broker, a different one for each daemon; {hostname} is replaced"""
    mqtt_topic: _Topic = "teleinfo"
    """Topic of the readings, and the base of the others; {hostname} is replaced"""
    mqtt_qos: _Qos = 1
    """MQTT quality of service of the readings: 0, 1 or 2"""
    mqtt_retain: bool = False
    """Let the broker keep the last reading, but no short frame, for those who subscribe later"""
    mqtt_queue: _Count = 1
    """Readings kept while the broker is away; 1: only the newest (indexes are cumulative)"""
    payload_numbers: _Numbers = False
    """Send quantities as JSON numbers (1940) instead of text (01940); all: whatever is digits"""
    payload_timestamp: bool = False
    """Put a timestamp first: milliseconds since 1970, from this machine's clock"""
    payload_exclude: _Etiquettes = frozenset()
    """Étiquettes to leave out, for privacy: for example ADCO,ADSC,PRM"""
    publish_interval: _Seconds = 0
    """Least time between two messages, in seconds; 0: every frame; news passes at once"""
    state: bool = False
    """Publish the decoded state as well, in one form for both modes"""
    state_interval: _Seconds = 10
    """Least time between two states, in seconds; 0: every frame; alerts pass at once"""
    state_topics: bool = False
    """Publish each field of the state as a plain value on its own topic as well"""
    state_topics_dead_band: _DeadBands = None
    """Least changes of numbers on these topics: for example power.apparent=20 power.active=20"""
    prices: _Prices = None
    """Prices in €/kWh by tariff period, and a month: for example HC=0.1696 HP=0.2146 month=15.74"""
    language: _Language = Language.FR
    """Language of the log, the state and Home Assistant: fr or en"""
    homeassistant: bool = False
    """Let Home Assistant discover the meter by itself"""
    homeassistant_prefix: _Topic = "homeassistant"
    """Home Assistant's discovery prefix, if it was changed there"""
    homeassistant_discovery: _Discovery = "device"
    """device: one message; components: one for each entity, for Domoticz and older programs"""
    meter_name: _Name = None
    """Name of the meter in Home Assistant; empty: its model and last digits"""
    homeassistant_page: _PageUrl = None
    """Address of the page of `teleinfo page` for a link in Home Assistant; empty: by TELEINFO_WEB_LISTEN"""
    web_listen: _Listen = "127.0.0.1:8080"
    """Address and port of that page; 0.0.0.0:8080 shows it to every device at home"""
    web_hosts: _Names = frozenset()
    """More names for the page of `teleinfo page`, with commas between them: meter.example.org"""
    web_token: _Token = None
    """Secret in the address of that page, http://raspberrypi:8080/<token>/; empty: none"""
    web_metrics: bool = False
    """Show /metrics on that page, for Prometheus"""
    metrics_file: _Metrics = None
    """File to write each minute for Prometheus' node exporter: /…/teleinfo.prom"""
    led: _Name = None
    """LED that blinks at each frame: a name below /sys/class/leds, such as ACT"""
    log_level: _LogLevel = "INFO"
    """How much to log: DEBUG, INFO, WARNING or ERROR"""

    @property
    def broker(self) -> Broker:
        """Broker of these settings; the default of the port depends on TLS."""
        tls = Tls(
            ca_file=self.mqtt_tls_ca_file,
            cert_file=self.mqtt_tls_cert_file,
            key_file=self.mqtt_tls_key_file,
            insecure=self.mqtt_tls_insecure,
        )
        return Broker(
            host=self.mqtt_host,
            port=self.mqtt_port or (8883 if self.mqtt_tls else 1883),
            client_id=self.mqtt_client_id,
            username=self.mqtt_username,
            password=None if self.mqtt_password is None else self.mqtt_password.get_secret_value(),
            tls=tls if self.mqtt_tls else None,
            version=self.mqtt_version,
        )

    @property
    def page(self) -> str | None:
        """
        The address of `teleinfo page` for a browser at home, None if there is none.

        A page with a secret in its address has none: a message of MQTT would reveal the secret.
        """
        if self.homeassistant_page is not None or self.web_token is not None:
            return self.homeassistant_page
        host, port = checks.address(self.web_listen)
        return checks.url_at_home(host, port, machine=os.uname().nodename)

    @property
    def payload(self) -> Options:
        """Options of the payload."""
        return Options(
            numbers=self.payload_numbers, timestamp=self.payload_timestamp, exclude=self.payload_exclude
        )

    @field_validator("mqtt_password", "mqtt_tls_key_file")
    @classmethod
    def _goes_with_another(cls, value: object, others: ValidationInfo) -> object:
        other = "mqtt_username" if others.field_name == "mqtt_password" else "mqtt_tls_cert_file"
        if value is not None and others.data.get(other, "") is None:
            raise ConflictError(N_("is given without {other}; set both"), other)
        return value

    @field_validator("homeassistant_prefix")
    @classmethod
    def _is_not_the_base_topic(cls, value: str, others: ValidationInfo) -> str:
        # Home Assistant publishes on <prefix>/status when it starts and stops, and we on <base>/status.
        if value == others.data.get("mqtt_topic"):
            raise ConflictError(
                N_("is the same as {other}, where Home Assistant has its own status; change {other}"),
                "mqtt_topic",
            )
        return value

    @field_validator(
        *("mqtt_tls_ca_file", "mqtt_tls_cert_file", "mqtt_tls_key_file", "mqtt_tls_insecure"),
        "state_topics_dead_band",
    )
    @classmethod
    def _goes_with_a_switch(cls, value: object, others: ValidationInfo) -> object:
        switch = "state_topics" if others.field_name == "state_topics_dead_band" else "mqtt_tls"
        if value and others.data.get(switch) is False:
            raise ConflictError(N_("has no effect without {other}=true; set it, or remove this one"), switch)
        return value
