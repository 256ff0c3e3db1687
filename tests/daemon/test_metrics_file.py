"""The file for Prometheus' node exporter, of a real daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo import __version__
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.scenario import historique, until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

# With the umask of the service.
SOONER = (
    "from teleinfo.daemon import metrics_file; import os\nmetrics_file.FILE_INTERVAL = 0.1; os.umask(0o077)"
)


def test_the_daemon_writes_its_metrics_to_a_file_that_anybody_may_read(tmp_path: Path) -> None:
    """A file that cannot be written is logged once, and tried again each minute."""
    path = tmp_path / "teleinfo.prom"
    path.mkdir()
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(historique(1)) as meter,
        Daemon(tmp_path, SOONER, metrics_file=path, **settings_for(broker, meter.line)) as daemon,
    ):
        until(lambda: "cannot be written" in daemon.log)
        until(lambda: path.with_suffix(".new").exists())
        path.rmdir()
        until(lambda: path.exists() and "teleinfo_power_apparent_import_volt_amperes{" in path.read_text())
        text = path.read_text()

    assert daemon.log.count(f"{path} cannot be written: Is a directory") == 1
    assert 'teleinfo_online{topic="teleinfo"} 1\n' in text
    assert f'teleinfo_info{{topic="teleinfo",version="{__version__}",mode="historique",model="' in text
    assert 'teleinfo_rejected_groups_total{topic="teleinfo",cause="parity"} 0\n' in text
    assert path.stat().st_mode & 0o777 == 0o644
