"""
Work for the page that root asks for, done by the owner of the folder of the history.

The page runs as a user of its own. Whoever takes over its process can put links, pipes and files of any
content into its folder. Root must neither follow nor read them.
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from teleinfo.common.files import file_error
from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.console.output import fail

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from pathlib import Path

MAX_RESULT: Final = 1 << 24
"""The most bytes of a result."""

_CLONE_NEWNS: Final = 0x00020000
_MS_NOSUID = 2
_MS_NODEV = 4
_MS_NOEXEC = 8
_MS_BIND = 4096
_MS_PRIVATE_ALL: Final = 0x4000 | 1 << 18  # MS_REC: all mounts below
"""Flags of unshare(2) and mount(2), which Python lacks."""


def as_owner(folder: Path, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
    """
    Return what `work` returns, a value of JSON; if this process is root's, the owner of `folder` makes it.

    That is done by another process, in which files that are open here are open too, but for standard input.
    Check its result: that user may mean ill. Raise SystemExit if it ends without a result.
    """
    if os.geteuid() or not folder.exists():
        return work()
    owner = folder.stat()
    if not owner.st_uid:
        return work()
    processes = multiprocessing.get_context("fork")
    receiving, sending = processes.Pipe(duplex=False)
    process = processes.Process(target=_work, args=(folder, owner, work, sending), name="teleinfo.owner")
    process.start()
    sending.close()
    try:
        result = receiving.recv_bytes(MAX_RESULT)
    except EOFError:
        process.join()
        raise SystemExit(process.exitcode or 1) from None
    process.join()
    return json.loads(result)


def _work(folder: Path, owner: os.stat_result, work: Callable[[], Any], sending: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends both, and the other process reports it
    try:
        _become(folder, owner)
    except OSError as error:
        sys.exit(fail("history", f"{printable(str(folder))}: {_(file_error(error))}"))
    sending.send_bytes(json.dumps(work()).encode())


def _become(folder: Path, owner: os.stat_result) -> None:
    """Become the owner of the folder for good; raise OSError."""
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    closed = _closed_parent(folder.resolve())
    os.seteuid(0)
    os.setegid(0)
    if closed is not None:
        _open_a_way(folder.resolve(), closed)
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


def _closed_parent(folder: Path) -> Path | None:
    """Return the parent of the folder through which this user may not go, None if there is none."""
    for path in (*reversed(folder.parents), folder):
        try:
            path.stat()
        except PermissionError:
            return path.parent
    return None


def _open_a_way(folder: Path, closed: Path) -> None:
    """
    Put an empty folder in the place of `closed`, with `folder` alone in it, for this process; raise OSError.

    systemd keeps the folder of a service with DynamicUser= in one that only root may enter, /var/lib/private,
    and does the same for the service.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function: Callable[..., int], *arguments: object) -> None:
        if function(*arguments):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))

    call(libc.unshare, _CLONE_NEWNS)
    call(libc.mount, b"none", b"/", None, _MS_PRIVATE_ALL, None)
    inside = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    harmless = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    call(libc.mount, b"none", os.fsencode(closed), b"tmpfs", harmless, b"mode=755")
    folder.mkdir(mode=0o755, parents=True)
    call(libc.mount, f"/proc/self/fd/{inside}".encode(), os.fsencode(folder), None, _MS_BIND, None)
    os.close(inside)
