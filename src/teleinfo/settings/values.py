"""
The settings: every variable, its default, and its line of explanation.

A setting is the variable `TELEINFO_` + the name of the field in capitals. `allowed` has the types, with the
allowed values in words. Nothing here imports pydantic.
"""

from __future__ import annotations

import inspect
import os
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from teleinfo.mqtt.config import Broker, MqttVersion, Tls
from teleinfo.payload import Options
from teleinfo.settings import checks
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from teleinfo.settings import allowed


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting: its type, its default, and its line of explanation in `.env-sample` and the README."""

    serial_port: allowed.SerialPort = "/dev/ttyAMA0"
    """Where the meter is: a device (/dev/serial/by-id/… for a USB adapter), socket:// or rfc2217://host:port"""
    serial_mode: allowed.SerialMode = "auto"
    """What the meter speaks: historique (1200 baud), standard (9600), or auto to find out"""
    serial_baudrate: allowed.Baudrate = None
    """Speed in baud, for a meter that uses another one than its mode's; empty: from the mode"""
    plausibility: allowed.Switch = True
    """Withhold indexes that fall or jump and identifiers that change until more frames agree"""
    mqtt_host: allowed.Host = "localhost"
    """The broker: a name or an address"""
    mqtt_port: allowed.Port = None
    """Port of the broker; empty: 1883, or 8883 with TLS"""
    mqtt_username: allowed.UserName = None
    """User name, if the broker asks for one; {hostname} is replaced"""
    mqtt_password: allowed.Password = field(default=None, repr=False)
    """Password; in single quotes if it has anything but letters and digits in it"""
    mqtt_tls: allowed.Switch = False
    """Encrypt the connection, and check that the broker is the right one"""
    mqtt_tls_ca_file: allowed.ReadableFile = None
    """Certificate (PEM) of the authority that signed the broker's; empty: those of the system"""
    mqtt_tls_cert_file: allowed.ReadableFile = None
    """Our own certificate (PEM), if the broker asks for one"""
    mqtt_tls_key_file: allowed.ReadableFile = None
    """The private key (PEM) of our own certificate"""
    mqtt_tls_insecure: allowed.Switch = False
    """Accept any broker, even a false one: encrypted, but not safe"""
    mqtt_version: allowed.Version = MqttVersion.AUTO
    """Version of MQTT: 5, 3.1.1, or auto to find out what the broker speaks"""
    mqtt_client_id: allowed.ClientId = "teleinfo-{hostname}"
    """Our name for the broker, a different one for each daemon; {hostname} is replaced"""
    mqtt_topic: allowed.BaseTopic = "teleinfo"
    """Topic of the readings, and the base of the others; {hostname} is replaced"""
    mqtt_qos: allowed.Qos = 1
    """MQTT quality of service of the readings: 0, 1 or 2"""
    mqtt_retain: allowed.Switch = False
    """Let the broker keep the last reading, but no short frame, for those who subscribe later"""
    mqtt_queue: allowed.QueueSize = 1
    """Readings kept while the broker is away; 1: only the newest (indexes are cumulative)"""
    payload_numbers: allowed.NumberForm = "none"
    """Send values as JSON numbers (1940), not as text (01940): none, quantities, or all that are digits"""
    payload_timestamp: allowed.Switch = False
    """Put a timestamp first: milliseconds since 1970, from this machine's clock"""
    payload_exclude: allowed.Etiquettes = frozenset()
    """Étiquettes to leave out, for privacy: for example ADCO,ADSC,PRM"""
    publish_interval: allowed.Seconds = 0
    """Least time between two messages, in seconds; 0: every frame; news passes at once"""
    state: allowed.Switch = True
    """Publish the decoded state and the events, too; false: the readings alone"""
    state_interval: allowed.Seconds = 10
    """Least time between two states, in seconds; 0: every frame; alerts pass at once"""
    state_topics: allowed.Switch = False
    """Publish each field of the state as a plain value on its own topic as well"""
    state_topics_dead_band: allowed.DeadBands = None
    """Least changes of numbers on these topics: for example power.apparent_import=20 power.active=20"""
    prices: allowed.PriceList = None
    """Prices of all days, in €/kWh by period or index, and a month: HC=0.1696 EASF06=0.2146 month=15.74"""
    offers: allowed.TomlFile = "/etc/teleinfo/offers.toml"
    """File with your contract and your offers, each with its day, in place of TELEINFO_PRICES"""
    language: allowed.LanguageCode = Language.FR
    """Language of the log, the commands, the state and Home Assistant: fr or en"""
    homeassistant: allowed.Switch = False
    """Let Home Assistant discover the meter by itself"""
    homeassistant_prefix: allowed.Topic = "homeassistant"
    """Home Assistant's discovery prefix, if it was changed there"""
    homeassistant_discovery: allowed.DiscoveryMessages = "device"
    """device: one message; components: one for each entity, for Domoticz and older programs"""
    meter_name: allowed.Name = None
    """Name of the meter in Home Assistant; empty: its model and last digits"""
    web_listen: allowed.Listen = "127.0.0.1:8080"
    """Address and port of the page of `teleinfo web`; 0.0.0.0:8080 shows it to every device at home"""
    web_url: allowed.PageUrl = None
    """Address of that page for a link in Home Assistant; empty: by TELEINFO_WEB_LISTEN"""
    web_hosts: allowed.Names = frozenset()
    """More names for that page, with commas between them: meter.example.org"""
    web_token: allowed.Token = field(default=None, repr=False)
    """Secret in the address of that page, http://raspberrypi:8080/<token>/; empty: none"""
    web_metrics: allowed.Switch = False
    """Show /metrics on that page, for Prometheus"""
    metrics_file: allowed.Metrics = None
    """File to write each minute for Prometheus' node exporter: /…/teleinfo.prom"""
    led: allowed.Name = None
    """LED that blinks at each frame: a name below /sys/class/leds, such as ACT"""
    log_level: allowed.LogLevel = "INFO"
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
        default_port = 8883 if self.mqtt_tls else 1883
        return Broker(
            host=self.mqtt_host,
            port=self.mqtt_port or default_port,
            client_id=self.mqtt_client_id,
            username=self.mqtt_username,
            password=self.mqtt_password,
            tls=tls if self.mqtt_tls else None,
            version=self.mqtt_version,
        )

    @property
    def page(self) -> str | None:
        """
        The address of `teleinfo web` for a browser at home, None if there is none.

        A page with a secret in its address has none: a message of MQTT would reveal the secret.
        """
        if self.web_url is not None or self.web_token is not None:
            return self.web_url
        address = checks.address(self.web_listen)
        if address.is_of_machine:
            return None
        # Its name in the domain of mDNS, without that of another domain, stands for all addresses of the
        # machine.
        host_name, _dot, _domain = os.uname().nodename.partition(".")
        return address.url(f"{host_name}.local")

    @property
    def payload(self) -> Options:
        """Options of the payload."""
        return Options(
            numbers=self.payload_numbers, timestamp=self.payload_timestamp, exclude=self.payload_exclude
        )


DEFAULTS: Final[dict[str, Any]] = {each.name: each.default for each in fields(Settings)}
"""The default of each setting, in the order of the class."""


def explanations() -> dict[str, str]:
    """Return the line of explanation of each setting: the text that stands below it in the class."""
    return dict(re.findall(r'^    (\w+): .*\n    """(.+)"""$', inspect.getsource(Settings), re.MULTILINE))
