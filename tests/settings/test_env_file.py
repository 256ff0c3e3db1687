"""The settings file: its grammar, its names, and the faults in it."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.settings import default_env_file, env_file
from teleinfo.settings.sources import file_warnings
from teleinfo.vocabulary.words import Message
from tests.settings.loading import CANARY, faults, loaded, written

if TYPE_CHECKING:
    from collections.abc import Callable

AMBIGUOUS = (
    "a backslash, or a # after a blank, is not read alike by every program: "
    "write the value in single quotes, and comments on lines of their own"
)
TWO_VALUES = "with different values, first on line 4: remove one of the two"
APOSTROPHE_WITHIN = (
    "the value between the two ' has a ' in it: write it between two \", "
    'with a backslash before each " and each backslash in it'
)
TYPOGRAPHIC = (
    "would be a part of the value: write the quote ' or \" of the keyboard in its place, "
    "or the whole value between two of them"
)
NOT_UTF_8 = (
    "a letter of the value is not in UTF-8: type the value again here, "
    "or save the file as UTF-8 where it was written"
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


def test_a_setting_without_its_prefix_or_with_two_values_is_a_fault(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "# SERIAL_PORT=/dev/ttyUSB0\nTZ=UTC\nmqtt_host=other\nTELEINFO_LED=a\nteleinfo_led=b\n",
    )

    assert faults(path) == [
        f"{path} line 3: mqtt_host is no setting; did you mean TELEINFO_MQTT_HOST?",
        f"{path} line 5: teleinfo_led: is given twice {TWO_VALUES}",
    ]


def test_a_line_that_says_again_what_an_earlier_one_says_is_a_warning(tmp_path: Path) -> None:
    """As when a command that adds it is typed twice; each further line is one, and no value is shown."""
    line = f"TELEINFO_MQTT_PASSWORD={CANARY}\n"
    path = written(tmp_path, f"{line}TELEINFO_MQTT_USERNAME=a\n{line}teleinfo_mqtt_password='{CANARY}'\n")
    warning = "is given twice with the same value, first on line 1: one line is enough"

    assert loaded(path).mqtt_password == CANARY
    assert file_warnings([path, Path(os.devnull)]) == [
        f"{path} line 3: TELEINFO_MQTT_PASSWORD: {warning}",
        f"{path} line 4: teleinfo_mqtt_password: {warning}",
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
        ("/run/credentials/teleinfo@my_meters_2.service/teleinfo.env", "/etc/teleinfo/my_meters_2.env"),
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


def test_a_name_that_cannot_be_a_path_is_a_fault() -> None:
    assert faults(Path("a\0b")) == ["a\0b: cannot be read: not a path"]


NOT_READ_ALIKE = [
    (f"PASSWORD={CANARY} #1", AMBIGUOUS),
    ("HOST broker", "write TELEINFO_MQTT_HOST=value"),
    ("HOST='x", "' begins the value, so ' must end the line; comments stand on lines of their own"),
    ("HOST='x' # y", "' begins the value, so ' must end the line; comments stand on lines of their own"),
    ("HOST='x’", "' begins the value, so ' must end the line, not ’"),
    ('HOST="x”', '" begins the value, so " must end the line, not ”'),
    (f"PASSWORD='{CANARY}'1'", APOSTROPHE_WITHIN),
    (
        f'PASSWORD="{CANARY}"1"',
        'the value between the two " has a " in it: put a backslash before each " in it',
    ),
]


@pytest.mark.parametrize(("line", "fault"), NOT_READ_ALIKE)
def test_a_line_that_programs_read_differently_is_a_fault(line: str, fault: str, tmp_path: Path) -> None:
    """Its value is not shown; a line of another program is not judged."""
    path = written(tmp_path, f"OTHER=a\\b\nTELEINFO_MQTT_{line}\n")
    name = re.split(r"[= ]", line)[0]

    assert faults(path) == [f"{path} line 2: TELEINFO_MQTT_{name}: {fault}"]


@pytest.mark.parametrize("quotes", ["“”", "„“", "«»", "‘’", "‹›", "””"])
def test_typographic_quotes_about_a_value_are_a_fault(quotes: str, tmp_path: Path) -> None:
    """Those of a telephone or of an editor of texts; within the quotes of the keyboard they are text."""
    opening = quotes[0]
    closing = quotes[1]
    path = written(tmp_path, f"TELEINFO_METER_NAME={opening} cave {closing}\n")

    assert faults(path) == [f"{path} line 1: TELEINFO_METER_NAME: {opening} {TYPOGRAPHIC}"]
    for text in (f"'{opening}cave{closing}'", f'"{opening}cave{closing}"'):
        path.write_text(f"TELEINFO_METER_NAME={text}\n", encoding="utf-8")
        assert loaded(path).meter_name == f"{opening}cave{closing}"


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        ("export ", "export"),
        ("- ", "-"),
        ("-", "-"),
        ("\N{NO-BREAK SPACE}", "U+00A0"),
        ("\N{ZERO WIDTH NO-BREAK SPACE}", "U+FEFF"),
        ('"', '"'),
        ("$env:", "$env:"),
        ("TELEINFO_STATE ", "TELEINFO_STATE"),
    ],
)
def test_what_stands_before_a_name_is_a_fault(before: str, shown: str, tmp_path: Path) -> None:
    """Such a line is refused and not left without effect: the blanks of a web page do not show."""
    path = written(tmp_path, f"\n {before}TELEINFO_MQTT_HOST = x\n#{before}TELEINFO_MQTT_HOST=x\n")

    [fault] = faults(path)
    advice = (
        f"write TELEINFO_MQTT_HOST=value, with nothing before it: delete {shown} at the begin of the line"
    )
    assert fault == f"{path} line 2: TELEINFO_MQTT_HOST: {advice}"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_a_fault_with_the_command_that_cures_it(encoding: str, tmp_path: Path) -> None:
    """Notepad wrote it so for years, with a mark at its begin; other programs leave the mark out."""
    path = tmp_path / "my settings"
    path.write_text("# été\r\nTELEINFO_METER_NAME=Été\r\n", encoding=encoding)
    path.chmod(0o600)

    [fault] = faults(path)
    advice, _or, command = fault.partition(" or convert it: ")
    assert advice == f"{path}: is in UTF-16: save it again as UTF-8 where it was written,"
    subprocess.run(command, shell=True, check=True)
    assert loaded(path).meter_name == "Été"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_part_in_utf_16_is_a_fault_of_its_line(tmp_path: Path) -> None:
    """PowerShell adds one with >>."""
    path = tmp_path / "mine"
    path.write_bytes(b"TELEINFO_MQTT_QOS=0\n" * 9 + "TELEINFO_LED=a\n".encode("utf-16-le"))

    assert faults(path) == [
        f"{path} line 10: has a byte 0, as text in UTF-16 has: delete this line, and type it again"
    ]


def test_a_letter_that_is_not_utf_8_is_a_fault_where_it_is_in_a_value(tmp_path: Path) -> None:
    """It is not looked for in a comment, nor in a line of another program."""
    path = tmp_path / "mine"
    lines = "# été\nOTHER=été\nTELEINFO_MQTT_QOS=0\n"
    path.write_text(lines, encoding="latin-1")
    assert loaded(path) == loaded(MQTT_QOS="0")

    path.write_text(f"{lines}TELEINFO_MQTT_TOPIC='été'\n", encoding="latin-1")
    assert faults(path) == [f"{path} line 4: TELEINFO_MQTT_TOPIC: {NOT_UTF_8}"]


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
        ("export A=1", {"export": None}),
        ("A='x", {"A": None}),
        ("A='x' # y", {"A": None}),
        ("A= # y", {"A": None}),
        ("A=x\\", {"A": None}),
    ],
)
def test_a_line_of_the_file_has_one_meaning(text: str, values: dict[str, str | None]) -> None:
    """The grammar is that of systemd's EnvironmentFile=; None stands where another reader would differ."""
    lines = env_file.parse(text)

    meanings: dict[str, str | None] = {}
    for _number, name, value in lines:
        meanings[name] = None if isinstance(value, Message) else value
    assert meanings == values
