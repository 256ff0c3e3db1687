"""The file of the memory is whole whatever happens: a power cut, a full disk, a second process."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.state_directory import MAX_NAME, file_name
from teleinfo.common.untrusted_json import MAX_BYTES
from teleinfo.daemon.memory_keeper import read_file, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS = 40
SIZE = 20_000
"""Bytes of a content: several blocks, so that a part of it can be on the disk."""

WRITER = f"""
import sys
from pathlib import Path
from teleinfo.daemon.memory_keeper import read_file, write_file
path = Path(sys.argv[1])
content = read_file(path)
number = int(content.split()[0]) if content else 0
while True:
    number += 1
    write_file(path, b"%d " % number * ({SIZE} // len(b"%d " % number)))
    print(number, flush=True)
"""


@pytest.mark.real
def test_a_power_cut_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    rng = random.Random(7)
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "teleinfo.json")], stdout=subprocess.PIPE
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


def test_the_file_is_its_owner_s_alone_and_takes_the_place_of_the_old_one_once_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut shows what no kill does: fsync(2) of the new file, its new name, fsync of the directory."""
    path = tmp_path / "a/teleinfo/teleinfo.json"
    assert read_file(path) is None
    write_file(path, b"old")
    synced = []

    def fsync(descriptor: int) -> None:
        what = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - a text
        synced.append((what, path.read_bytes()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_file(path, b"new")

    assert synced == [(str(path.with_suffix(".new")), b"old"), (str(path.parent), b"new")]
    assert [(each, each.stat().st_mode & 0o777) for each in path.parent.iterdir()] == [(path, 0o600)]
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_any_topic_names_a_file_of_its_own() -> None:
    topics = ["é" * 30_000, "a/../b", "a%2F..%2Fb", "a" * 300]
    names = {file_name(topic) for topic in topics}

    assert len(names) == len(topics)
    assert all("/" not in name and len(name) <= MAX_NAME for name in names)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a directory in which no file may have more than 16 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 10, before[1]))
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    path = small_disk / "teleinfo.json"
    write_file(path, b"old")
    with pytest.raises(OSError, match="File too large"):
        write_file(path, bytes(SIZE))

    assert path.read_bytes() == b"old"
    write_file(path, b"new")
    assert path.read_bytes() == b"new"


def test_no_more_is_read_than_a_memory_has(tmp_path: Path) -> None:
    """A file of a gigabyte is not loaded."""
    path = tmp_path / "teleinfo.json"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    content = read_file(path)

    assert content is not None
    assert len(content) == MAX_BYTES + 1
