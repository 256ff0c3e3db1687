"""A recording that changes its mode keeps every key and every sum, in `decode --state` and in the daemon."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.cli import main as cli
from teleinfo.simulator.encode import with_parity
from teleinfo.simulator.historique import Historique
from teleinfo.simulator.meter import MeterModel
from teleinfo.simulator.metrology import Metrology
from teleinfo.simulator.standard import Standard
from teleinfo.simulator.tariff import BASE, HC, TEMPO, SimulatedContract
from teleinfo.tic.labels import Mode
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

START: Final = dt.datetime(2026, 1, 14, 21, 59, 30)  # noqa: DTZ001 - the time of the meter
"""Half a minute before the off-peak hours, which begin in the first mode and go on in the second."""
POWER: Final = 5000
"""W, of a subscription of 9 kVA."""
PACE: Final = 0.05
"""Seconds from one frame to the next in the daemon, which knows how long their bytes take on a line."""
ROUNDING: Final = 2
"""Wh: the total is the sum of up to six whole numbers in one mode, and a register of its own in the other."""


class Recording:
    """The frames of a meter that changes its mode after a half of them; its registers at each, in Wh."""

    def __init__(self, contract: SimulatedContract, first: Mode, *, step: float, frames: int) -> None:
        metrology = Metrology(
            start=START,
            load_profile=lambda _: (complex(POWER),),
            contract=contract,
            phases=1,
            rng=random.Random(7),
        )
        self.step = dt.timedelta(seconds=step)
        self.frames: list[bytes] = []
        self.registers: list[list[int]] = []
        for number in range(frames):
            is_first = number < frames // 2
            mode = first if is_first else next(other for other in Mode if other is not first)
            model = MeterModel(contract, mode, kva=9)
            meter = Standard(model, metrology) if mode is Mode.STANDARD else Historique(model, metrology)
            self.frames.append(with_parity(meter.emit(START + number * self.step)))
            self.registers.append([int(energy) for energy in metrology.supplier[: len(contract.indexes)]])

    def save(self, folder: Path) -> Path:
        """Write the recording with its times, as `teleinfo record` does."""
        path = folder / "change.tic"
        times = ""
        size = 0
        begin = dt.datetime(2026, 1, 14, 20, 59, 30, tzinfo=dt.UTC)
        for number, frame in enumerate(self.frames):
            size += len(frame)
            times += f"{size} {(begin + number * self.step).timestamp():.3f}\n"
        path.write_bytes(b"".join(self.frames))
        (folder / "change.tic.times").write_text(times)
        return path


def values_of(state: dict[str, Any]) -> list[int]:
    """Return the readings of the indexes of a state, Wh."""
    return [index["value"] for index in state["energy"]["indexes"].values()]


def expect_going_on(states: list[dict[str, Any]], recording: Recording) -> None:
    """Expect that the keys stay, that the étiquettes change, and that each sum is that of the registers."""
    first = states[0]["energy"]
    last = states[-1]["energy"]
    modes = [state["meter"]["mode"] for state in states]
    assert sum(before != after for before, after in pairwise(modes)) == 1
    assert {tuple(state["energy"]["indexes"]) for state in states} == {tuple(first["indexes"])}
    assert {tuple(state["energy"]["today"]["indexes"]) for state in states} == {tuple(first["indexes"])}
    labels = [{index["label"] for index in energy["indexes"].values()} for energy in (first, last)]
    assert labels[0].isdisjoint(labels[1])
    assert values_of(states[-1]) == recording.registers[-1]
    risen = {key: index["value"] - first["indexes"][key]["value"] for key, index in last["indexes"].items()}
    assert last["today"]["indexes"] == risen
    assert last["today"]["imported"] == pytest.approx(sum(risen.values()), abs=ROUNDING)
    assert last["today"]["imported"] == last["import_total"] - first["import_total"]
    assert last["this_month"]["indexes"] == risen
    totals = [state["energy"]["import_total"] for state in states]
    assert totals == sorted(totals)
    for before, after in pairwise(map(values_of, states)):
        assert all(old <= new for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("first", Mode)
@pytest.mark.parametrize("contract", [BASE, HC, TEMPO], ids=["base", "hc", "tempo"])
def test_decode_goes_on_over_a_change_of_mode(
    contract: SimulatedContract, first: Mode, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    recording = Recording(contract, first, step=2, frames=80)
    path = recording.save(tmp_path)
    assert cli.main(["--env-file", os.devnull, "decode", "--state", str(path)]) == 0

    expect_going_on([json.loads(line) for line in capsysbinary.readouterr().out.splitlines()], recording)


@pytest.mark.real
def test_the_daemon_goes_on_over_a_change_of_mode(tmp_path: Path) -> None:
    """The same holds through a port and a broker: first come frames of historique, then those of standard."""
    recording = Recording(TEMPO, Mode.HISTORIQUE, step=1, frames=80)
    with MosquittoBroker(tmp_path) as broker, Meter(None) as meter:
        settings = settings_for(broker, meter.line) | {"state_interval": 0}
        with Subscriber(broker.host, broker.port) as subscriber, Daemon(tmp_path, **settings):
            subscriber.expect("teleinfo/health", predicate=lambda message: b'"listening"' in message.payload)
            for frame in recording.frames:
                meter.line.write(frame)
                time.sleep(PACE)
            states: list[dict[str, Any]] = []
            while not states or values_of(states[-1]) != recording.registers[-1]:
                state = json.loads(subscriber.expect("teleinfo/state").payload)
                if state["meter"]["id"] is not None:
                    states.append(state)

    expect_going_on(states, recording)
