"""An error that nobody foresaw, in a callback of the event loop or in a task that nobody awaits."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from teleinfo.common import event_loop
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.process import LIMIT
from tests.support.scenario import historique

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.real
@pytest.mark.parametrize("callback", ["_check_keepalive", "_read"])
def test_an_error_in_a_callback_ends_the_daemon_with_one_traceback(tmp_path: Path, callback: str) -> None:
    """A timer, or what reads the socket of the broker: without it the daemon would live on, and do less."""
    patch = (
        "from teleinfo.__main__ import main\nfrom teleinfo.mqtt.paho_driver import PahoDriver\n"
        f"PahoDriver.{callback} = lambda _: {{}}['injected']\nraise SystemExit(main())"
    )
    with MosquittoBroker(tmp_path) as broker, Meter(historique(1)) as meter:
        daemon = Daemon(tmp_path, **settings_for(broker, meter.line))
        daemon.command[1:3] = ["-c", patch]
        with daemon:
            assert daemon.process.wait(LIMIT) == 1

    assert daemon.log.count("KeyError: 'injected'") == daemon.log.count("Traceback") == 1


def test_an_error_in_a_task_that_nobody_awaits_ends_the_program(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise LookupError("injected")

    async def work(*, forgets: bool) -> str:
        asyncio.get_running_loop().call_exception_handler({"message": min(event_loop.HARMLESS)})
        if forgets:
            asyncio.create_task(fail())  # noqa: RUF006 - the mistake
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()
        await asyncio.sleep(0)
        return "done"

    assert event_loop.run(work(forgets=False)) == "done"
    with pytest.raises(SystemExit):
        event_loop.run(work(forgets=True))
    assert [record.exc_info is not None for record in caplog.records] == [True]


@pytest.mark.real
def test_a_stuck_thread_does_not_keep_the_process() -> None:
    """A thread sleeps for 30 s, and what waits for it is cancelled: the process ends at once."""
    program = """
        import asyncio, atexit, time
        from teleinfo.common import event_loop

        async def main():
            stuck = asyncio.create_task(asyncio.to_thread(time.sleep, 30))
            await asyncio.wait({stuck}, timeout=0.1)
            stuck.cancel()

        # Registered first, so called last.
        atexit.register(lambda: print(time.monotonic() - began))
        began = time.monotonic()
        event_loop.run(main())
    """

    command = [sys.executable, "-c", textwrap.dedent(program)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert float(ended.stdout) < 10.0
