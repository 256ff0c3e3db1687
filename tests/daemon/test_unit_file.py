"""The systemd units keep the promises of a service: they start in any order, come back, and reach little."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.figures import promise

FOLDER = Path(__file__).parents[2] / "systemd"
UNIT = FOLDER / "teleinfo.service"
TEMPLATE = FOLDER / "teleinfo@.service"
PAGE = FOLDER / "teleinfo-web.service"
RELAY = FOLDER / "teleinfo-relay@.service"
HELPERS = sorted(FOLDER.glob("teleinfo-name-servers.*"))
MOST_EXPOSED = 1.5
# The first systemd that knows RestartSteps= and RestartMaxDelaySec=; older ones ignore them, and say so.
NEWEST_KEY = 254

Sections = dict[str, dict[str, list[str]]]


def read_unit(path: Path = UNIT) -> Sections:
    """Return section -> key -> every value that the unit gives it, in order (systemd.syntax(7))."""
    sections: Sections = {}
    keys: dict[str, list[str]] = {}
    for line in installed(path).splitlines():
        if line.startswith("["):
            keys = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            keys.setdefault(key, []).append(value)
    return sections


def installed(path: Path) -> str:
    """Return a unit with the sandbox in it, as install.sh and the package install it."""
    sandbox = (FOLDER / "sandbox.conf").read_text(encoding="utf-8")
    return path.read_text(encoding="utf-8").replace("@sandbox@\n", sandbox)


def seconds(value: str) -> int:
    """Return a time span of the unit, which writes them all as whole seconds."""
    return int(value.removesuffix("s"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        # A wrong setting leaves the service stopped.
        ("RestartPreventExitStatus", "78"),
        # A hang of 30 s ends it, and a stop, which takes 3 s at worst, is given 10.
        ("WatchdogSec", "30s"),
        ("TimeoutStopSec", "10s"),
        # The daemon reads its settings file itself: EnvironmentFile= would be a second grammar.
        ("EnvironmentFile", None),
        # Nobody else may read the memory of its meters, or run what is in it.
        ("StateDirectory", "teleinfo"),
        ("StateDirectoryMode", "0700"),
        ("NoExecPaths", "/ %S/teleinfo %t/teleinfo"),
        # Whoever may read the port may connect to the socket of its bytes.
        ("RuntimeDirectory", "teleinfo"),
        ("RuntimeDirectoryMode", "0750"),
        ("Group", "dialout"),
        # Serial ports open by the number of their driver: an adapter may come later than the service.
        ("PrivateDevices", None),
        ("DevicePolicy", "closed"),
        ("DeviceAllow", "char-204 rw, char-4 rw, char-188 rw, char-166 rw"),
        # Every address is denied but those of this machine and of a home.
        ("IPAddressDeny", "any"),
        ("IPAddressAllow", "localhost link-local 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7"),
    ],
)
def test_the_service_has_few_rights_and_one_master(key: str, value: str | None) -> None:
    """The directives on which a promise rests, with the promise; None: the unit has no such directive."""
    values = None if value is None else value.split(", ")

    assert read_unit()["Service"].get(key) == values


def test_it_comes_back_for_ever_and_more_and_more_slowly() -> None:
    """Whatever ends the daemon, systemd starts it again, without a limit and up to a minute apart."""
    unit = read_unit()
    service = unit["Service"]

    assert service["Restart"] == ["always"]
    assert unit["Unit"]["StartLimitIntervalSec"] == ["0"]
    assert seconds(service["RestartSec"][0]) < seconds(service["RestartMaxDelaySec"][0]) <= 60
    assert int(service["RestartSteps"][0]) > 0  # without it, systemd ignores RestartMaxDelaySec


def test_nothing_has_to_be_started_before_it() -> None:
    """The unit waits for no broker, no port and no connected network: the daemon does."""
    unit = read_unit()["Unit"]

    # An order, not a requirement: it counts only between units that start or stop at the same time.
    assert unit["After"] == ["network.target mosquitto.service"]
    assert not {"Requires", "Requisite", "BindsTo", "PartOf", "Upholds"} & unit.keys()
    assert unit["Wants"] == [" ".join(path.name for path in HELPERS)]


def test_a_second_meter_differs_in_its_names_alone() -> None:
    """The template is the unit, with settings, a user and a directory that have the name of the instance."""
    ours = read_unit()
    theirs = read_unit(TEMPLATE)
    named = {key: values for key, values in theirs["Service"].items() if "%i" in str(values)}

    assert theirs["Unit"].keys() == ours["Unit"].keys()
    assert ours["Service"] | named == theirs["Service"]


def analyze(tmp_path: Path, unit: Path, verb: str, *options: str) -> str:
    """Run systemd-analyze on a copy of `unit` whose program exists, and return what it says."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=60)
    if int(version.stdout.split()[1]) < NEWEST_KEY:
        pytest.skip(f"systemd is older than {NEWEST_KEY}")
    copy = tmp_path / unit.name
    # Ours need not be installed here.
    text = re.sub("^ExecStart=.+", "ExecStart=/bin/true", installed(unit), flags=re.MULTILINE)
    copy.write_text(text, encoding="utf-8")
    command = [program, verb, *options, str(copy)]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={"LC_ALL": "C.UTF-8"}
    )

    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def exposure(said: str) -> float:
    """Return the figure in "exposure level for teleinfo.service: 1.2 OK", the last line of `said`."""
    match = re.search(r"exposure level for [^:]+: ([0-9.]+)", said)
    assert match is not None, said
    return float(match[1])


@pytest.mark.real
@pytest.mark.parametrize("unit", [UNIT, TEMPLATE, PAGE, RELAY, *HELPERS], ids=lambda path: path.name)
def test_systemd_finds_no_fault_in_it(tmp_path: Path, unit: Path) -> None:
    """`systemd-analyze verify` knows every key and takes every value."""
    # Without --recursive-errors=no it exits 0 even for a key that does not exist.
    analyze(tmp_path, unit, "verify", "--man=no", "--recursive-errors=no")


@pytest.mark.real
@pytest.mark.parametrize("unit", [UNIT, TEMPLATE, PAGE, RELAY], ids=lambda path: path.name)
def test_systemd_finds_it_well_closed(tmp_path: Path, unit: Path) -> None:
    """`systemd-analyze security` says at most 1.5, of 10."""
    said = analyze(tmp_path, unit, "security", "--no-pager", "--offline=true", "--threshold=15")

    promise(f"exposure of {unit.name}", exposure(said), at_most=MOST_EXPOSED, unit="of 10")


def test_the_service_may_call_fsync() -> None:
    """It is in @sync, which no filter takes away: without it a power cut would leave an empty file."""
    assert "@sync" not in " ".join(read_unit()["Service"]["SystemCallFilter"])
