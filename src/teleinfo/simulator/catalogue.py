"""The meters that can be simulated, by name; every identifier is invented, and ends with 123456."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from teleinfo.simulator import tariff
from teleinfo.simulator.historique import Historique
from teleinfo.simulator.households import House
from teleinfo.simulator.meter import MeterModel
from teleinfo.simulator.metrology import Metrology
from teleinfo.simulator.standard import Standard
from teleinfo.tic.tables.reader import Mode

if TYPE_CHECKING:
    import datetime as dt
    import random

    from teleinfo.simulator.meter import SimulatedMeter
    from teleinfo.simulator.metrology import LoadProfile

DEFAULT = "hc"

_TRI = "041976123456"
_STANDARD = Mode.STANDARD

METERS: dict[str, MeterModel] = {
    "base": MeterModel(tariff.BASE),
    "hc": MeterModel(tariff.HC),
    "ejp": MeterModel(tariff.EJP, kva=12),
    "tempo": MeterModel(tariff.TEMPO, kva=9),
    # 18 kVA allow 30 A on each phase, which the workshop exceeds.
    "tri": MeterModel(tariff.BASE, kva=18, phases=3, household="workshop", number=_TRI),
    "tri-tempo": MeterModel(tariff.TEMPO, kva=18, phases=3, household="workshop", number=_TRI),
    # A type 76 of 2025, which sends no short frames (see `Historique`).
    "tri-76": MeterModel(
        tariff.BASE, kva=18, phases=3, short_frames=False, household="workshop", number="042576123456"
    ),
    "standard": MeterModel(tariff.HC, _STANDARD, kva=9),
    "standard-tri": MeterModel(tariff.HC, _STANDARD, kva=18, phases=3, number=_TRI),
    "standard-producer": MeterModel(tariff.PRODUCER, _STANDARD, kva=9, producer=True, household="solar"),
    # Self-consumption without a contract to sell (CACSI): only STGE shows that energy is injected.
    "standard-cacsi": MeterModel(tariff.BASE, _STANDARD, kva=9, household="solar"),
    "standard-tempo": MeterModel(tariff.TEMPO, _STANDARD, kva=9),
}


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
        load_profile = House(household or model.household, rng=rng, phases=model.phases).power
    metrology = Metrology(
        start=start, load_profile=load_profile, contract=model.contract, phases=model.phases, rng=rng
    )
    return (Standard if model.mode is Mode.STANDARD else Historique)(model, metrology)
