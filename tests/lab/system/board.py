"""
The Debian package on an emulated arm64 board, with a real serial port (PL011) and a kernel of its own.

Nothing of arm64 runs on this machine: Debian's packages are unpacked, not configured, into the root that the
kernel gets as its initramfs. Inside, `board_check` looks at the service and reports; here it is judged.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab.system import roots
from tests.lab.system.roots import Recipe
from tests.support.figures import promise

pytestmark = pytest.mark.real

ARM64 = Recipe(
    "trixie",
    installed=(
        *("base-files", "base-passwd", "bash", "coreutils", "dash", "dbus", "grep", "kmod", "libpam-runtime"),
        *("linux-image-cloud-arm64", "login", "mosquitto", "mosquitto-clients", "mount", "passwd", "procps"),
        *("python3", "python3-asyncio-mqtt", "python3-pydantic-settings", "python3-serial-asyncio"),
        *("sed", "systemd", "systemd-sysv", "udev", "util-linux"),
    ),
    architecture="arm64",
    variant="extract",
)
LIMIT = 450.0
"""Seconds for one life of the board, on a slow and busy machine."""
ATTEMPTS = 2
"""Now and then an emulated processor stops without a reason that anybody found."""
# Folders that no service needs, which would fill the memory.
BALLAST = (
    "boot",
    "usr/lib/modules",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "var/cache",
    "var/lib/apt",
)
MOSQUITTO = 900
"""Number of its user and of its group, which its package would have made."""
SHARE = "usr/local/share/board"
OVERLAY = Path(__file__).with_name("board")
"""
Files of the root: the check, and what the maintainer scripts of Debian would have done.

As on a Pi, the login console is still on the UART: the meter's service has to win.
"""


def make_root(folder: Path) -> tuple[Path, Path]:
    """Put Debian, the package and the check together; return the kernel and the initramfs."""
    root = folder / "root"
    roots.unpack(ARM64, root)
    [kernel_of_debian] = (root / "boot").glob("vmlinuz-*")
    kernel = Path(shutil.copy(kernel_of_debian, folder / "vmlinuz"))
    for name in BALLAST:
        shutil.rmtree(root / name, ignore_errors=True)
    roots.run("dpkg-deb", "-x", str(roots.package(folder)), str(root))
    configure(root)
    compile_python(root)
    image = folder / "root.cpio"
    pack = f"cd {root} && find . -print0 | cpio --null --create --format=newc --quiet > {image}"
    roots.run("sh", "-c", pack)
    shutil.rmtree(root)
    return kernel, image


def configure(root: Path) -> None:
    """Put the files of the overlay there, the users, the settings and the programs of the check."""
    shutil.copytree(OVERLAY, root, dirs_exist_ok=True)
    etc = root / "etc"

    # Debian's own users and groups, and those of mosquitto. The masters lock the accounts (*); x looks for a
    # password in the shadow file, which has none.
    masters = root / "usr/share/base-passwd"
    users = (masters / "passwd.master").read_text().replace(":*:", ":x:")
    users += f"mosquitto:x:{MOSQUITTO}:{MOSQUITTO}::/var/lib/mosquitto:/usr/sbin/nologin\n"
    (etc / "passwd").write_text(users)
    groups = (masters / "group.master").read_text().replace(":*:", ":x:")
    groups += f"mosquitto:x:{MOSQUITTO}:\n"
    (etc / "group").write_text(groups)
    for name in ("var/log/mosquitto", "var/lib/mosquitto"):
        (root / name).mkdir(parents=True, exist_ok=True)
        os.chown(root / name, MOSQUITTO, MOSQUITTO)

    settings = etc / "teleinfo/teleinfo.env"
    settings.parent.mkdir(exist_ok=True)
    shutil.copy(root / "usr/share/teleinfo/teleinfo.env", settings)
    # The login console of a board that is no Raspberry Pi is stopped only if a setting names its port.
    with settings.open("a") as file:
        file.write("TELEINFO_SERIAL_PORT=/dev/ttyAMA0\n")
    settings.chmod(0o600)

    roots.run("systemctl", f"--root={root}", "enable", "check", "teleinfo", "serial-getty@ttyAMA0")
    roots.run("systemctl", f"--root={root}", "mask", "serial-getty@ttyAMA1")

    (root / SHARE).mkdir(parents=True)
    for script in (roots.PROBE, roots.PROBE.with_name("board_check.py")):
        shutil.copy(script, root / SHARE)


def compile_python(root: Path) -> None:
    """Spare the emulated processor the compiling, if a Python of the same version is at hand."""
    [library] = (root / "usr/lib").glob("python3.*")
    python = shutil.which(library.name, path="/usr/bin")
    if python is not None:
        folders = [str(library), str(root / "usr/lib/python3/dist-packages")]
        subprocess.run(
            [python, "-m", "compileall", "-q", "-s", str(root), *folders], check=False, timeout=300
        )


def live(kernel: Path, image: Path, console: Path) -> dict[str, Any]:
    """
    Boot the board once, with a meter on its UART, and return its report.

    That of a board that did not finish lacks "end", and shows how far it came.
    """
    # The emulator opens the port at a speed of its own.
    simulate = [sys.executable, "-m", "teleinfo", "simulate", "--seed", "1", "--no-strict-speed"]
    with subprocess.Popen(simulate, stdout=subprocess.PIPE, text=True) as meter:
        assert meter.stdout is not None
        port = meter.stdout.readline().strip()
        emulator = [
            *("qemu-system-aarch64", "-M", "virt,gic-version=2", "-cpu", "cortex-a72", "-smp", "2"),
            *("-m", "1024", "-accel", "tcg,thread=multi", "-nodefaults", "-display", "none", "-no-reboot"),
            *("-kernel", str(kernel), "-initrd", str(image)),
            *("-append", "rdinit=/usr/lib/systemd/systemd console=ttyAMA1 loglevel=4 systemd.show_status=0"),
            *("-serial", port, "-serial", f"file:{console}"),
        ]
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(
                    emulator, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LIMIT
                )
        finally:
            meter.terminate()
    report: dict[str, Any] = {}
    if console.exists():
        # Without the last line, which may be cut off.
        *lines, _cut_off = console.read_bytes().decode(errors="replace").split("\n")
        for line in lines:
            if line.startswith("@@ "):
                report |= json.loads(line.removeprefix("@@ "))
    return report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return everything that the board said of itself."""
    folder = tmp_path_factory.mktemp("board")
    kernel, image = make_root(folder)
    for attempt in range(ATTEMPTS):
        console = folder / f"console-{attempt}.log"
        report = live(kernel, image, console)
        if "end" in report:
            break
    image.unlink()
    assert "end" in report, f"{report}: {console.read_text()[-3000:]}"
    return report


def test_the_service_reads_the_uart_of_the_board(report: dict[str, Any]) -> None:
    """After power on nobody types anything: messages come on the broker of the board, every group sound."""
    messages = [json.loads(line) for line in report["messages"]]
    health = json.loads(report["health"])

    assert [message["ADCO"] for message in messages] == ["041961123456"] * 3
    assert report["status"] == "online"
    assert health["mode"] == "historique"
    assert report["service"]["ActiveState"] == "active"
    assert report["service"]["NRestarts"] == "0"


def test_it_stays_within_its_memory(report: dict[str, Any]) -> None:
    """The service needs far less than its limit, and a process that needs more is killed."""
    peak_mib = int(report["service"]["MemoryPeak"]) / 2**20

    assert report["hog"]["Result"] == "oom-kill"
    promise("emulated board: most memory of the service", peak_mib, at_most=96, unit="MiB")


def test_only_serial_ports_open(report: dict[str, Any]) -> None:
    """
    Serial ports open, and what systemd always allows: harmless devices and pseudo-terminals.

    A device that everybody may open is closed to the service; a serial port without a driver is not.
    """
    devices = json.loads(report["probe"][0])["devices"]
    harmless = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}
    opened = {path for path, result in devices.items() if result == "yes"}
    not_allowed = [path for path in opened - harmless if not path.startswith(("/dev/pt", "/dev/tty"))]

    assert not_allowed == []
    # Everybody may open it, as a process outside of the sandbox shows.
    assert report["outside"] == "yes"
    assert devices["/dev/rogue"] == "EPERM"
    assert devices["/dev/ttyAMA0"] == "yes"
    # The sandbox allows its number, but the kernel has no driver for it.
    assert devices["/dev/ttyUSB9"] in ("ENODEV", "ENXIO")


def test_the_login_console_leaves_the_port_to_the_meter(report: dict[str, Any]) -> None:
    """A getty that is enabled on the same UART does not run."""
    assert report["getty"]["ActiveState"] == "inactive"
    assert "Traceback" not in report["journal"]


def test_it_stops_with_a_last_word(report: dict[str, Any]) -> None:
    """`systemctl stop` is a success, and the broker keeps `offline`."""
    assert report["stop"] == "success"
    assert report["kept"] == "offline"
