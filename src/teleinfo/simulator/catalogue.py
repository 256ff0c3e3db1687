"""The meters of `meters.toml`, which can be simulated, by name."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.simulator import tariff
from teleinfo.simulator.historique import Historique
from teleinfo.simulator.households import SimulatedHousehold
from teleinfo.simulator.meter import MeterModel, SimulatedMeter
from teleinfo.simulator.metrology import LoadProfile, Metrology
from teleinfo.simulator.standard import Standard
from teleinfo.tic.tables.reader import Mode

if TYPE_CHECKING:
    import datetime as dt
    import random
    from collections.abc import Iterator


DEFAULT = "hc"


def _meters() -> Iterator[tuple[str, MeterModel]]:
    table = tomllib.loads(Path(__file__).with_name("meters.toml").read_text(encoding="utf-8"))
    for mode, meters in table.items():
        for name, meter in meters.items():
            contract = getattr(tariff, meter.pop("contract"))
            yield name, MeterModel(contract, Mode(mode), **meter)


METERS: Final = dict(_meters())


def build(
    name: str,
    *,
    start: dt.datetime,
    rng: random.Random,
    load_profile: LoadProfile | None = None,
    household: str | None = None,
    number: str | None = None,
) -> SimulatedMeter:
    """
    Return the meter `name` of METERS; its clock stands at `start`, a naive local time.

    A `household` of HOUSEHOLDS, or a `load_profile` of as many phases, replaces that of the model; `number`
    its ADCO or ADSC. Raises KeyError for an unknown name.
    """
    model = METERS[name]
    if number is not None:
        model = replace(model, number=number)
    if load_profile is None:
        load_profile = SimulatedHousehold(household or model.household, rng=rng, phases=model.phases).power
    metrology = Metrology(
        start=start, load_profile=load_profile, contract=model.contract, phases=model.phases, rng=rng
    )
    return (Standard if model.mode is Mode.STANDARD else Historique)(model, metrology)
