"""The port: is it there, what is it, may it be opened, who has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.case import Access, Case
from teleinfo.doctor.finding import Severity
from teleinfo.doctor.machine import group_of, port_users
from teleinfo.vocabulary.line import PortErrorKind
from tests.doctor.machine_tree import case_of, findings_of

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.doctor.finding import Finding
    from tests.doctor.machine_tree import Tree

PID = 4_194_304 + 412  # greater than that of any process of Linux (proc(5), pid_max)
ADAPTER = "usb-FTDI_FT232R_USB_UART_A1B2C3D4-if00-port0"
BY_ID = f"TELEINFO_SERIAL_PORT=/dev/serial/by-id/{ADAPTER}"
SYSTEM = "0::/system.slice/"
GIVE_BACK = "sudo chgrp dialout /dev/ttyAMA0; sudo chmod 660 /dev/ttyAMA0"


def look(case: Case) -> tuple[dict[str, Finding], Access]:
    """Return the findings on the port of the case, and the access that is left."""
    return findings_of("port", case), case.access


def device_of(tree: Tree, port: str) -> Finding:
    """Return the first finding on a port of the tree."""
    return look(tree.case(port))[0]["device"]


def test_an_adapter_by_its_number_is_named_by_its_id(tree: Tree) -> None:
    tree.link(f"/dev/serial/by-id/{ADAPTER}", "../../ttyUSB0")
    device = tree.file("/dev/ttyUSB0")
    by_number = device_of(tree, "/dev/ttyUSB0")
    by_id = device_of(tree, f"/dev/serial/by-id/{ADAPTER}")
    device.unlink()
    gone = device_of(tree, f"/dev/serial/by-id/{ADAPTER}")

    assert (by_number.severity, by_id.severity) == (Severity.WARNING, Severity.OK)
    assert by_number.commands == (BY_ID,)
    assert gone.message == f"there is no serial port at /dev/serial/by-id/{ADAPTER} → /dev/ttyUSB0"


def test_another_teleinfo_on_the_port_is_the_fault_of_a_service_that_waits_for_it(tree: Tree) -> None:
    """One that was started by hand, for example. While the service has its port, it is no fault."""
    tree.hold("/dev/ttyAMA0", PID, "teleinfo\0run")
    tree.file("/run/systemd/system/teleinfo.service")
    for words, line in ((PortErrorKind.BUSY.words, f"sudo kill {PID}"), ("mode standard", "")):
        tree.program("systemctl", "LoadState=loaded", "ActiveState=active", f"StatusText={words}")
        found, _access = look(tree.case("/dev/ttyAMA0"))
        assert "".join(found["holder"].commands) == line


SYSTEMCTL = """#!/bin/sh
echo ActiveState=active
if [ -e {said} ]; then echo 'StatusText={then}'; else echo 'StatusText={first}'; touch {said}; fi
"""


async def test_an_attempt_to_open_the_port_is_waited_for(tree: Tree) -> None:
    """The service opens a bridge that does not answer: only when that has failed, it says so."""
    first = "opening the serial port; no frame yet"
    then = "the bridge to the serial port cannot be reached"
    tree.file(
        "/usr/bin/systemctl", SYSTEMCTL.format(said=tree.root / "said", first=first, then=then), mode=0o755
    )
    tree.file("/run/systemd/system/teleinfo.service")
    case = tree.case("socket://203.0.113.7:2000")

    assert await case.status_text() == first
    assert not await case.has_port()
    assert await case.status_text() == then


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    """An ordinary file in place of the device is a fault."""
    (tmp_path / "file").write_text("")
    found, _access = look(case_of(serial_port=tmp_path / "file"))

    assert found["device"].severity is Severity.FAULT


@pytest.mark.parametrize(
    ("words", "cgroup", "line"),
    [
        (
            "/sbin/agetty\0-o\0115200",
            f"{SYSTEM}system-serial\\x2dgetty.slice/serial-getty@ttyAMA0.service",
            "sudo systemctl mask --now serial-getty@ttyAMA0",
        ),
        ("/sbin/agetty\0-o\0115200", "", f"sudo kill {PID}; {GIVE_BACK}"),
        ("node-red", f"{SYSTEM}docker-0123456789abcdef.scope", "sudo docker stop 0123456789ab"),
        ("/usr/sbin/m", f"{SYSTEM}modem.service", "sudo systemctl disable --now modem.service"),
        ("cat\0/dev/ttyAMA0", "0::/user.slice/user@1000.service/app.slice", f"sudo kill {PID}"),
        ("/opt/python\0/opt/teleinfo/bin/teleinfo\0run", f"{SYSTEM}teleinfo.service", ""),
        ("python3\0-m\0teleinfo", "", ""),
        (
            "/opt/teleinfo2mqtt",
            f"{SYSTEM}teleinfo2mqtt.service",
            "sudo systemctl disable --now teleinfo2mqtt.service",
        ),
    ],
)
def test_the_process_that_has_the_port_open_is_known(tree: Tree, words: str, cgroup: str, line: str) -> None:
    """Its program, its service or container, and how to stop it."""
    tree.hold("/dev/ttyAMA0", PID, words, cgroup)
    found, access = look(tree.case("/dev/ttyAMA0"))

    assert [one.pid for one in port_users(tree.machine, "/dev/ttyAMA0")[0]] == [PID]
    assert access is (Access.NONE if line else Access.OURS)
    assert "; ".join(found["holder"].commands) == line
    assert ("getty" in found) is (not line)


@pytest.mark.parametrize(
    ("mode", "group", "line"),
    [
        (0o660, "dialout", "sudo usermod -aG dialout $USER"),
        (0o600, "dialout", "sudo chgrp dialout /dev/ttyAMA0"),
        (0o660, "tty", "sudo chgrp dialout /dev/ttyAMA0"),
    ],
)
def test_a_user_who_may_not_open_the_port_reads_how_to(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, mode: int, group: str, line: str
) -> None:
    tree.file("/dev/ttyAMA0", mode=mode)
    case = tree.case("/dev/ttyAMA0")
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    monkeypatch.setattr("teleinfo.doctor.check_port.group_of", lambda _number: group)
    found, access = look(case)

    assert (found["rights"].severity, access) == (Severity.FAULT, Access.NONE)
    assert found["rights"].commands[0] == line


def test_a_group_without_a_name_is_known_by_its_number() -> None:
    """A device of a container has the numbers of another machine."""
    assert group_of(4_000_000_000) == "4000000000"


def test_a_port_that_the_service_opens_again_in_a_moment_is_no_fault(tree: Tree) -> None:
    """Whoever has ended the other program a second ago reads one truth, not two sentences that disagree."""
    tree.file("/dev/ttyAMA0")
    tree.file("/run/systemd/system/.here")
    mark = tree.root / "asked"
    answer = "LoadState=loaded\\nActiveState=active\\nStatusText="
    script = f"""#!/bin/sh
        echo >>{mark}
        if [ $(wc -l <{mark}) -gt 3 ]; then printf '{answer}mode standard\\n'; exit; fi
        printf '{answer}{PortErrorKind.BUSY.words}\\n'
    """
    tree.file("/usr/bin/systemctl", script, mode=0o755)
    found, access = look(tree.case("/dev/ttyAMA0"))

    assert "open" not in found
    assert access is Access.OURS
