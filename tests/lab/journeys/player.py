"""
Player of the journeys of table.toml: break the system, read the doctor's screen, do what it advises.

A person would judge as `play` does: the first fault, the ticks, the exit status, the advice and whether it
cures, the journal.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.system import readme, roots
from tests.lab.system.container import LIMIT, Container
from tests.lab.system.roots import Recipe

PYTHONS = {"trixie": "3.13", "bookworm": "3.11"}
_TABLE = Path(__file__).with_name("table.toml")
_STAGE = Path(__file__).with_name("stage.sh").relative_to(roots.PROJECT)
_FAULT, _WARNING, _WELL, _UNKNOWN = "✗", "!", "✓", "?"
_FINDING = re.compile(rf"  ([{_FAULT}{_WARNING}{_WELL}{_UNKNOWN}]) (.*)")
_EDITOR = re.compile(r"(sudoedit|nano|sudo nano) ")
# Commands that show something, and change nothing.
_LOOK = re.compile(
    r"(sudo )?(dmesg|env|getent|journalctl|ls|mosquitto_sub|openssl|ping|systemctl status|teleinfo"
    r"|timedatectl)\b"
)


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
    unjudged: without a fault, the exit status is not 0, since something could not be judged.
    shown: each is a finding ("! area: title message").
    unticked: titles or areas beside which no tick may stand.
    then: what a person does who has read the advice: a password, a cable.
    hands_off: the person does that alone, and nobody restarts the service.
    bookworm, ci: it is played on Debian 12 too, and by .ci/run.
    """

    row: int
    title: str
    given: str = ""
    settings: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    fault: str = ""
    unjudged: bool = False
    shown: list[str] = field(default_factory=list)
    unticked: list[str] = field(default_factory=list)
    then: str = ""
    hands_off: bool = False
    user: bool = False
    starts: bool = True
    bookworm: bool = False
    ci: bool = False

    @property
    def name(self) -> str:
        """The name of its test."""
        return f"{self.row:02}-{self.title.replace(' ', '-')}"


@dataclass(slots=True)
class Finding:
    """A finding on the screen of the doctor."""

    area: str
    mark: str
    text: str
    commands: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Screen:
    """The screen of the doctor: the text and exit status, the findings, the lines after the summary."""

    text: str
    status: int
    findings: list[Finding]
    closing: list[str]

    def first(self, mark: str) -> Finding | None:
        """Return the first finding with this mark."""
        return next((one for one in self.findings if one.mark == mark), None)


JOURNEYS = [Journey(**row) for row in tomllib.loads(_TABLE.read_text(encoding="utf-8"))["journey"]]


def parse(said: str) -> Screen:
    """Take the screen apart; its last line is the exit status."""
    text, _newline, status = said.rstrip("\n").rpartition("\n")
    findings: list[Finding] = []
    area, into = "", [""]
    closing: list[str] = []
    for line in text.splitlines()[1:]:
        if line and not line.startswith(" "):
            # An area, or the first line of the summary.
            area, into = line, closing
        elif found := _FINDING.fullmatch(line):
            findings.append(Finding(area, found[1], f"{area}: {' '.join(found[2].split())}"))
            into = findings[-1].commands
        elif re.match(r" {8}\S", line):
            into.append(line.strip())
        elif line and into is not closing:
            findings[-1].text += f" {line.strip()}"
    return Screen(text, int(status), findings, closing)


class House(Container):
    """A system on which an ordinary user has followed the README up to its fourth step."""

    def __init__(self, suite: str, folder: Path) -> None:
        super().__init__(
            Recipe(
                suite,
                # tzdata for the simulated meter, which runs without the libraries of the program.
                installed=(
                    *("dbus", "iproute2", "libbpf1", "openssl", "passwd", "procps", "python3", "sudo"),
                    *("systemd", "systemd-sysv", "tzdata"),
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
        """Type the lines of the README; PyPI is a folder. English log, as the README shows it."""
        readme.prepare(self)
        shutil.copytree(roots.wheels(PYTHONS[self._suite]), self.root / "srv/wheels")
        (self.root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
        for block in readme.section("2. The program"):
            readme.type_in(self, block)
        self.run("systemctl mask --quiet ser2net; apt-get install -y -q libfaketime ser2net socat", limit=300)
        self.settings("TELEINFO_LANGUAGE=en")
        self.run("systemctl disable --now --quiet meter@ttyAMA0; mkdir /srv/clean")
        self.run("cp -p /etc/teleinfo/teleinfo.env /etc/hosts /srv/clean")
        self.run("cp -pr /usr/local/lib/systemd/system /srv/units")

    def namespace(self, name: str) -> str:
        """Return the path, outside, of a network namespace inside."""
        return str(Path("/proc", str(self._init()), "root", "run/netns", name))

    def cut_power(self) -> None:
        """End all that runs inside at once, and boot again."""
        os.kill(self._init(), signal.SIGKILL)
        self._nspawn.process.wait(LIMIT)
        self._start()

    def staged(self, script: str, *, check: bool = True) -> str:
        """Run a script with the functions of stage.sh."""
        return self.run(f". /opt/checkout/{_STAGE}\n{script}", check=check)

    def typed(self, line: str, *, check: bool = True) -> str:
        """Let the user of the house type a line."""
        said = self.run(
            f"runuser --login {readme.USER} --command {shlex.quote(line)}; echo $?", limit=180
        ).rstrip()
        _text, _newline, status = said.rpartition("\n")
        assert status == "0" or not check, f"{line}: {said}"
        return said

    def doctor(self, *, sudo: bool = True) -> Screen:
        """Let the user ask the doctor."""
        return parse(self.typed(f"{'sudo ' * sudo}teleinfo doctor", check=False))

    def state(self) -> dict[str, Any]:
        """Return the next state that is published."""
        state: dict[str, Any] = json.loads(self.run("mosquitto_sub -t teleinfo/state -C 1 -R"))
        return state

    def logged(self, cursor: str, which: str = "-u teleinfo") -> list[str]:
        """Return the lines of the journal since `cursor`."""
        return self.run(f"journalctl -o cat --no-pager {which} --after-cursor='{cursor}'").splitlines()

    def logs(self, cursor: str, pattern: str) -> None:
        """Return once a line that matches stands in the journal of the service."""
        end = time.monotonic() + LIMIT
        while not re.search(pattern, said := "\n".join(self.logged(cursor))):
            assert time.monotonic() < end, f"no {pattern} in: {said}"
            time.sleep(0.3)

    def follow(self, lines: list[str], edit: str) -> None:
        """Do what the lines of an advice say; `edit` is what the person does in an editor."""
        unit = next((line.split()[-1] for line in lines if line.startswith("sudo systemctl edit ")), "")
        for line in lines:
            if re.match(r"TELEINFO_\w+=", line):
                # Nothing behind the sign: only the household knows what belongs there.
                self.staged(f"setting {shlex.quote(line)}" if line[-1] != "=" else "")
            elif re.match(r"(user|topic) ", line):
                self.run(f"echo {shlex.quote(line)} >>/etc/mosquitto/acl && systemctl restart mosquitto")
            elif line == "sudo reboot":
                self.reboot()
            elif _EDITOR.match(line):
                self.staged(edit)
            elif unit and not line.startswith("sudo "):
                folder = f"/etc/systemd/system/{unit.removesuffix('.service')}.service.d"
                self.run(f"mkdir -p {folder} && echo {shlex.quote(line)} >>{folder}/override.conf")
            elif not line.startswith("sudo systemctl edit "):
                # Of the README's folder; all other lines mean the same there.
                self.typed(f"cd teleinfo && {line}", check=not _LOOK.match(line))
        if unit:
            self.run(f"systemctl daemon-reload && systemctl restart {unit}")


def play(house: House, journey: Journey) -> None:
    """Play a journey, and judge it."""
    house.staged("reset")
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
    own = "_SYSTEMD_UNIT=teleinfo.service -p warning"
    judge(journey, screen, house.logged(cursor), house.logged(cursor, own))
    if journey.fault:
        cure(house, journey, screen)
    assert not [line for line in house.logged(cursor, "") if "Traceback" in line]


def works(house: House) -> None:
    """Return once the service reads the meter, is connected, and has said so to the broker."""
    house.staged("until works; do sleep 0.2; done")


def judge(journey: Journey, screen: Screen, journal: list[str], complaints: list[str]) -> None:
    """Judge the screen of the doctor, and the journal up to then with the complaints in it."""
    seen = "\n".join([screen.text, "-- journal", *journal])
    fault = screen.first(_FAULT)
    lines = [f"{one.mark} {one.text}" for one in screen.findings]
    assert "Traceback" not in seen, seen
    assert screen.status == (1 if journey.fault or journey.unjudged else 0), seen
    assert (fault is None) is (not journey.fault), seen
    assert fault is None or re.search(journey.fault, fault.text), seen
    for pattern in journey.shown:
        assert any(re.search(pattern, line) for line in lines), f"no {pattern}: {seen}"
    for place in journey.unticked:
        assert not is_ticked(screen, place), f"✓ at {place}: {seen}"
    for pattern in journey.logged:
        assert len([line for line in journal if re.search(pattern, line)]) == 1, f"{pattern} not once: {seen}"
    assert len(complaints) == len(set(complaints)), seen


def is_ticked(screen: Screen, place: str) -> bool:
    """Return True if a tick stands at a title of the screen, or anywhere in an area."""
    starts = (f"{place}: ", *(f"{area}: {place} " for area in {one.area for one in screen.findings}))
    return any(one.mark == _WELL and one.text.startswith(starts) for one in screen.findings)


def cure(house: House, journey: Journey, screen: Screen) -> None:
    """Do what is advised at each fault, the first one first, and expect that all is well then."""
    faults = [finding for finding in screen.findings if finding.mark == _FAULT]
    if not journey.hands_off:
        for fault in faults:
            house.follow(fault.commands, journey.then)
    house.staged(journey.then)
    if not journey.hands_off:
        house.follow(screen.closing, journey.then)
    works(house)
    after = house.doctor()
    assert after.status == 0, f"{screen.text}\n-- afterwards\n{after.text}"
