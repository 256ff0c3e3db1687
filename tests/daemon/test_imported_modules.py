"""What the daemon has imported once it works: each module takes memory as long as the process runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.scenario import historique
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

NEEDLESS: Final = (
    *("aiohttp", "difflib", "doctest", "multiprocessing", "sqlite3", "tomllib", "unittest", "xml"),
    *("pydantic.deprecated", "pydantic.networks", "pydantic.v1", "pydantic.mypy"),
    *("teleinfo.contract", "teleinfo.demo", "teleinfo.doctor", "teleinfo.history", "teleinfo.live"),
    *("teleinfo.record", "teleinfo.simulator", "teleinfo.watch", "teleinfo.web"),
    "teleinfo.state.metrics",
)
"""Modules and packages of which the daemon needs nothing while the household has no file of offers."""

AT_THE_END: Final = """
import atexit, pathlib, sys
atexit.register(lambda: pathlib.Path({path!r}).write_text("\\n".join(sys.modules)))
"""


def is_in(name: str, package: str) -> bool:
    """Return True if a module is this package, or is in it."""
    return name == package or name.startswith(f"{package}.")


@pytest.mark.real
def test_with_everything_on_it_has_imported_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    path = tmp_path / "modules"
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(historique(1), link=tmp_path / "meter") as meter,
        Subscriber(broker.host, broker.port) as subscriber,
        Daemon(
            tmp_path,
            AT_THE_END.format(path=str(path)),
            **settings_for(broker, meter.line),
            homeassistant=True,
            state_topics=True,
            prices="HC=0.1696 HP=0.2146 month=15.74",
            offers=tmp_path / "offers.toml",
            language="fr",
        ) as daemon,
    ):
        subscriber.expect("teleinfo/state")
        assert daemon.stop()[0] == 0
    modules = set(path.read_text().split("\n"))
    needless = [name for name in modules for package in NEEDLESS if is_in(name, package)]

    assert {"teleinfo.homeassistant.discovery", "teleinfo.daemon.household_prices"} <= modules
    assert needless == []
