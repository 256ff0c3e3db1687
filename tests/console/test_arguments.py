"""The messages of the command line about wrong arguments, in English and in French."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from teleinfo.cli import main as cli
from teleinfo.common import i18n
from teleinfo.console.arguments import count, not_negative, positive, share

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("read", "right", "wrong", "said"),
    [
        (count, "1 1200", "0 -1 1.5 many", "is not a number of 1 or more"),
        (positive, "0.1", "0 -0.1 inf nan soon", "is not a number above 0"),
        (not_negative, "0 1e3", "-0.1 -inf inf nan soon", "is not a number of 0 or more"),
        (share, "0 0.001 1", "-0.1 1.1 inf nan 5%", "is not a number from 0 to 1"),
    ],
)
def test_a_number_within_its_bounds_is_read_and_another_is_refused(
    read: Callable[[str], float], right: str, wrong: str, said: str
) -> None:
    assert [read(text) for text in right.split()] == [float(text) for text in right.split()]
    for text in ('""', *wrong.split()):
        with pytest.raises(argparse.ArgumentTypeError) as caught:
            read(text.strip('"'))
        assert str(caught.value) == f"{text} {said}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fly", "erreur : argument command : 'fly' n’est pas un choix possible (choisissez parmi "),
        ("run --fly", "erreur : arguments inconnus : --fly"),
        ("record --seconds", "erreur : argument --seconds : il manque une valeur"),
        ("record --seconds soon", "erreur : argument --seconds : soon n’est pas un nombre supérieur à 0"),
        ("decode --state --events", "incompatible avec l’argument "),
        ("simulate --seed x", "erreur : argument --seed : valeur incorrecte (int attendu) : 'x'"),
        ("--env-file x simulate", "erreur : simulate ne lit aucun réglage : enlevez --env-file"),
    ],
)
def test_a_usage_error_is_in_the_language_of_the_user(
    line: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No word of it is English on a French screen."""
    monkeypatch.setenv("TELEINFO_LANGUAGE", "fr")
    with pytest.raises(SystemExit) as caught:
        cli.main(line.split())
    text = capsys.readouterr().err

    assert caught.value.code == 2
    assert text.startswith("utilisation : teleinfo")
    assert said in text


@pytest.mark.parametrize("name", ["", *cli.COMMANDS])
def test_the_help_is_in_the_language_of_the_user(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Headings and explanations; the program names every command, and a command has its own options."""
    monkeypatch.setenv("TELEINFO_LANGUAGE", "fr")
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")  # for what the test looks up
    with pytest.raises(SystemExit) as caught:
        cli.main([*name.split(), "--help"])
    text = capsys.readouterr().out

    assert caught.value.code == 0
    assert text.startswith("utilisation : teleinfo " + name)
    assert "afficher cette aide" in text
    assert " the " not in text
    assert ("--env-file" in text) is (not name or cli.COMMANDS[name].reads_settings)
    shown = cli.COMMANDS if not name else {}
    assert all(f"  {each} " in text and i18n._(command.help) in text for each, command in shown.items())
