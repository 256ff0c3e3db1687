"""Each setting: its default, its type, and the message about a wrong value."""

from __future__ import annotations

import dataclasses
import os
import re
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.i18n import _
from teleinfo.mqtt.config import Broker, MqttVersion, Tls, Topics
from teleinfo.settings import checks
from teleinfo.settings.model import IN_WORDS, SettingsModel
from teleinfo.state.prices import Prices
from teleinfo.vocabulary.words import Message
from tests.settings.loading import CANARY, faults, loaded

# Values that are not the default, as text and in the type of the setting.
VALUES: dict[str, tuple[str, Any]] = {
    "SERIAL_MODE": ("Standard", "standard"),
    "SERIAL_BAUDRATE": ("19200", 19200),
    "MQTT_VERSION": ("3.1.1", MqttVersion.V3_1_1),
    "PAYLOAD_NUMBERS": ("Quantities", "quantities"),
    "PAYLOAD_TIMESTAMP": ("on", True),
    "PAYLOAD_EXCLUDE": ("ADCO, PRM EAp1HPH,,NEW+1", frozenset({"ADCO", "PRM", "EAp1HPH", "NEW+1"})),
    "PUBLISH_INTERVAL": ("2.5", 2.5),
    "METRICS_FILE": ("/run/teleinfo.prom", "/run/teleinfo.prom"),
    "PRICES": ("hc=0,1696 easf06=0.2146 Month=15.74", Prices({"HC": 0.1696, "EASF06": 0.2146}, 15.74)),
    "STATE_TOPICS": ("true", True),
    "STATE_TOPICS_DEAD_BAND": (
        "power.apparent_import=20  labels.ERQ1=0.5",
        {"power.apparent_import": 20, "labels.ERQ1": 0.5},
    ),
    "LANGUAGE": ("EN", "en"),
    "HOMEASSISTANT_DISCOVERY": ("Components", "components"),
    "WEB_URL": ("http://pi.local:8080/", "http://pi.local:8080/"),
    "WEB_LISTEN": ("[::]:8081", "[::]:8081"),
    "WEB_HOSTS": ("meter.example.org, pi.example", frozenset({"meter.example.org", "pi.example"})),
    "WEB_TOKEN": ("0123456789-_abcDEF", "0123456789-_abcDEF"),
    "LOG_LEVEL": ("debug", "DEBUG"),
}


def test_a_setting_is_read_in_its_type() -> None:
    """Words in any case; true, on, yes or 1; lists with commas or blanks."""
    settings = loaded(**{variable: text for variable, (text, _value) in VALUES.items()})

    assert settings == dataclasses.replace(
        loaded(), **{name.lower(): value for name, (_text, value) in VALUES.items()}
    )


# Variable without prefix, value, and how it is shown in the line about it; `IN_WORDS` has the rest.
NOT_ALLOWED = [
    ("SERIAL_PORT", "ttyAMA0", '"ttyAMA0"'),
    ("SERIAL_PORT", "socket://box:0", '"socket://box:0"'),
    ("SERIAL_PORT", "/dev/tty\x1b[2J", r'"/dev/tty\x1b[2J"'),
    ("SERIAL_BAUDRATE", "1201", '"1201"'),
    ("MQTT_HOST", "192.168.1", '"192.168.1"'),
    ("MQTT_HOST", "x." * 130 + "fr", f'"{"x." * 40}…"'),
    ("MQTT_HOST", "me@broker", "what was given (not shown)"),
    ("MQTT_PORT", "1883.0", '"1883.0"'),
    ("MQTT_USERNAME", "a\x01b", r'"a\x01b"'),
    ("WEB_TOKEN", CANARY, "what was given (not shown)"),
    ("WEB_LISTEN", "pi:0", '"pi:0"'),
    ("WEB_LISTEN", "{x}", '"{x}"'),
    ("MQTT_HOST", "“localhost”", '"“localhost”"'),
    ("MQTT_PASSWORD", f"{CANARY}\udcff", "what was given (not shown)"),
    ("MQTT_TLS", "maybe", '"maybe"'),
    ("MQTT_CLIENT_ID", "{host}", '"{host}"'),
    ("MQTT_TOPIC", "home/+/tic", '"home/+/tic"'),
    ("PAYLOAD_NUMBERS", "true", '"true"'),
    ("PAYLOAD_EXCLUDE", "ADCO;PRM", '"ADCO;PRM"'),
    ("METRICS_FILE", "teleinfo.prom", '"teleinfo.prom"'),
    ("METRICS_FILE", "/run/teleinfo.txt", '"/run/teleinfo.txt"'),
    ("PRICES", "16", '"16"'),
    ("STATE_TOPICS_DEAD_BAND", "power.apparent_import", '"power.apparent_import"'),
    ("STATE_TOPICS_DEAD_BAND", "power.apparent_import=-1", '"power.apparent_import=-1"'),
    ("PUBLISH_INTERVAL", "1e2", '"1e2"'),
    ("PUBLISH_INTERVAL", "86401", '"86401"'),
]
NO_LABEL = "has an étiquette that no meter sends"
NO_NUMBER = "has a name that is no number of the state"
SAME = "is the same as TELEINFO_MQTT_TOPIC, where Home Assistant has its own status"
NO_ADDRESS = "has no address: write 0.0.0.0:8081 for every device at home, or 127.0.0.1:8081"
# The whole line after `TELEINFO_<variable>: `, or its beginning.
OTHERS = [
    ("MQTT_PORT", "x", '"x" is not a port number (1–65535); default 1883, or 8883 with TLS'),
    ("MQTT_QOS", "x", '"x" is not 0, 1 or 2; default 1'),
    ("MQTT_PASSWORD", CANARY, "is given without TELEINFO_MQTT_USERNAME; set both"),
    ("MQTT_TLS_CA_FILE", "/nowhere.pem", '"/nowhere.pem" cannot be read: No such file or directory'),
    ("MQTT_TLS_CA_FILE", "/dev/null", "has no effect without TELEINFO_MQTT_TLS=true; set it"),
    ("MQTT_TOPIC", "é" * 101, f'"{"é" * 80}…" is too long: at most 200 bytes; default teleinfo'),
    (
        "MQTT_TOPIC",
        "maison/state",
        '"maison/state" ends with state, the name of a topic of ours below it; choose another last word',
    ),
    ("PAYLOAD_EXCLUDE", "ADC0", f'"ADC0" {NO_LABEL}, ADC0; did you mean ADSC, ADCO?'),
    ("PAYLOAD_EXCLUDE", "PRM_HORODATE", f'"PRM_HORODATE" {NO_LABEL}, PRM_HORODATE; did you mean PRM, '),
    (
        "PRICES",
        "HX=0.2",
        '"HX=0.2" has a price for HX: no tariff period (TH is Base), and no index of a supplier (EASF06)',
    ),
    ("PRICES", "HC=0.1 hc=0.2", '"HC=0.1 hc=0.2" has two prices for HC'),
    ("PRICES", "HC=0.1 HP=x", '"HC=0.1 HP=x" has no price in euros for HP, such as 0.1696'),
    ("PRICES", "TH=20.16", '"TH=20.16" has no price in euros for TH, such as 0.1696'),
    (
        "STATE_TOPICS_DEAD_BAND",
        "power/active=20",
        f'"power/active=20" {NO_NUMBER}, power/active; did you mean',
    ),
    (
        "STATE_TOPICS_DEAD_BAND",
        "power.apparent_net=5",
        "has no effect without TELEINFO_STATE_TOPICS=true; set",
    ),
    (
        "STATE_TOPICS_DEAD_BAND",
        "power.active=20 power.active=50",
        '"power.active=20 power.active=50" has two bands for power.active',
    ),
    ("STATE_TOPICS_DEAD_BAND", "labels.PAPP=20", f'"labels.PAPP=20" {NO_NUMBER}, labels.PAPP; did you mean'),
    ("STATE_TOPICS_DEAD_BAND", "tariff.code=1", f'"tariff.code=1" {NO_NUMBER}, tariff.code; did you mean'),
    ("HOMEASSISTANT_PREFIX", "teleinfo", SAME),
    ("WEB_LISTEN", "8081", f'"8081" {NO_ADDRESS}'),
    ("WEB_LISTEN", ":8081", f'":8081" {NO_ADDRESS}'),
]
LINES = OTHERS + [
    (variable, value, f"{shown} is not {Message(IN_WORDS[variable.lower()].allowed, name='{hostname}')}")
    for variable, value, shown in NOT_ALLOWED
]


@pytest.mark.parametrize(("variable", "value", "line"), LINES)
def test_a_wrong_value_is_one_line_in_both_languages(
    variable: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable, the given value, what is allowed, the default: in English, and every word in French."""
    begin = f"TELEINFO_{variable}: {line}"
    # A second setting may be missing, which is a fault of its own.
    [message] = [fault for fault in faults(**{variable: value}) if fault.startswith(begin)]
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")

    assert _(message).startswith(f"TELEINFO_{variable}\N{NO-BREAK SPACE}: ")
    assert not re.search(r" (is|are|has|did|cannot|default) ", _(message))


def test_a_key_goes_with_a_certificate() -> None:
    assert faults(MQTT_TLS="true", MQTT_TLS_KEY_FILE="/dev/null") == [
        "TELEINFO_MQTT_TLS_KEY_FILE: is given without TELEINFO_MQTT_TLS_CERT_FILE; set both"
    ]


def test_a_certificate_that_cannot_be_read_is_one_fault_not_two() -> None:
    """The key beside it is not at fault."""
    found = faults(MQTT_TLS="true", MQTT_TLS_CERT_FILE="/nowhere", MQTT_TLS_KEY_FILE="/dev/null")

    assert found == ['TELEINFO_MQTT_TLS_CERT_FILE: "/nowhere" cannot be read: No such file or directory']


def test_the_name_of_the_machine_is_filled_in() -> None:
    """In the client id, the topic and the user name, which may have other braces."""
    settings = loaded(MQTT_CLIENT_ID="a-{hostname}", MQTT_TOPIC="a/{hostname}", MQTT_USERNAME="{x}{hostname}")
    name = os.uname().nodename

    assert (settings.mqtt_client_id, settings.mqtt_topic) == (f"a-{name}", f"a/{name}")
    assert settings.mqtt_username == f"{{x}}{name}"


def test_the_broker_of_the_settings() -> None:
    """Its address and our identity; TLS, and the port of TLS, only if it is switched on."""
    plain = loaded(MQTT_HOST="::1", MQTT_CLIENT_ID="me", MQTT_USERNAME="user", MQTT_PASSWORD=CANARY).broker
    tls = loaded(MQTT_TLS="true", MQTT_TLS_CA_FILE="/dev/null", MQTT_TLS_INSECURE="true").broker

    assert plain == Broker("::1", 1883, "me", "user", CANARY)
    assert loaded(MQTT_TLS="true", MQTT_PORT="1883").broker.port == 1883
    assert (tls.port, tls.tls) == (8883, Tls(ca_file="/dev/null", insecure=True))


def test_a_base_topic_never_ends_like_a_topic_of_ours() -> None:
    """So no meter publishes its readings where another, on the topic above, has its state."""
    ours = [topic.rpartition("/")[2] for topic in vars(Topics("teleinfo")).values() if "/" in topic]
    for word in [*ours, "doctor", "prices"]:
        for topic in (word, f"maison/{word}"):
            assert len(faults(MQTT_TOPIC=topic)) == 1
        assert loaded(MQTT_TOPIC=f"maison/{word}/cave").mqtt_topic == f"maison/{word}/cave"
    assert loaded(HOMEASSISTANT_PREFIX="homeassistant").homeassistant_prefix == "homeassistant"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("STATE_TOPICS", "true"), ("HOMEASSISTANT", "true"), ("METRICS_FILE", "/run/teleinfo.prom")],
)
def test_what_is_made_of_the_state_is_refused_without_it(variable: str, value: str) -> None:
    """The state is there by default; readings alone are what is asked for with false."""
    assert loaded().state
    assert not loaded(STATE="false").state
    assert loaded(**{variable: value}).state
    why = "is made of the state, which TELEINFO_STATE=false turns off; remove one of the two"
    assert faults(STATE="false", **{variable: value}) == [f"TELEINFO_{variable}: {why}"]


NAME = os.uname().nodename.partition(".")[0]


@pytest.mark.parametrize(
    ("listen", "page"),
    [
        *(("127.0.0.1:8080", None), ("[::1]:8080", None), ("localhost:8080", None)),
        *(("0.0.0.0:8080", f"http://{NAME}.local:8080/"), ("[::]:80", f"http://{NAME}.local:80/")),
        *(("192.168.1.4", "http://192.168.1.4:8080/"), ("[fd00::4]:8081", "http://[fd00::4]:8081/")),
        ("meter.lan:8080", "http://meter.lan:8080/"),
    ],
)
def test_the_page_is_where_another_machine_reaches_it(listen: str, page: str | None) -> None:
    """Unless it has another address for browsers, or a secret one."""
    assert loaded(WEB_LISTEN=listen).page == page
    assert loaded(WEB_LISTEN=listen, WEB_URL="https://pi/").page == "https://pi/"
    assert loaded(WEB_LISTEN=listen, WEB_TOKEN="0123456789abcdef").page is None


def test_the_settings_do_not_show_the_password() -> None:
    """Neither their repr nor what pydantic says of a wrong one."""
    settings = loaded(MQTT_USERNAME="me", MQTT_PASSWORD=CANARY)
    with pytest.raises(pydantic.ValidationError) as caught:
        SettingsModel.model_validate({"mqtt_username": "me", "mqtt_password": CANARY, "mqtt_qos": 9})

    assert CANARY not in f"{settings!r} {settings} {caught.value!r} {caught.value}"


HOSTS = ["192.168.1.10", "fe80::1%eth0", "mqtt_broker", "broker.fr.", "café.fr"]
PORTS = ["/dev/serial/by-id/usb-FTDI-port0", "socket://[::1]:1", "rfc2217://box:2217"]


@pytest.mark.parametrize(
    ("variable", "value"), [("MQTT_HOST", host) for host in HOSTS] + [("SERIAL_PORT", port) for port in PORTS]
)
def test_a_good_host_or_port_is_accepted_as_it_is(variable: str, value: str) -> None:
    assert getattr(loaded(**{variable: value}), variable.lower()) == value


@given(st.text(max_size=300))
def test_a_host_that_passes_can_be_encoded_for_the_resolver(text: str) -> None:
    """The check lets nothing through on which the resolver would raise UnicodeError."""
    try:
        host = checks.host(text)
    except ValueError:
        return

    assert host.encode("idna")
