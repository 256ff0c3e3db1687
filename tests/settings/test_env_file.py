"""The settings file: its grammar, its names, and the faults in it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.settings import default_env_file, env_file
from teleinfo.vocabulary.words import Message
from tests.settings.loading import CANARY, faults, loaded, written

if TYPE_CHECKING:
    from collections.abc import Callable

AMBIGUOUS = (
    "a backslash, or a # after a blank, is not read alike by every program: "
    "write the value in single quotes, and comments on lines of their own"
)
UNKNOWN = [
    ("TELEINFO_MQTT_PROT=1", "TELEINFO_MQTT_PROT", "did you mean TELEINFO_MQTT_PORT?"),
    ("TELEINFO_SERIAL_DEVICE=/dev/x", "TELEINFO_SERIAL_DEVICE", "did you mean TELEINFO_SERIAL_PORT?"),
    ("TELEINFO.LOG-LEVEL=INFO", "TELEINFO.LOG-LEVEL", "did you mean TELEINFO_LOG_LEVEL?"),
    ("TELINFO_MQTT_HOST=x", "TELINFO_MQTT_HOST", "did you mean TELEINFO_MQTT_HOST?"),
    ("TELEINFO_XYZ=x", "TELEINFO_XYZ", ".env-sample lists them all"),
    ("TELEINFO LOG_LEVEL=x", "TELEINFO", ".env-sample lists them all"),
]


@pytest.mark.parametrize(("line", "name", "advice"), UNKNOWN)
def test_an_unknown_name_in_the_file_is_a_fault(line: str, name: str, advice: str, tmp_path: Path) -> None:
    """With its place and the nearest name; the value is not shown."""
    path = written(tmp_path, f"\n{line}\n")

    assert faults(path) == [f"{path} line 2: {name}: there is no such setting; {advice}"]


def test_variables_of_other_programs_are_ignored(tmp_path: Path) -> None:
    path = written(tmp_path, "TZ='broken\nZ2M_MQTT_PORT=1\nTELEINFO_MQTT_QOS=0\nTELEINFOS_X=1\nhello world\n")

    assert loaded(path) == loaded(MQTT_QOS="0")


def test_a_setting_without_its_prefix_or_given_twice_is_a_fault(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "# SERIAL_PORT=/dev/ttyUSB0\nTZ=UTC\nmqtt_host=other\nTELEINFO_LED=a\nteleinfo_led=a\n",
    )

    assert faults(path) == [
        f"{path} line 3: mqtt_host is no setting; did you mean TELEINFO_MQTT_HOST?",
        f"{path} line 5: teleinfo_led: is given twice, first on line 4",
    ]


def test_a_line_that_cannot_be_read_brings_no_second_fault(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "TELEINFO_MQTT_USERNAME='me\nTELEINFO_MQTT_PASSWORD=x\nTELEINFO_MQTT_TLS=true # yes\n"
        "TELEINFO_MQTT_TLS_CA_FILE=/dev/null\n",
    )

    assert [line.split(": ")[1] for line in faults(path)] == ["TELEINFO_MQTT_USERNAME", "TELEINFO_MQTT_TLS"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/run/credentials/teleinfo-web.service/teleinfo.env", "/etc/teleinfo/teleinfo.env"),
        ("/run/credentials/teleinfo@production.service/teleinfo.env", "/etc/teleinfo/production.env"),
        ("/run/credentials/teleinfo-web.service/teleinfo@production.env", "/etc/teleinfo/production.env"),
        ("/run/credentials/teleinfo.service/meters_garage.env", "/etc/teleinfo/meters/garage.env"),
        ("/run/credentials/other.service/teleinfo.env", "/run/credentials/other.service/teleinfo.env"),
    ],
)
def test_a_fault_names_the_file_that_can_be_edited(path: str, shown: str) -> None:
    """Not the copy of it that systemd hands over as a credential."""
    assert faults(Path(path)) == [f"{shown}: cannot be read: No such file or directory"]


def test_the_file_of_a_command_that_looks_at_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = tmp_path / "teleinfo.env"
    monkeypatch.setattr(env_file, "SERVICE_FILE", service)
    assert default_env_file() is None
    (tmp_path / ".env").touch()
    assert default_env_file() == Path(".env")
    service.touch()
    assert default_env_file() == service


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.resolve, "cannot be read: No such file or directory"),
        (lambda path: path.symlink_to("/dev/zero"), "cannot be read: File too large"),
        (os.mkfifo, "cannot be read: No data available"),
        (lambda path: path.write_bytes(b"TELEINFO_MQTT_HOST=\xe9\n"), "is not text in UTF-8"),
    ],
)
def test_a_named_file_that_cannot_be_read_is_a_fault(
    make: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine"
    make(path)

    # The user name may be in the file: the password alone is no fault.
    assert faults(path, MQTT_QOS="9", MQTT_PASSWORD="x") == [
        f"{path}: {reason}",
        'TELEINFO_MQTT_QOS: "9" is not 0, 1 or 2; default 1',
    ]


def test_a_line_that_programs_read_differently_is_a_fault(tmp_path: Path) -> None:
    """The line is named by its number; its value is not shown, and other programs' lines are not judged."""
    text = (
        f"OTHER=a\\b\nTELEINFO_MQTT_PASSWORD={CANARY} #1\nTELEINFO_MQTT_HOST broker\nTELEINFO_MQTT_TOPIC='x\n"
    )

    assert [re.sub(r"^.*mine line ", "", line) for line in faults(written(tmp_path, text))] == [
        f"2: TELEINFO_MQTT_PASSWORD: {AMBIGUOUS}",
        "3: TELEINFO_MQTT_HOST: write TELEINFO_MQTT_HOST=value, with nothing before it",
        "4: TELEINFO_MQTT_TOPIC: a quote opens the value, so the same quote must end the line",
    ]


@given(st.text(st.characters(exclude_characters="'\r\n", exclude_categories=["Cs"])))
def test_single_quotes_keep_any_value(value: str) -> None:
    assert env_file.parse(f"X='{value}'") == [(1, "X", value)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("\ufeffA=1\r\nB=2\rC=3", {"A": "1", "B": "2", "C": "3"}),
        (" A = x y \n", {"A": "x y"}),
        ("# A=1\n; B=2\n\n=3\n?\n", {}),
        ("A=$HOME ${B} a#b it's\n", {"A": "$HOME ${B} a#b it's"}),
        (r'A="a\"b\\c\$d\te"', {"A": r'a"b\c$d\te'}),
        ("A=\nB=''", {"A": "", "B": ""}),
        ("A=b\x0c", {"A": "b\x0c"}),
        ("export A=1", {"A": None}),
        ("A='x", {"A": None}),
        ("A='x' # y", {"A": None}),
        ("A= # y", {"A": None}),
        ("A=x\\", {"A": None}),
    ],
)
def test_a_line_of_the_file_has_one_meaning(text: str, values: dict[str, str | None]) -> None:
    """The grammar of systemd's EnvironmentFile=; None where another reader would differ."""
    lines = env_file.parse(text)

    assert {name: None if isinstance(value, Message) else value for _, name, value in lines} == values
