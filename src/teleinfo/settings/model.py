"""
The settings: every variable, its default, what it may be; `load` reads them all or tells every fault at once.

A setting is the variable `TELEINFO_` + the field's name in capitals, in the environment or in one file, whose
grammar is that of `env_file`; the environment wins, and an empty value means the default.
A fault is one line: the variable, what was given unless it may hold a secret, what is allowed, the default.
Fields stand in an order that lets each check those before it.  Only this file imports pydantic.
"""

from __future__ import annotations

import difflib
import enum
import os
from collections.abc import Mapping  # noqa: TC003 (pydantic reads annotations when it runs)
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from teleinfo.payload import Options
from teleinfo.settings import checks
from teleinfo.settings import env_file as env_files

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX = "TELEINFO_"
MQTT_PORT = 1883
MQTT_TLS_PORT = 8883


class SerialMode(enum.StrEnum):
    """What the meter speaks, or `auto` to find out."""

    AUTO = "auto"
    HISTORIQUE = "historique"
    STANDARD = "standard"


class LogLevel(enum.StrEnum):
    """The least grave message that is logged; logging's own names."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class SettingsError(Exception):
    """Settings are wrong; `faults` has one line for each, none of which shows a secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class _ConflictError(ValueError):
    """Two settings contradict each other: the message says all, the value alone is not at fault."""


@dataclass(frozen=True, slots=True)
class _Allowed:
    """The end of a fault's sentence, `"abc" is not …`, and its default where that is not the field's own."""

    what: str
    default: str = ""


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _named(value: str) -> str:
    return checks.with_host_name(value, os.uname().nodename)


_Switch = Annotated[bool, _Allowed("true or false")]
_ReadableFile = Annotated[Path | None, AfterValidator(checks.readable), _Allowed("a file that can be read")]
_Topic = Annotated[
    str,
    AfterValidator(_named),
    AfterValidator(checks.topic),
    _Allowed("a topic: words and / between them, without + or # (only {hostname} is replaced)"),
]


class Settings(BaseSettings):
    """Every setting, checked; `description` is its line of explanation in `.env-sample` and in the README."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    serial_port: Annotated[
        str,
        AfterValidator(checks.serial_port),
        _Allowed("a device such as /dev/ttyAMA0 or /dev/serial/by-id/…, or socket://host:port"),
    ] = Field(
        default="/dev/ttyAMA0",
        description="Where the meter is: a device (/dev/serial/by-id/… for a USB adapter) or socket://host:port",
    )
    serial_mode: Annotated[SerialMode, BeforeValidator(_lower), _Allowed("auto, historique or standard")] = (
        Field(
            default=SerialMode.AUTO,
            description="What the meter speaks: historique (1200 baud), standard (9600), or auto to find out",
        )
    )
    serial_baudrate: Annotated[
        int | None,
        AfterValidator(checks.baudrate),
        _Allowed("a speed in baud that a serial port knows, such as 1200, 9600 or 19200", "from the mode"),
    ] = Field(
        default=None,
        description="Speed in baud, for a meter that uses another one than its mode's; empty: from the mode",
    )
    mqtt_host: Annotated[
        str,
        AfterValidator(checks.host),
        _Allowed("the name or address of a host, without mqtt:// and without the port"),
    ] = Field(default="localhost", description="The broker: a name or an address")
    mqtt_port: Annotated[
        int | None,
        Field(ge=1, le=65535),
        _Allowed("a port number (1–65535)", f"{MQTT_PORT}, or {MQTT_TLS_PORT} with TLS"),
    ] = Field(
        default=None,
        description=f"Port of the broker; empty: {MQTT_PORT}, or {MQTT_TLS_PORT} with TLS",
    )
    mqtt_username: Annotated[str | None, AfterValidator(checks.printable), _Allowed("plain text")] = Field(
        default=None, description="User name, if the broker asks for one"
    )
    mqtt_password: Annotated[SecretStr | None, _Allowed("text in UTF-8")] = Field(
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
    mqtt_client_id: Annotated[
        str,
        AfterValidator(_named),
        AfterValidator(checks.client_id),
        _Allowed("a name of 1 to 128 characters (only {hostname} is replaced)"),
    ] = Field(
        default="teleinfo-{hostname}",
        description="Our name for the broker, a different one for each daemon; {hostname} is replaced",
    )
    mqtt_topic: _Topic = Field(
        default="teleinfo",
        description="Topic of the readings, and the base of the others; {hostname} is replaced",
    )
    mqtt_qos: Annotated[int, Field(ge=0, le=2), _Allowed("0, 1 or 2")] = Field(
        default=1, description="MQTT quality of service of the readings: 0, 1 or 2"
    )
    mqtt_retain: _Switch = Field(
        default=False, description="Let the broker keep the last reading for those who subscribe later"
    )
    mqtt_queue: Annotated[int, Field(ge=1, le=10_000), _Allowed("a number from 1 to 10000")] = Field(
        default=1,
        description="Readings kept while the broker is away; 1: only the newest (indexes are cumulative)",
    )
    payload_numbers: _Switch = Field(
        default=False, description="Send quantities as JSON numbers (1940) instead of text (01940)"
    )
    payload_timestamp: _Switch = Field(
        default=False, description="Put a timestamp first: milliseconds since 1970, from this machine's clock"
    )
    payload_exclude: Annotated[
        frozenset[str],
        BeforeValidator(checks.split),
        AfterValidator(checks.etiquettes),
        _Allowed("a list of étiquettes such as ADCO,ADSC,PRM"),
    ] = Field(
        default=frozenset(), description="Étiquettes to leave out, for privacy: for example ADCO,ADSC,PRM"
    )
    publish_interval: Annotated[
        float, Field(ge=0, allow_inf_nan=False), _Allowed("a number of seconds, 0 or more")
    ] = Field(
        default=0,
        description="Least time between two messages, in seconds; 0: every frame; news passes at once",
    )
    homeassistant: _Switch = Field(
        default=False, description="Let Home Assistant discover the meter by itself"
    )
    homeassistant_prefix: _Topic = Field(
        default="homeassistant", description="Home Assistant's discovery prefix, if it was changed there"
    )
    log_level: Annotated[LogLevel, BeforeValidator(_upper), _Allowed("DEBUG, INFO, WARNING or ERROR")] = (
        Field(default=LogLevel.INFO, description="How much to log: DEBUG, INFO, WARNING or ERROR")
    )

    @property
    def broker_port(self) -> int:
        """The port to connect to: `mqtt_port`, else the usual one without or with TLS."""
        return self.mqtt_port or (MQTT_TLS_PORT if self.mqtt_tls else MQTT_PORT)

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
        """
        Take only what `load` gathered.

        The library's own readers expand `$` in the file and pass over a misspelt variable in the environment.
        """
        return (init_settings,)

    @field_validator("mqtt_password")
    @classmethod
    def _goes_with_a_user(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        checks.encodable(value.get_secret_value())
        if others.data.get("mqtt_username", "") is None:
            raise _ConflictError(f"is given without {PREFIX}MQTT_USERNAME; set both")
        return value

    @field_validator("mqtt_tls_ca_file", "mqtt_tls_cert_file", "mqtt_tls_key_file", "mqtt_tls_insecure")
    @classmethod
    def _goes_with_tls(cls, value: object, others: ValidationInfo) -> object:
        if value and others.data.get("mqtt_tls") is False:
            raise _ConflictError(f"has no effect without TLS; set {PREFIX}MQTT_TLS=true, or remove it")
        return value

    @field_validator("mqtt_tls_key_file")
    @classmethod
    def _goes_with_a_certificate(cls, value: Path | None, others: ValidationInfo) -> Path | None:
        certificate = others.data.get("mqtt_tls_cert_file", value)
        if value is not None and certificate is None:
            raise _ConflictError(f"is given without {PREFIX}MQTT_TLS_CERT_FILE; set both")
        if value is None and certificate is not None:
            raise _ConflictError(f"is missing: {PREFIX}MQTT_TLS_CERT_FILE is given; set both")
        return value


@dataclass(frozen=True, slots=True)
class Row:
    """What the documentation says of one variable; `default` as one would write it, empty if none."""

    variable: str
    default: str
    explanation: str


def rows() -> list[Row]:
    """Return every variable in the order of the model, for `.env-sample` and the README."""
    return [
        Row(
            variable,
            _written(Settings.model_fields[name].default),
            Settings.model_fields[name].description or "",
        )
        for variable, name in _FIELDS.items()
    ]


def load(env_file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """
    Read the settings from `environ` (the process's own when None), which wins, and from one file.

    The file is `env_file`, which must be there, else `.env` in the working directory, which may be missing.
    Raises SettingsError with every fault found; it holds no secret, and neither does its context.
    """
    variables, faults = _from_file(env_file)
    environment = os.environ if environ is None else environ
    variables.update((name, value) for name, value in environment.items() if _is_ours(name))
    faults += [_unknown(name) for name in variables if name not in _FIELDS]
    given = {
        field: value if field == _SECRET else value.strip()
        for variable, field in _FIELDS.items()
        if (value := variables.get(variable, "")).strip()
    }
    settings = None
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # texts, which the model turns into its types
    except ValidationError as error:
        faults += [_fault(detail, given) for detail in error.errors(include_url=False, include_input=False)]
    # Outside of `except`: the error of pydantic holds what was given, and would stay as the context.
    if faults or settings is None:
        raise SettingsError(faults)
    return settings


_FIELDS = {PREFIX + name.upper(): name for name in Settings.model_fields}
_SECRET = "mqtt_password"  # noqa: S105 (the name of the field)
_HIDDEN = "what was given (not shown)"
_LONGEST_SHOWN = 80  # characters of a wrong value


def _written(default: object) -> str:
    if default is None or default == frozenset():
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def _from_file(env_file: Path | None) -> tuple[dict[str, str], list[str]]:
    path = Path(".env") if env_file is None else env_file
    if env_file is None and not path.exists():
        return {}, []
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return {}, [f"{path}: cannot be read: {error.strerror}"]
    except ValueError:
        return {}, [f"{path}: is not text in UTF-8"]
    lines = [line for line in env_files.parse(text) if _is_ours(line.name)]
    values = {line.name: line.value for line in lines if line.value is not None}
    return values, [f"{path} line {line.number}: {line.name}: {line.fault}" for line in lines if line.fault]


def _is_ours(name: str) -> bool:
    """Tell whether a variable is meant for us: by its prefix, in any case, or by one that is nearly it."""
    prefix, _, rest = name.upper().partition("_")
    if prefix + "_" == PREFIX:
        return True
    return PREFIX + rest in _FIELDS and bool(difflib.get_close_matches(prefix + "_", [PREFIX], cutoff=0.8))


def _unknown(name: str) -> str:
    rest = name.upper().partition("_")[2]
    near = difflib.get_close_matches(rest, [field.upper() for field in Settings.model_fields], n=1)
    hint = f"did you mean {PREFIX}{near[0]}?" if near else ".env-sample lists them all"
    return f"{name}: there is no such setting; {hint}"


def _fault(detail: ErrorDetails, given: Mapping[str, str]) -> str:
    field = str(detail["loc"][0])
    variable = PREFIX + field.upper()
    cause: Any = detail.get("ctx", {}).get("error")
    if isinstance(cause, _ConflictError):
        return f"{variable}: {cause}"
    information = Settings.model_fields[field]
    allowed = next(item for item in information.metadata if isinstance(item, _Allowed))
    shown = _shown(field, given)
    reason = str(cause) if isinstance(cause, ValueError) and shown != _HIDDEN else ""
    default = allowed.default or _written(information.default)
    line = f"{variable}: {shown} {reason or f'is not {allowed.what}'}"
    return f"{line}; default {default}" if default else line


def _shown(field: str, given: Mapping[str, str]) -> str:
    """Quote what was given, unless it is the secret, holds it, or may hold another (user:password@host)."""
    value, secret = given.get(field, ""), given.get(_SECRET)
    if field == _SECRET or "@" in value or (secret and secret in value):
        return _HIDDEN
    short = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
    return '"' + "".join(char if char.isprintable() else ascii(char)[1:-1] for char in short) + '"'
