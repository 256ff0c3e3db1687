"""
A command of teleinfo in a fork of the process of the tests.

It takes a tenth of the processor time of a process of its own, in which Python begins and imports everything.
Each command has a test that starts it as users do, too.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from typing import TYPE_CHECKING, NoReturn

from teleinfo.cli.main import main
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def run_forked(
    words: Sequence[str], *, environ: Mapping[str, str], folder: Path, given: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """
    Run `teleinfo` with these words in `folder`, with this environment and no other, and wait for its end.

    Standard input has the bytes `given`.
    """
    with (
        tempfile.TemporaryFile() as standard_input,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
    ):
        standard_input.write(given)
        standard_input.seek(0)
        with warnings.catch_warnings():
            # Other threads of the tests hold no lock that the child takes.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            for descriptor, file in enumerate((standard_input, output, errors)):
                os.dup2(file.fileno(), descriptor)
            _play(words, environ, folder)  # ends the child
        status = _wait_for(child)
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(
            ["teleinfo", *words], status, output.read().decode(), errors.read().decode()
        )


def _play(words: Sequence[str], environ: Mapping[str, str], folder: Path) -> NoReturn:
    """Run the command in this process, which ends with its exit status."""
    status: int | str | None = 1
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        time.tzset()
        # The handlers of pytest.
        logging.getLogger().handlers.clear()
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8")  # noqa: SIM115
        try:
            status = main(words)
        except SystemExit as end:
            status = end.code
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - the process of the tests goes on in its parent alone
        traceback.print_exc()
    finally:
        os._exit(status if isinstance(status, int) else int(status is not None))


def _wait_for(child: int) -> int:
    """Return the exit status of a child; kill it if it hangs."""
    end = time.monotonic() + 2 * LIMIT
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    _child, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
