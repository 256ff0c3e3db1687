"""What root does for the page is done by the owner of the folder of the history."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.contract.days import day_of, midnight
from teleinfo.history.chronicle import Batch
from teleinfo.history.store import Store
from tests.history import written
from tests.support.command import run_forked
from tests.support.parts import part_of
from tests.support.person import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

USER = 61_234
"""A user that this machine does not know, as that of a service with DynamicUser=."""

HISTORY = "teleinfo.sqlite"
METER = "041961123456"
NOW = int(time.time())
CLONE_NEWNS = 0x00020000


def may_mount() -> bool:
    """Return True if this process may make a mount namespace."""
    child = os.fork()
    if not child:
        os._exit(ctypes.CDLL(None).unshare(CLONE_NEWNS))
    return os.waitpid(child, 0)[1] == 0


pytestmark = [
    pytest.mark.real,
    pytest.mark.root,
    pytest.mark.skipif(not may_mount(), reason="this process may make no mount namespace"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """
    Return the folder of a history that belongs to the user of a service, with a history in it.

    As below /var/lib/private, that user may not go through the folder around it.
    """
    closed = tmp_path / "private"
    closed.mkdir(mode=0o700)
    found = closed / "teleinfo-web"
    found.mkdir(mode=0o700)
    with contextlib.closing(Store(found / HISTORY)) as store:
        store.write([Batch(METER, NOW)], now=NOW)
    give(found)
    return found


def give(folder: Path) -> None:
    """Give a folder and its files to the user."""
    for path in (folder, *folder.iterdir()):
        os.lchown(path, USER, USER)


def history(folder: Path, *words: str | Path, lines: bytes = b"") -> tuple[int, str]:
    """Run `teleinfo history` as root with these words, and return its exit status and what it said."""
    around = folder.parents[1]
    environ = environment(offers=around / "offers.toml") | {"STATE_DIRECTORY": str(folder)}
    typed = ["--env-file", os.devnull, "history", *map(str, words)]
    done = run_forked(typed, environ=environ, folder=around, given=lines)
    return done.returncode, done.stderr


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    """Return a file of a day, which nobody but root may read."""
    begin = midnight(day_of(NOW - 40 * 86_400))
    path = tmp_path / "curve.csv"
    path.write_bytes(written.enedis({begin + 1800 * number: 100 + number for number in range(48)}))
    path.chmod(0o600)
    return path


def owners(folder: Path) -> set[tuple[int, int]]:
    """Return user and group of the files in a folder."""
    return {(each.lstat().st_uid, each.lstat().st_gid) for each in folder.iterdir()}


def test_an_import_an_undo_and_an_export_of_root(folder: Path, curve: Path, tmp_path: Path) -> None:
    """Files that root alone may read are added; all that is made belongs to the user, who alone reads it."""
    exported = tmp_path / "out" / "history.sqlite"
    exported.parent.mkdir()
    os.chown(exported.parent, 1000, 1000)
    status, said = history(folder, "import", curve)
    assert (status, "Half-hours added: 48." in said) == (0, True), said
    assert history(folder, "export", exported) == (0, f"The history is in {exported}.\n")
    assert history(folder, "export", exported) == (1, f"teleinfo history: {exported}: File exists\n")
    assert history(folder, "undo")[0] == 0
    status, said = history(folder, "import", exported)
    assert (status, said) == (0, "history.sqlite: a history. Rows added: 49.\n")

    assert owners(folder) == {(USER, USER)}
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    assert [each.name for each in exported.parent.iterdir()] == ["history.sqlite"]
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    assert (exported.stat().st_uid, exported.stat().st_gid) == (1000, 1000)


def test_lines_on_standard_input_reach_the_owner(folder: Path) -> None:
    line = b'{"timestamp":%d,"ADCO":"041961123456","PTEC":"TH..","BASE":"000001000","PAPP":"00500"}\n'
    lines = b"".join(line % (1000 * (NOW - 7200 + second)) for second in range(0, 60, 2))
    status, said = history(folder, "import", lines=lines)

    assert (status, said) == (
        0,
        "30 readings were added to the history; 0 lines have no reading, or no possible time\n",
    )
    assert owners(folder) == {(USER, USER)}


def link_to_file(path: Path, outside: Path) -> None:
    """Link to a file of root's."""
    path.symlink_to(outside / "secret")


def dangling_link(path: Path, outside: Path) -> None:
    """Link to a file that is not there."""
    path.symlink_to(outside / "absent")


def hard_link(path: Path, outside: Path) -> None:
    """Make another name of a file of root's."""
    path.hardlink_to(outside / "secret")


def link_to_history(path: Path, outside: Path) -> None:
    """Link to a history of root's."""
    path.symlink_to(outside / "other.sqlite")


def fifo(path: Path, _outside: Path) -> None:
    """Make a pipe that nobody writes."""
    os.mkfifo(path, 0o444)


def device(path: Path, _outside: Path) -> None:
    """Make a device of characters: the terminal of the process."""
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(5, 0))


def folder_instead(path: Path, _outside: Path) -> None:
    """Make a folder with a file."""
    path.mkdir()
    (path / "file").touch()


def nonsense(path: Path, _outside: Path) -> None:
    """Write a file of no known kind."""
    path.write_bytes(b"nothing of ours" * 1000)


def file_of_root(path: Path, _outside: Path) -> None:
    """Write a file of root's, which the user may not read."""
    path.touch(mode=0o600)


TRAPS = (
    link_to_file,
    dangling_link,
    hard_link,
    link_to_history,
    fifo,
    device,
    folder_instead,
    nonsense,
    file_of_root,
)
NAMES = (
    *(HISTORY, f"{HISTORY}-wal", f"{HISTORY}-shm", f"{HISTORY}-journal"),
    *("teleinfo.part", "teleinfo.new", "teleinfo.copy-0", "teleinfo.copy-1", "teleinfo.damaged-1"),
)


def facts(outside: Path) -> dict[str, tuple[object, ...]]:
    """Return what one can see of each file."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (outside, *sorted(outside.rglob("*"))):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[path.name] = (status.st_uid, status.st_gid, status.st_mode, status.st_mtime_ns, content)
    return found


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """Return a folder of root's with files, in which nothing may change."""
    found = tmp_path / "outside"
    found.mkdir()
    (found / "secret").write_text("secret\n")
    (found / "secret").chmod(0o600)
    with contextlib.closing(Store(found / "other.sqlite")) as store:
        store.write([Batch("099999999999", NOW)], now=NOW)
    before = facts(found)
    yield found
    assert facts(found) == before


BESIDE = NAMES[1:]
CASES = [("import", [HISTORY]), ("import", BESIDE), ("undo", [HISTORY]), ("export", NAMES[:3])]
SETS = part_of(
    [(trap, verb, names) for trap in TRAPS for verb, names in CASES],
    played=[
        (link_to_history, "import", [HISTORY]),
        (dangling_link, "import", BESIDE),
        (file_of_root, "undo", [HISTORY]),
        (fifo, "export", NAMES[:3]),
    ],
)
"""What is put there, the command of root's, and the names of the files."""


def try_traps(folder: Path, trap: Callable[[Path, Path], None], names: Sequence[str], verb: str) -> None:
    """Set traps of these names in the folder, then run a command of root's: it fails or ends well, soon."""
    outside = folder.parents[1] / "outside"
    exported = folder.parents[1] / "exported.sqlite"
    for name in names:
        path = folder / name
        path.unlink(missing_ok=True)
        trap(path, outside)
        if trap not in {hard_link, file_of_root}:
            os.lchown(path, USER, USER)
    values = {"import": [folder.parents[1] / "curve.csv"], "export": [exported]}.get(verb, [])
    status, said = history(folder, verb, *values)

    assert status in {0, 1}
    assert "Traceback" not in said
    assert said.count("\n") < 12
    assert exported.exists() == (verb == "export" and status == 0)
    assert not [*exported.parent.glob("exported.sqlite.*")]
    if exported.exists():
        with contextlib.closing(sqlite3.connect(exported)) as base:
            assert base.execute("SELECT name FROM meter").fetchall() in ([(METER,)], [])


@pytest.mark.usefixtures("outside", "curve")
@pytest.mark.parametrize(
    "attempt", SETS, ids=lambda attempt: f"{attempt[0].__name__}-{attempt[1]}-{attempt[2][0]}"
)
def test_what_stands_in_the_folder_changes_nothing_outside(
    folder: Path, attempt: tuple[Callable[[Path, Path], None], str, Sequence[str]]
) -> None:
    """Neither is anything outside changed, made or given away, nor does root wait for ever."""
    trap, verb, names = attempt
    try_traps(folder, trap, names, verb)


def test_the_owner_has_no_way_back(folder: Path) -> None:
    """Neither to root nor to the groups of root; the way through the closed folder shows nothing else."""
    probe = (
        "import os, pathlib, sys\n"
        "from teleinfo.history.owner import as_owner\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "def look():\n"
        "    try: os.seteuid(0)\n"
        "    except PermissionError: back = False\n"
        "    else: back = True\n"
        "    inside = sorted(os.listdir(folder)), sorted(os.listdir(folder.parent))\n"
        "    return [os.getresuid(), os.getresgid(), os.getgroups(), back, inside]\n"
        "print(as_owner(folder, look), os.geteuid())\n"
    )
    shutil.copy(folder / HISTORY, folder.parent / "other")
    done = subprocess.run([sys.executable, "-c", probe, folder], capture_output=True, text=True, check=True)
    ids = [[USER] * 3, [USER] * 3, [], False]
    inside = [[HISTORY], ["teleinfo-web"]]
    assert done.stdout == f"{[*ids, inside]} 0\n"
