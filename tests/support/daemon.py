"""The real daemon, in a process of its own, and a meter that goes on sending the same bytes."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Self

from teleinfo.simulator.serial_line import SerialLine
from tests.support.process import LIMIT, Process

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.broker import MosquittoBroker


class Daemon(Process):
    """
    `python -m teleinfo`, with `settings` as its TELEINFO_* variables and else an empty environment.

    It logs in English, unless `language` is given. `patch` is Python that it runs first.
    What it remembers through a restart is in the folder `state` of `folder`.
    """

    environ: dict[str, str]

    def __init__(self, folder: Path, patch: str = "", /, **settings: object) -> None:
        program = ["-m", "teleinfo"]
        if patch:
            program = ["-c", f"{patch}\nfrom teleinfo.__main__ import main\nraise SystemExit(main())"]
        command = [sys.executable, *program, "--env-file", os.devnull, "run"]
        self.state = folder / "state"
        environ = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "STATE_DIRECTORY": str(self.state)}
        given = {"language": "en"} | settings
        environ |= {f"TELEINFO_{name.upper()}": str(value) for name, value in given.items()}
        super().__init__(command, folder / "teleinfo.log", environ)


def settings_for(broker: MosquittoBroker, line: SerialLine) -> dict[str, object]:
    """Return the settings that join the daemon to this broker and this line."""
    return {"serial_port": line.port, "mqtt_host": broker.host, "mqtt_port": broker.port}


class Meter:
    """
    A meter on a pseudo-terminal that sends `frame` again and again, every `period` seconds.

    `frame` may be changed at any time; None is silence. The reader flushes the port when it opens it, so that
    a single frame could be lost: this is why it goes on.
    """

    def __init__(self, frame: bytes | None, *, period: float = 0.2, link: Path | None = None) -> None:
        self.frame = frame
        self.line = SerialLine(link=link)
        self._period = period
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send, name="meter", daemon=True)

    def _send(self) -> None:
        while not self._ended.wait(self._period):
            if self.frame is not None:
                with contextlib.suppress(OSError):  # the terminal is hung up at this moment
                    self.line.write(self.frame)

    def __enter__(self) -> Self:
        self.line.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(LIMIT)
        self.line.close()
