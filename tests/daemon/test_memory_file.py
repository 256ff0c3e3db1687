"""The file of the memory is whole whatever happens: a power cut or a full disk."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import resource
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.files import write_file
from teleinfo.common.state_directory import MAX_NAME, file_name
from teleinfo.common.untrusted_json import MAX_OBJECT_BYTES
from teleinfo.daemon.memory_keeper import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

KILLS = 40
SIZE = 20_000
"""Bytes of a content: several blocks, so that a part of it can be on the disk."""


def content_of(number: int) -> bytes:
    """Return this number again and again, with a blank behind each: about `SIZE` bytes."""
    word = b"%d " % number
    return word * (SIZE // len(word))


def write_on(path: Path, acknowledgements: Connection) -> None:
    """Write the number after that in the file, and so on for ever; send each number that is written."""
    content = read_file(path)
    number = int(content.split()[0]) if content else 0
    while True:
        number += 1
        write_file(path, content_of(number))
        acknowledgements.send(number)


@pytest.mark.real
def test_a_power_cut_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    """The last content that was acknowledged, or the next, which nobody acknowledged before the cut."""
    rng = random.Random(7)
    path = tmp_path / "teleinfo.json"
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])  # imported once, and not by each writer
    for _ in range(KILLS):
        ours, its = processes.Pipe(duplex=False)
        writer = processes.Process(target=write_on, args=(path, its), daemon=True)
        writer.start()
        its.close()
        acknowledged = ours.recv()
        time.sleep(rng.uniform(0, 0.01))
        writer.kill()
        # Those that it sent before it was killed, until the pipe has ended.
        with contextlib.suppress(EOFError):
            while True:
                acknowledged = ours.recv()
        writer.join()

        assert path.read_bytes() in (content_of(acknowledged), content_of(acknowledged + 1))


def test_the_file_is_its_owner_s_alone_and_takes_the_place_of_the_old_one_once_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut shows what no kill does: fsync(2) of the new file, its new name, fsync of the directory."""
    path = tmp_path / "a/teleinfo/teleinfo.json"
    assert read_file(path) is None
    write_file(path, b"old")
    synced = []  # what was written to the disk, and the content of the file at that moment

    def fsync(descriptor: int) -> None:
        name = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - a text
        synced.append((name, path.read_bytes()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_file(path, b"new")

    assert synced == [(str(path.with_suffix(".new")), b"old"), (str(path.parent), b"new")]
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600
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
    assert len(content) == MAX_OBJECT_BYTES + 1
