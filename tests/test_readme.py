"""What the README shows is what the program does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from teleinfo import settings
from teleinfo.cli import COMMANDS
from teleinfo.meter.encode import encode_frame
from teleinfo.payload import Options, encode
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the contents of the README's code blocks of one language."""
    return [
        "\n".join(line.strip() for line in block.splitlines())
        for block in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    ]


def test_the_table_of_settings_is_that_of_the_model() -> None:
    """Every variable with its default and its explanation, in the model's order."""
    table = re.findall(r"^\| `([A-Z_]+)` \| (?:`(.*?)`)? \| (.*) \|$", README, re.MULTILINE)

    assert table == [
        (row.variable.removeprefix("TELEINFO_"), row.default, row.explanation) for row in settings.rows()
    ]


def published(*sent: Group) -> str:
    """Return the payload of a frame with these groups."""
    [reading] = Decoder().feed(encode_frame(sent))
    return (encode(reading, Options(), now=0) or b"").decode()


def test_the_messages_shown_are_what_is_published() -> None:
    """Both samples are the payloads of frames that a meter could send."""
    historique = {
        "ADCO": "012345678901", "OPTARIF": "HC..", "ISOUSC": "45", "HCHC": "000019212", "HCHP": "000068306",
        "PTEC": "HP..", "IINST": "008", "IMAX": "090", "PAPP": "01940", "HHPHC": "A", "MOTDETAT": "000000",
    }  # fmt: skip
    standard = (
        ("ADSC", "012345678901", None),
        ("VTIC", "02", None),
        ("DATE", "", "H240213083144"),
        ("LTARF", "   HP  BLEU     ", None),
        ("SMAXSN", "02740", "E220609060531"),
    )

    assert [block.strip() for block in blocks("json")] == [
        published(*(Group(label, value, None, Mode.HISTORIQUE) for label, value in historique.items())),
        published(*(Group(label, value, horodate, Mode.STANDARD) for label, value, horodate in standard)),
    ]


def test_every_command_is_told() -> None:
    """The table of commands names each one that exists, and no other."""
    told = set(re.findall(r"^\| `teleinfo (\w+)|or `teleinfo (\w+)`", README, re.MULTILINE))

    assert {first or second for first, second in told} == set(COMMANDS)


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"^\s*make (\w+)", README, re.MULTILINE))))
def test_every_verb_of_make_exists(verb: str) -> None:
    """What the README asks of make, make can do."""
    asked = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", verb],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert asked.returncode == 0, asked.stderr


@pytest.mark.parametrize("block", [block for block in blocks("sh") if "TELEINFO_" in block])
def test_the_settings_shown_are_settings(block: str) -> None:
    """Every block of settings is read as it stands there."""
    environ = dict(line.split("=", 1) for line in block.split())
    read = settings.load(Path("/dev/null"), environ)

    assert len(environ) == len(read.model_fields_set)


def test_the_messages_of_the_node_red_flow_take_three_settings() -> None:
    """Numbers, timestamp and an interval of a minute."""
    [block] = [block for block in blocks("sh") if "PUBLISH_INTERVAL" in block]
    read = settings.load(Path("/dev/null"), dict(line.split("=", 1) for line in block.split()))

    assert (read.payload_numbers, read.payload_timestamp, read.publish_interval) == (True, True, 60)
