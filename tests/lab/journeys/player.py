"""
Player of the journeys of table.toml: break the system, read the doctor's screen, do what it advises.

A person would judge as `play` does: the first fault, the ticks, the exit status, the advice and whether it
cures, the journal, and the language. The person is an ordinary user who may use sudo; what an advice opens in
an editor is edited there.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import time
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from teleinfo.common.i18n import catalogue
from teleinfo.vocabulary.words import Language
from tests.lab.system import readme, roots
from tests.lab.system.container import LIMIT, Container
from tests.lab.system.roots import Recipe

PYTHONS = {"trixie": "3.13", "bookworm": "3.11"}
LOGGED = 150.0
"""Seconds for a line of the log: what was lost must hold for a minute until it counts as back."""

_TABLE = Path(__file__).with_name("table.toml")
_STAGE = Path("/opt/checkout", Path(__file__).with_name("stage.sh").relative_to(roots.PROJECT))
_FAULT = "✗"
_WARNING = "!"
_WELL = "✓"
_UNKNOWN = "?"
_FINDING = re.compile(rf"  ([{_FAULT}{_WARNING}{_WELL}{_UNKNOWN}]) (.*)")
_COMMAND = re.compile(r" {8}\S")
_TELEINFO_SETTING = re.compile(r"TELEINFO_\w+=")
_RIGHT = re.compile(r"(user|topic) ")
_EDIT_SETTINGS = "sudoedit /etc/teleinfo/teleinfo.env"
_EDITS_FILE = re.compile(r"(sudoedit|nano|sudo nano) ")
_EDITS_UNIT = re.compile(r"sudo systemctl edit (\S+)")
# Commands that show something, and change nothing.
_LOOK = re.compile(
    r"(sudo )?(dmesg|env|getent|journalctl|ls|mosquitto_sub|openssl|ping|systemctl status|teleinfo"
    r"|timedatectl)\b"
)
# Shorter texts of the catalogue are words that both languages have.
_SENTENCE = 16
_OWN_LINES = "_SYSTEMD_UNIT=teleinfo.service + _SYSTEMD_UNIT=teleinfo-web.service"
_LOCALES = {Language.FR: "fr_FR.UTF-8", Language.EN: "en_GB.UTF-8"}
_EDITOR = """#!/bin/sh
# The person in the editor: what a journey writes into /srv/edit is done to the file, the last argument.
for settings in "$@"; do :; done
. %s
. /srv/edit
"""


@dataclass(frozen=True, slots=True)
class Journey:
    """
    A first evening, by its row in the specification. All texts but the commands are regular expressions.

    given: the commands that break a system on which all is well, with the functions of stage.sh.
    settings: lines for the end of the settings file.
    starts: the service is started then.
    logged: each is in one line of the journal of the service, once.
    user: an ordinary user asks the doctor, without sudo.
    fault: the first fault on the doctor's screen ("area: title message"), or none.
    unjudged: without a fault, the exit status is 1, since something could not be judged.
    status: the exit status, where it is neither 0 nor 1.
    shown: each is a finding ("! area: title message"), or in the summary.
    unticked: titles or areas beside which no tick may stand.
    edits: what the person changes in the settings file, by the functions of stage.sh: a password, a host.
    then: what the person does elsewhere: a cable, another machine. Root types it for them.
    hands_off: the person does that alone, and nobody restarts the service.
    english: the patterns of the same evening in English, where it is played in English too.
    bookworm, brief: it is played on Debian 12 too, and by .ci/run.
    """

    row: int
    title: str
    given: str = ""
    settings: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    fault: str = ""
    unjudged: bool = False
    status: int = 0
    shown: list[str] = field(default_factory=list)
    unticked: list[str] = field(default_factory=list)
    edits: str = ""
    then: str = ""
    hands_off: bool = False
    user: bool = False
    starts: bool = True
    bookworm: bool = False
    brief: bool = False
    english: dict[str, Any] | None = None
    language: Language = Language.FR

    @property
    def name(self) -> str:
        """The name of its test."""
        name = f"{self.row:02}-{self.title.replace(' ', '-')}"
        return name if self.language is Language.FR else f"{name}-in-English"

    def in_english(self) -> Journey:
        """Return the same evening in English, which Debian 13 alone plays."""
        return replace(
            self, **(self.english or {}), english=None, bookworm=False, brief=False, language=Language.EN
        )


@dataclass(slots=True)
class Finding:
    """A finding on the screen of the doctor."""

    area: str
    mark: str
    text: str
    commands: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Screen:
    """The screen of the doctor: the text and exit status, the findings, the summary and its commands."""

    text: str
    status: int
    findings: list[Finding]
    summary: str
    closing: list[str]

    def first(self, mark: str) -> Finding | None:
        """Return the first finding with this mark, None if there is none."""
        for finding in self.findings:
            if finding.mark == mark:
                return finding
        return None


def _journeys() -> list[Journey]:
    """Return the journeys of the table, each in French and, behind it, in English if it is played so."""
    journeys = []
    for row in tomllib.loads(_TABLE.read_text(encoding="utf-8"))["journey"]:
        journey = Journey(**row)
        journeys.append(journey)
        if journey.english is not None:
            journeys.append(journey.in_english())
    return journeys


JOURNEYS = _journeys()


def parse(said: str) -> Screen:
    """
    Take a screen apart, whose last line is the exit status.

    Below its first line come the areas with their findings, then the summary:

        Area
          ✗ title      message
                       that may go on
                an advised command, eight spaces in
        Summary
                a command for the end

    Without any finding the command says why it cannot run: this is returned as a single fault.
    """
    text, _newline, status = said.rstrip("\n").rpartition("\n")
    lines = [*text.splitlines()[1:], ""]
    findings: list[Finding] = []
    summary: list[str] = []
    closing: list[str] = []
    area = ""
    is_in_finding = False  # else before the first one, or in the summary
    for line, following in itertools.pairwise(lines):
        words = " ".join(line.split())
        begin = _FINDING.fullmatch(line)
        if begin is not None:
            mark, title_and_message = begin.groups()
            findings.append(Finding(area, mark, f"{area}: {' '.join(title_and_message.split())}"))
            is_in_finding = True
        elif _COMMAND.match(line):
            commands = findings[-1].commands if is_in_finding else closing
            commands.append(line.strip())
        elif is_in_finding and line.startswith(" "):
            findings[-1].text += f" {words}"
        elif _FINDING.fullmatch(following):
            area = line
        elif line:
            summary.append(words)
            is_in_finding = False
    if not findings:
        advice = [line.strip() for line in text.splitlines() if line.startswith("    ")]
        findings.append(Finding("", _FAULT, " ".join(text.split()), advice))
    return Screen(text, int(status), findings, " ".join(summary), closing)


class House(Container):
    """A system on which an ordinary user has followed the README, in French, up to its fourth step."""

    def __init__(self, suite: str, folder: Path) -> None:
        super().__init__(
            Recipe(
                suite,
                # tzdata for the simulated meter, which runs without the libraries of the program.
                installed=(
                    *("dbus", "iproute2", "libbpf1", "locales", "openssl", "passwd", "procps", "python3"),
                    *("sudo", "systemd", "systemd-sysv", "tzdata"),
                ),
                offered=(
                    *("git", "make", "mosquitto", "mosquitto-clients", "python3-venv"),
                    *("avahi-daemon", "avahi-utils", "libnss-mdns", "libfaketime", "ser2net", "socat"),
                ),
            ),
            folder,
        )
        self._suite = suite

    def install(self) -> None:
        """Type the lines of the README; PyPI is a folder."""
        readme.prepare(self)
        shutil.copytree(roots.wheels(PYTHONS[self._suite]), self.root / "srv/wheels")
        (self.root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
        for locale in _LOCALES.values():
            self.run(f"localedef -i {locale.partition('.')[0]} -f UTF-8 {locale}")
        self.speak(Language.FR)
        for block in readme.section("2. Le programme"):
            readme.type_in(self, block)
        self.run("systemctl mask --quiet ser2net; apt-get install -y -q libfaketime ser2net socat", limit=300)
        # `editor` is what sudoedit and systemctl start on Debian where no variable names another editor.
        for name in ("editor", "nano"):
            path = self.root / "usr/local/bin" / name
            path.write_text(_EDITOR % _STAGE)
            path.chmod(0o755)
        self.run("ln -s /usr/local/bin/editor /usr/bin/editor")
        self.run("systemctl disable --now --quiet meter@ttyAMA0; mkdir /srv/clean")
        self.run("cp -p /etc/teleinfo/teleinfo.env /etc/hosts /srv/clean")
        self.run("cp -pr /usr/local/lib/systemd/system /srv/units")

    def speak(self, language: Language) -> None:
        """Let the machine have the locale of this language, as its installer asks, and French time."""
        self.staged(f"machine {_LOCALES[language]} Europe/Paris")

    def namespace(self, name: str) -> str:
        """Return the path, outside, of a network namespace inside."""
        return str(Path("/proc", str(self._init()), "root", "run/netns", name))

    def cut_power(self) -> None:
        """End all that runs inside at once, and boot again."""
        os.kill(self._init(), signal.SIGKILL)
        self._nspawn.process.wait(LIMIT)
        self._start()

    def staged(self, script: str) -> str:
        """Run a script with the functions of stage.sh."""
        return self.run(f". {_STAGE}\n{script}", limit=180)

    def typed(self, line: str, *, check: bool = True) -> str:
        """Let the user of the house type a line; return what it said, with the exit status as last line."""
        command = f"su --login {readme.USER} --command {shlex.quote(line)} 2>&1"
        said = self.run(f"{command}; printf '\\n%s' $?", limit=180)
        _text, _newline, status = said.rpartition("\n")
        assert status == "0" or not check, f"{line}: {said}"
        return said

    def edit(self, line: str, change: str) -> None:
        """Let the user type a line that opens an editor, in which the person makes this change."""
        (self.root / "srv/edit").write_text(change + "\n")
        # systemctl opens no editor outside of a terminal.
        self.typed(f"script --quiet --return --command {shlex.quote(line)} /dev/null")

    def doctor(self, *, sudo: bool = True) -> Screen:
        """Let the user ask the doctor."""
        line = "sudo teleinfo doctor" if sudo else "teleinfo doctor"
        return parse(self.typed(line, check=False))

    def open_page(self) -> None:
        """Type the last lines of the README, unless the journey has done so."""
        if self.property("UnitFileState", "teleinfo-web") != "enabled":
            readme.type_in(self, readme.section("La page")[0])

    def state(self) -> dict[str, Any]:
        """Return the next state that is published."""
        state: dict[str, Any] = json.loads(self.run("mosquitto_sub -t teleinfo/state -C 1 -R"))
        return state

    def logged(self, cursor: str, which: str = "-u teleinfo") -> list[str]:
        """
        Return the lines of the journal since `cursor`, with plain blanks in place of those of French.

        `which`: options or fields of journalctl that choose them; without any, all lines.
        """
        said = self.run(f"journalctl -o cat --no-pager {which} --after-cursor='{cursor}'")
        return [" ".join(line.split()) for line in said.splitlines()]

    def logs(self, cursor: str, pattern: str) -> None:
        """Return once a line that matches `pattern` stands in the journal of the service since `cursor`."""
        end = time.monotonic() + LOGGED
        while True:
            journal = "\n".join(self.logged(cursor))
            if re.search(pattern, journal):
                return
            assert time.monotonic() < end, f"no {pattern} in: {journal}"
            time.sleep(0.3)

    def follow(self, lines: list[str], edits: str) -> None:
        """Type the lines of an advice; `edits` is the change in a settings file that one of them opens."""
        for line, additions in steps_of(lines):
            if _TELEINFO_SETTING.match(line):
                # Where no value follows the sign, only the household knows the value (see `edits`).
                if not line.endswith("="):
                    self.edit(_EDIT_SETTINGS, f"setting {shlex.quote(line)}")
            elif _RIGHT.match(line):
                self.typed(f"echo {shlex.quote(line)} | sudo tee -a /etc/mosquitto/acl")
                self.typed("sudo systemctl restart mosquitto")
            elif line == "sudo reboot":
                self.reboot()
            elif unit := _EDITS_UNIT.fullmatch(line):
                self._edit_unit(unit[1], additions)
            elif _EDITS_FILE.match(line):
                self.edit(line, edits)
            else:
                # In the checkout of the README, where `make` belongs; all other lines mean the same there.
                self.typed(f"cd teleinfo && {line}", check=not _LOOK.match(line))

    def _edit_unit(self, unit: str, additions: list[str]) -> None:
        """Type the line that edits a unit, add these lines where the file says so, and restart the unit."""
        marker = "/^### Anything between here/"
        changes = []
        # The last one first: each is put immediately behind the marker.
        for line in reversed(additions):
            append = shlex.quote(f"{marker}a {line}")
            changes.append(f'sed -i {append} "$settings"')
        self.edit(f"sudo systemctl edit {unit}", "\n".join(changes))
        self.typed(f"sudo systemctl restart {unit}")


def steps_of(lines: list[str]) -> list[tuple[str, list[str]]]:
    """
    Return the lines of an advice to type, each with those behind it that belong into the unit that it edits.

    Of all lines but `sudo systemctl edit UNIT` the second item is empty.
    """
    steps: list[tuple[str, list[str]]] = []
    additions: list[str] | None = None  # of the unit that the line before edits
    for line in lines:
        is_typed = line.startswith("sudo ") or _TELEINFO_SETTING.match(line) is not None
        if additions is not None and not is_typed:
            additions.append(line)
            continue
        own_additions: list[str] = []
        steps.append((line, own_additions))
        additions = own_additions if _EDITS_UNIT.fullmatch(line) else None
    return steps


def play(house: House, journey: Journey) -> None:
    """Play a journey, and judge it."""
    house.staged("reset")
    house.speak(journey.language)
    if journey.language is not Language.FR:
        house.settings(f"TELEINFO_LANGUAGE={journey.language}")
    cursor = house.run("journalctl -n 0 --show-cursor").strip().rpartition("-- cursor: ")[2]
    house.staged(journey.given)
    if journey.settings:
        house.settings(*journey.settings)
    if journey.starts:
        house.run("systemctl start teleinfo", check=False)
    for pattern in journey.logged:
        house.logs(cursor, pattern)
    if not journey.fault:
        works(house)
    screen = house.doctor(sudo=not journey.user)
    complaints = house.logged(cursor, "_SYSTEMD_UNIT=teleinfo.service -p warning")
    judge(journey, screen, house.logged(cursor), complaints)
    advised = cure(house, journey, screen)
    house.open_page()
    after = house.doctor()
    judge_cured(advised, after, f"{screen.text}\n-- afterwards\n{after.text}")
    journal_of_all = "\n".join(house.logged(cursor, ""))
    assert "Traceback" not in journal_of_all, journal_of_all
    for text in (screen.text, after.text, *house.logged(cursor, _OWN_LINES)):
        foreign = of_other_language(text, journey.language)
        assert not foreign, f"{foreign} in: {text}"


def works(house: House) -> None:
    """Return once the service reads the meter, is connected, and has said so to the broker."""
    end = time.monotonic() + LOGGED
    while "yes" not in house.staged("if works; then echo yes; fi"):
        assert time.monotonic() < end, house.run("systemctl status --no-pager -n 30 teleinfo", check=False)
        time.sleep(0.2)


def judge(journey: Journey, screen: Screen, journal: list[str], complaints: list[str]) -> None:
    """
    Judge the screen of the doctor, and the journal up to then, by what the journey expects.

    `complaints`, the warnings and errors of the service in this journal, must not be repeated.
    """
    seen = "\n".join([screen.text, "-- journal", *journal])
    assert "Traceback" not in seen, seen

    if journey.fault or journey.unjudged:
        assert screen.status == (journey.status or 1), seen
    else:
        assert screen.status == 0, seen
    fault = screen.first(_FAULT)
    if journey.fault:
        assert fault is not None, seen
        assert re.search(journey.fault, fault.text), seen
    else:
        assert fault is None, seen

    lines = [f"{finding.mark} {finding.text}" for finding in screen.findings]
    lines.append(screen.summary)
    for pattern in journey.shown:
        assert any(re.search(pattern, line) for line in lines), f"no {pattern}: {seen}"
    for place in journey.unticked:
        assert not is_ticked(screen, place), f"✓ at {place}: {seen}"

    for pattern in journey.logged:
        matching = [line for line in journal if re.search(pattern, line)]
        assert len(matching) == 1, f"{pattern} not once: {seen}"
    assert len(complaints) == len(set(complaints)), seen


def is_ticked(screen: Screen, place: str) -> bool:
    """Return True if a tick stands at the title `place` of the screen, or anywhere in the area `place`."""
    for finding in screen.findings:
        of_area = f"{place}: "
        of_title = f"{finding.area}: {place} "
        if finding.mark == _WELL and finding.text.startswith((of_area, of_title)):
            return True
    return False


def cure(house: House, journey: Journey, screen: Screen) -> list[Finding]:
    """
    Do what is advised, at the first fault first, until the service works; return the advised findings.

    They are the faults; where there is none, what else comes with commands.
    """
    advised = [finding for finding in screen.findings if finding.mark == _FAULT]
    if not advised:
        for finding in screen.findings:
            if finding.mark in {_WARNING, _UNKNOWN} and finding.commands:
                advised.append(finding)
    if journey.hands_off:
        house.staged(journey.then)
    else:
        commands = [line for finding in advised for line in finding.commands]
        is_editor_advised = any(_EDITS_FILE.match(line) for line in commands)
        if journey.edits and not is_editor_advised:
            house.edit(_EDIT_SETTINGS, journey.edits)
        for finding in advised:
            house.follow(finding.commands, journey.edits)
        house.staged(journey.then)
        house.follow(screen.closing, journey.edits)
        if journey.edits:
            house.typed("sudo systemctl restart teleinfo")
    works(house)
    return advised


def judge_cured(advised: list[Finding], after: Screen, seen: str) -> None:
    """Judge the screen after the advice was followed and the page enabled: no advised finding is left."""
    assert after.status == 0, seen
    texts_after = {finding.text for finding in after.findings}
    for finding in advised:
        assert finding.text not in texts_after, seen


def of_other_language(text: str, language: Language) -> list[str]:
    """Return the sentences in a text that are of the other language, not of this one; [] if all is well."""
    plain = " ".join(text.split())
    return [sentence for sentence in _foreign_sentences(language) if sentence in plain]


@functools.cache
def _foreign_sentences(language: Language) -> list[str]:
    """
    Return the longest part between the fields of each text of the catalogue, in the other language.

    Without the parts that are the same in this language, and without the short ones.
    """
    sentences = []
    for english, french in catalogue(Language.FR).items():
        foreign = french
        own = english
        if language is Language.FR:
            foreign = english
            own = french
        between_fields = re.split(r"\{\w*\}|%\w+", " ".join(foreign.split()))
        longest = max(between_fields, key=len)
        if len(longest) >= _SENTENCE and longest not in " ".join(own.split()):
            sentences.append(longest)
    return sentences
