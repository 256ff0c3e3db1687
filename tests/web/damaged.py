"""Many damaged histories in one process of the page: each is that of a meter."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.history import odd
from tests.history.decade import METER
from tests.support.broker import MosquittoBroker
from tests.web.process import PageProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = ("days30", "contract", "hour", "alerts")


Damage = Callable[[Path], object]


def live_with(folder: Path, damages: Sequence[Damage], shown: Sequence[str] = SHOWN) -> None:
    """
    Run `teleinfo web` with a meter for each damage of its history, and ask for the tables of each.

    It lives, answers, says at most one line of each, and has the rows that were in the copy of each.
    """
    history = folder / "history"
    settings = folder / "settings"
    history.mkdir()
    settings.mkdir()
    now = int(time.time())
    whole = folder / "whole.sqlite"
    odd.write(whole, now)
    names = [f"m{number}" for number in range(len(damages))]
    with MosquittoBroker(folder, more=["log_type none"]) as broker:
        for name, damage in zip(names, damages, strict=True):
            for end in (".sqlite", ".copy-0"):
                shutil.copy(whole.with_suffix(end), history / f"{name}{end}")
            damage(history / f"{name}.sqlite")
            lines = [f"TELEINFO_MQTT_TOPIC={name}", f"TELEINFO_MQTT_PORT={broker.port}"]
            (settings / f"{name}.env").write_text("\n".join(lines) + "\n")
        page = PageProcess(folder, "--mqtt", "--env-file", str(settings))
        page.command.remove(os.devnull)
        page.command.remove("--env-file")
        with page:
            page.show("event: now")
            for name in names:
                for table in shown:
                    page.table(METER, table, f"?meter={name}")
            assert page.stop()[0] == 0
    lines = page.log.splitlines()
    assert "Traceback" not in page.log
    for name in names:
        said = [line for line in lines if f"/{name}." in line]
        aside = [*history.glob(f"{name}.damaged-*[0-9]")]
        assert len(said) == len(aside) <= 1, said
        lost = odd.lost(odd.content(whole), odd.content(history / f"{name}.sqlite"))
        assert sum(lost.values()) <= (0 if aside else 3), (name, lost)
