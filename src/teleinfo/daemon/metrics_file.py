"""Write the metrics of a meter to a file each minute, for the text collector of Prometheus' node exporter."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.common.files import file_error, write_file
from teleinfo.state.metrics import MeterNow, exposition

if TYPE_CHECKING:
    from teleinfo.common.durations import Ticks
    from teleinfo.daemon.monitor import Monitor
    from teleinfo.state.fields import Json

log = logging.getLogger(__name__)

FILE_INTERVAL: Final = 60.0
"""Seconds between two files."""


async def keep(path: str, monitor: Monitor, ticks: Ticks) -> NoReturn:
    """Write the metrics of a meter to a file each minute, until cancelled; log the first failure."""
    is_logged = False
    while True:
        await asyncio.sleep(ticks.seconds_to_next(asyncio.get_running_loop().time(), FILE_INTERVAL))
        state: dict[str, Json] = {}
        if monitor.state is not None:
            state = monitor.state.latest
        meter = MeterNow(state, monitor.report(), monitor.online)
        text = exposition({monitor.publisher.topics.readings: meter})
        try:
            await asyncio.to_thread(write_file, Path(path), text.encode(), mode=0o644)
        except OSError as error:
            if not is_logged:
                log.warning("%s cannot be written: %s", path, file_error(error))
            is_logged = True
