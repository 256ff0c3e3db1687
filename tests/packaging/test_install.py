"""
`make install` and `make uninstall`: what is there afterwards, whatever went wrong.

Python and systemctl are small programs of the test, so that nothing is fetched and no service is touched:
`tests/lab/system/checkout.py` does the same with the real ones.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "systemd"
STUBS = Path(__file__).with_name("stubs")
ENABLED = "etc/systemd/system/multi-user.target.wants/teleinfo.service"
SETTINGS = "etc/teleinfo/teleinfo.env"


class Machine:
    """A folder as the root of a machine, with the few directories that Debian has there."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.stubs = folder / "stubs"
        for path in ("root/etc/systemd/system", "root/opt", "root/usr/local/bin", "stubs"):
            (folder / path).mkdir(parents=True)
        for name in ("python3", "systemctl"):
            shutil.copy(STUBS / name, self.stubs)
        self.fresh = self.files()

    def run(self, script: str, *, umask: int = 0o022, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a script of `systemd/` for this machine."""
        environ |= {"PATH": f"{self.stubs}:{os.environ['PATH']}", "STUBS": str(self.stubs)}
        return subprocess.run(
            [SCRIPTS / script, "python3"],
            env={"DESTDIR": str(self.root), **environ},
            umask=umask, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def configure_package(self, **environ: str) -> subprocess.CompletedProcess[str]:
        """Let the Debian package be unpacked, and run its postinst as dpkg does, debhelper's part apart."""
        share = self.root / "usr/share/teleinfo"
        share.mkdir(parents=True)
        shutil.copy(SCRIPTS.parent / ".env-sample", share / "teleinfo.env")
        for name in ("teleinfo.fr.env", "language.sh"):
            shutil.copy(SCRIPTS / name, share)
        return subprocess.run(
            ["sh", SCRIPTS / "debian/teleinfo.postinst", "configure", ""],
            env={"PATH": os.environ["PATH"], "DPKG_ROOT": str(self.root), **environ},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def files(self) -> set[str]:
        """Return everything that is there, by its path."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}

    @property
    def settings(self) -> str:
        """The text of the settings."""
        return (self.root / SETTINGS).read_text(encoding="utf-8")

    @settings.setter
    def settings(self, text: str) -> None:
        (self.root / SETTINGS).parent.mkdir(exist_ok=True)
        (self.root / SETTINGS).write_text(text, encoding="utf-8")

    def pretend(self, condition: str) -> None:
        """Let pip meet a condition: `no-network` (cannot fetch), `no-space` (cannot install)."""
        (self.stubs / condition).touch()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without teleinfo."""
    return Machine(tmp_path)


def test_an_installation_has_program_service_settings_and_page(machine: Machine) -> None:
    result = machine.run("install.sh")

    assert result.returncode == 0, result.stderr
    assert len(re.findall(r"^-- ", result.stdout, re.MULTILINE)) == 3
    assert "teleinfo 1.2.3 est installé" in result.stdout
    assert {
        "opt/teleinfo/bin/teleinfo",
        "usr/local/bin/teleinfo",
        "usr/local/share/man/man1/teleinfo.1",
        "usr/local/share/man/fr/man1/teleinfo.1",
        "usr/local/lib/systemd/system/teleinfo.service",
        "usr/local/lib/systemd/system/teleinfo@.service",
        "usr/local/lib/systemd/system/teleinfo-web.service",
        "usr/local/lib/systemd/system/teleinfo-relay@.service",
        "usr/local/lib/systemd/system/teleinfo-name-servers.path",
        "usr/local/lib/systemd/system/teleinfo-name-servers.service",
        "usr/local/lib/systemd/system-generators/teleinfo-generator",
        SETTINGS,
        ENABLED,
    } <= machine.files()
    assert (machine.root / SETTINGS).stat().st_mode & 0o777 == 0o600
    for unit in (machine.root / "usr/local/lib/systemd/system").glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        assert ("\nIPAddressDeny=any\n" in text) is ("@sandbox@" in (SCRIPTS / unit.name).read_text("utf-8"))
        assert "@sandbox@\n" not in text.partition("[Service]")[2]


BRITISH: dict[str, Any] = {"LANG": "en_GB.UTF-8", "LC_ALL": "en_GB.UTF-8"}
"""The locale of an image of Raspberry Pi Imager that nobody has changed."""


def test_an_installation_speaks_the_language_of_the_service(machine: Machine) -> None:
    """It speaks French, whatever the locale: that is the language of the log and of the doctor."""
    result = machine.run("install.sh", **BRITISH)
    machine.pretend("no-network")
    failed = machine.run("install.sh", **BRITISH)
    removed = machine.run("uninstall.sh", PURGE="1", **BRITISH)

    assert "teleinfo 1.2.3 est installé" in result.stdout
    assert not re.search(r"\b(the|installed|Settings)\b", result.stdout)
    assert "rien n’a été changé" in failed.stderr
    assert "teleinfo est désinstallé" in removed.stdout


@pytest.mark.parametrize("line", ["TELEINFO_LANGUAGE=en", ' TELEINFO_LANGUAGE = "EN"'])
def test_the_language_of_settings_that_are_there_is_kept(machine: Machine, line: str) -> None:
    machine.settings = f"TELEINFO_LANGUAGE=fr\n{line}\n#TELEINFO_LANGUAGE=fr\n"

    assert "is installed" in machine.run("install.sh", LANG="fr_FR.UTF-8").stdout
    assert "teleinfo is removed" in machine.run("uninstall.sh", LANG="fr_FR.UTF-8").stdout


@pytest.mark.parametrize(
    ("environ", "french"),
    [({}, True), ({"LANG": "fr_FR.UTF-8"}, True), (BRITISH, True), ({"TELEINFO_LANGUAGE": "en"}, False)],
)
@pytest.mark.parametrize("way", ["install.sh", "package"])
def test_new_settings_are_in_the_language_of_the_service(
    machine: Machine, way: str, environ: dict[str, Any], *, french: bool
) -> None:
    """With TELEINFO_LANGUAGE=en, that service and its commands speak English from then on."""
    packaged = way == "package"
    result = machine.configure_package(**environ) if packaged else machine.run(way, umask=0o022, **environ)
    sample = SCRIPTS / "teleinfo.fr.env" if french else SCRIPTS.parent / ".env-sample"
    expected = sample.read_text(encoding="utf-8")
    if not french:
        expected = expected.replace("#TELEINFO_LANGUAGE=fr", "TELEINFO_LANGUAGE=en")

    assert result.returncode == 0, result.stderr
    assert machine.settings == expected
    assert (machine.root / SETTINGS).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "Python de cette machine a été mis à jour"),
        ("en", "Python of this machine was upgraded"),
    ],
)
@pytest.mark.parametrize("upgrade", ["another", "gone"])
def test_after_an_upgrade_of_python_the_program_says_what_to_do(
    machine: Machine, upgrade: str, language: str, words: str
) -> None:
    """Command and service say it alike: the libraries of the environment are those of the Python before."""
    machine.run("install.sh", TELEINFO_LANGUAGE=language)
    interpreter = machine.root / "opt/teleinfo/bin/python"
    kept = interpreter.rename(interpreter.with_name("python3.12"))
    if upgrade == "another":
        interpreter.symlink_to(kept)

    def start(**environ: str) -> subprocess.CompletedProcess[str]:
        command = [str(machine.root / "usr/local/bin/teleinfo"), "--version"]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)

    path = {"PATH": os.environ["PATH"], "TELEINFO_LANGUAGE": language}
    by_hand = start(**path)
    service = start(**path, JOURNAL_STREAM="8:1")

    assert (by_hand.returncode, service.returncode, by_hand.stdout) == (78, 78, "")
    assert words in by_hand.stderr
    assert by_hand.stderr.splitlines()[1:] == [f"    cd {SCRIPTS.parent}", "    sudo make install"]
    assert [line[:3] for line in service.stderr.splitlines()] == ["<3>"] * 3


def test_the_settings_that_are_there_are_kept(machine: Machine) -> None:
    machine.settings = "TELEINFO_MQTT_HOST=broker\n"

    assert machine.configure_package(LANG="fr_FR.UTF-8").returncode == 0
    machine.pretend("no-space")
    assert machine.run("install.sh").returncode == 1
    (machine.stubs / "no-space").unlink()
    assert machine.run("install.sh").returncode == 0
    assert machine.settings == "TELEINFO_MQTT_HOST=broker\n"


def test_a_strict_umask_closes_nothing_to_the_service(machine: Machine) -> None:
    """With umask 077 the service may read all but the settings."""
    assert machine.run("install.sh", umask=0o077).returncode == 0
    closed = {
        str(path.relative_to(machine.root))
        for path in machine.root.rglob("*")
        if not path.is_symlink() and path.stat().st_mode & 0o044 != 0o044
    }

    assert closed == {SETTINGS}


@pytest.mark.parametrize("step", ["no-network", "no-space"])
def test_a_first_installation_that_fails_leaves_nothing(machine: Machine, step: str) -> None:
    """Neither files nor folders; it says so, and exits with status 1."""
    machine.pretend(step)
    result = machine.run("install.sh")

    assert result.returncode == 1
    assert "rien" in result.stderr
    assert not [path for path in machine.files() - machine.fresh if "teleinfo" in path]


def test_an_upgrade_without_a_network_changes_nothing(machine: Machine) -> None:
    machine.run("install.sh")
    before = machine.files()
    machine.pretend("no-network")
    result = machine.run("install.sh")

    assert result.returncode == 1
    assert "rien n’a été changé" in result.stderr
    assert machine.files() == before


def test_a_place_that_cannot_be_written_is_named_before_anything_is_changed(machine: Machine) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere but on a read-only file system")
    closed = machine.root / "etc/systemd/system"
    closed.chmod(0o555)
    result = machine.run("install.sh")

    assert result.returncode == 1
    assert f"{closed} ne peut pas être écrit" in result.stderr
    assert machine.files() == machine.fresh


def test_an_upgrade_leaves_a_disabled_unit_disabled(machine: Machine) -> None:
    """A unit that the household disabled is not enabled again."""
    machine.run("install.sh")
    (machine.root / ENABLED).unlink()
    result = machine.run("install.sh")

    assert result.returncode == 0, result.stderr
    assert ENABLED not in machine.files()


def test_an_uninstallation_leaves_the_settings_and_nothing_else(machine: Machine) -> None:
    """PURGE=1 removes the settings and the memory too, and nothing of other programs."""
    machine.run("install.sh")
    foreign = machine.root / "var/lib/teleinfo-of-another"
    foreign.mkdir(parents=True)
    for name in ("teleinfo", "teleinfo-production"):
        (machine.root / "var/lib/private" / name).mkdir(parents=True)
        (machine.root / "var/lib" / name).symlink_to(f"private/{name}")
    kept = machine.run("uninstall.sh")
    theirs = "var/lib/teleinfo-of-another"
    memory = {f"var/lib/{where}teleinfo{name}" for where in ("", "private/") for name in ("", "-production")}
    left = {path for path in machine.files() - machine.fresh if "teleinfo" in path}
    assert left == {"etc/teleinfo", SETTINGS, theirs, *memory}
    purged = machine.run("uninstall.sh", PURGE="1")

    assert (kept.returncode, purged.returncode) == (0, 0)
    assert [path for path in machine.files() if "teleinfo" in path or "man1" in path] == [theirs]
    assert "usr/local/share/man/fr" not in machine.files()


def test_a_purge_leaves_the_work_of_the_household_and_names_it(machine: Machine) -> None:
    """Settings files go, those of further meters too; drop-ins and scripts of relays stay."""
    machine.run("install.sh")
    settings = ["etc/teleinfo/production.env", "etc/teleinfo/meters/garage.env", "etc/teleinfo/offers.toml"]
    theirs = ["etc/systemd/system/teleinfo.service.d/override.conf", "etc/teleinfo/relay/copy.sh"]
    for name in (*settings, *theirs):
        (machine.root / name).parent.mkdir(parents=True, exist_ok=True)
        (machine.root / name).touch()
    purged = machine.run("uninstall.sh", PURGE="1")
    left = {path for path in machine.files() - machine.fresh if (machine.root / path).is_file()}

    assert purged.returncode == 0, purged.stderr
    assert left == {*theirs}
    assert all(str(machine.root / path) in purged.stdout for path in theirs), purged.stdout


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_purge_after_an_uninstallation_says_how_to_clear_the_broker(
    machine: Machine, language: str
) -> None:
    """The program that would clear it is gone: a sentence has the command, for the broker of the file."""
    machine.run("install.sh")
    lines = "TELEINFO_MQTT_HOST = 'nas.home'\nTELEINFO_MQTT_TOPIC=house/linky\n"
    machine.settings = f"{lines}TELEINFO_LANGUAGE={language}\n"
    machine.run("uninstall.sh")
    purged = machine.run("uninstall.sh", PURGE="1")

    assert "mosquitto_sub -h nas.home -t 'house/linky/#' --retained-only --remove-retained" in purged.stderr
    assert ("À la main" in purged.stderr) is (language == "fr")
    assert SETTINGS not in machine.files()


def test_what_another_has_in_our_places_is_not_replaced(machine: Machine) -> None:
    """A checkout in /opt/teleinfo, for example: nothing is changed, and an uninstallation leaves it too."""
    theirs = machine.root / "opt/teleinfo/notes.txt"
    for path in (theirs, machine.root / "usr/local/bin/teleinfo"):
        path.parent.mkdir(exist_ok=True)
        path.touch()
        before = machine.files()
        result = machine.run("install.sh")
        assert (result.returncode, "Rien n’a été changé" in result.stderr) == (1, True)
        assert machine.run("uninstall.sh").returncode == 0
        assert machine.files() == before
        path.unlink()
        shutil.rmtree(theirs.parent, ignore_errors=True)


def test_a_package_that_comes_back_later_is_enabled(machine: Machine) -> None:
    """Debian forgets that the unit of the removed package was enabled: else it takes it for disabled."""
    remembered = machine.root / "var/lib/systemd/deb-systemd-helper-enabled"
    state = remembered / "teleinfo.service.dsh-also"
    link = remembered / "multi-user.target.wants/teleinfo.service"
    link.parent.mkdir(parents=True)
    state.write_text("/etc/systemd/system/multi-user.target.wants/teleinfo.service\n")
    link.touch()
    machine.run("install.sh")
    machine.run("uninstall.sh")

    assert not state.exists()
    assert not link.exists()
