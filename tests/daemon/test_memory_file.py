"""The file of the memory is whole whatever happens: a power cut, a full disk, a second process."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.untrusted_json import MAX_BYTES
from teleinfo.daemon.memory_keeper import MemoryFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS = 40
SIZE = 20_000
"""Bytes of a content: several blocks, so that a part of it can be on the disk."""

WRITER = f"""
import sys
from pathlib import Path
from teleinfo.common.untrusted_json import MAX_BYTES
from teleinfo.daemon.memory_keeper import MemoryFile
file = MemoryFile(Path(sys.argv[1]), "teleinfo")
content = file.open()
number = int(content.split()[0]) if content else 0
while True:
    number += 1
    file.write(b"%d " % number * ({SIZE} // len(b"%d " % number)))
    print(number, flush=True)
"""


@pytest.mark.real
def test_a_power_cut_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    rng = random.Random(7)
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(rng.uniform(0, 0.01))
            writer.kill()
            acknowledged = int((first + writer.stdout.read()).split()[-1])
        content = (tmp_path / "teleinfo.json").read_bytes()
        numbers = content.split()

        assert len(content) > SIZE - 20
        assert set(numbers) in ({b"%d" % acknowledged}, {b"%d" % (acknowledged + 1)})


def test_the_file_is_its_owner_s_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    """It names a meter. The directory is made if it is not there."""
    folder = tmp_path / "a" / "teleinfo"
    file = MemoryFile(folder, "maison/teleinfo")
    assert file.open() is None
    file.write(b"one")
    file.write(b"two")

    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "maison%2Fteleinfo.json": 0o600,
        "maison%2Fteleinfo.lock": 0o600,
    }
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "maison%2Fteleinfo.json").read_bytes() == b"two"


def test_the_file_takes_the_place_of_the_old_one_once_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut shows what no kill does: fsync(2) of the new file, its new name, fsync of the directory."""
    file = MemoryFile(tmp_path, "teleinfo")
    file.open()
    file.write(b"old")
    synced = []

    def fsync(descriptor: int) -> None:
        what = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - a text
        synced.append((what, (tmp_path / "teleinfo.json").read_bytes()))

    monkeypatch.setattr(os, "fsync", fsync)
    file.write(b"new")

    assert synced == [(str(tmp_path / "teleinfo.new"), b"old"), (str(tmp_path), b"new")]


@pytest.mark.parametrize("topic", ["é" * 30_000, "..", ".", "a/../b", "\N{SNOWMAN}", "a" * 300])
def test_any_topic_names_one_file_in_the_directory(tmp_path: Path, topic: str) -> None:
    file = MemoryFile(tmp_path / "teleinfo", topic)
    file.open()
    file.write(b"content")

    assert len(list(tmp_path.iterdir())) == 1
    assert len(list((tmp_path / "teleinfo").iterdir())) == 2


def test_a_second_process_finds_the_file_locked_until_the_first_has_ended(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(BlockingIOError):
            MemoryFile(tmp_path, "teleinfo").open()
        assert MemoryFile(tmp_path, "another").open() is None
        writer.send_signal(signal.SIGKILL)

    assert MemoryFile(tmp_path, "teleinfo").open() is not None


@pytest.mark.parametrize("kind", ["directory", "link", "pipe"])
def test_what_is_no_file_is_not_read(tmp_path: Path, kind: str) -> None:
    """Nothing hangs, and nothing outside the directory is read."""
    path = tmp_path / "teleinfo.json"
    match kind:
        case "directory":
            path.mkdir()
        case "link":
            path.symlink_to("/dev/zero")
        case _:
            os.mkfifo(path)
    file = MemoryFile(tmp_path, "teleinfo")
    if kind == "pipe":
        assert file.open() == b""
    else:
        with pytest.raises(OSError, match=r"Is a directory|Too many levels of symbolic links"):
            file.open()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a directory in which no file may have more than 16 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 10, before[1]))
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    """A file that could not be written whole is removed, and the next write works."""
    file = MemoryFile(small_disk, "teleinfo")
    file.open()
    file.write(b"old")
    with pytest.raises(OSError, match="File too large"):
        file.write(bytes(SIZE))

    assert (small_disk / "teleinfo.json").read_bytes() == b"old"
    assert not (small_disk / "teleinfo.new").exists()
    file.write(b"new")
    assert (small_disk / "teleinfo.json").read_bytes() == b"new"


def test_no_more_is_read_than_a_memory_has(tmp_path: Path) -> None:
    """A file of a gigabyte is not loaded."""
    with (tmp_path / "teleinfo.json").open("wb") as file:
        file.truncate(1 << 30)
    content = MemoryFile(tmp_path, "teleinfo").open()

    assert content is not None
    assert len(content) == MAX_BYTES + 1
