"""
The meters that can be simulated, by name.

Pure. Every identifier is invented: the six last digits are 123456 and the PRM is zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.simulator import tariff
from teleinfo.simulator.historique import HistoriqueMono, HistoriqueTri
from teleinfo.simulator.load_profile import Household
from teleinfo.simulator.metrology import Metrology
from teleinfo.simulator.standard import Standard

if TYPE_CHECKING:
    import datetime as dt
    import random
    from collections.abc import Callable

    from teleinfo.simulator.load_profile import LoadProfile
    from teleinfo.simulator.meter import Meter
    from teleinfo.simulator.tariff import Contract

    _Builder = Callable[[dt.datetime, random.Random, LoadProfile | None], Meter]

DEFAULT = "hc"

_MONO = "041961123456"
_TRI = "041976123456"


def build(
    name: str, *, start: dt.datetime, rng: random.Random, load_profile: LoadProfile | None = None
) -> Meter:
    """
    Return the meter `name` of METERS, which lives from `start` on, a naive local time.

    `load_profile` replaces the household that it measures; it must have as many phases. Raises KeyError for a
    name that is not in METERS.
    """
    return METERS[name](start, rng, load_profile)


def _mono(contract: Contract, kva: int = 6) -> _Builder:
    def made(start: dt.datetime, rng: random.Random, load_profile: LoadProfile | None) -> Meter:
        house = load_profile or Household(rng=rng)
        metrology = Metrology(start=start, load_profile=house, contract=contract, rng=rng)
        return HistoriqueMono(metrology, contract=contract, address=_MONO, kva=kva)

    return made


def _tri(contract: Contract) -> _Builder:
    def made(start: dt.datetime, rng: random.Random, load_profile: LoadProfile | None) -> Meter:
        # 18 kVA are 30 A a phase, which the machine exceeds.
        house = load_profile or Household(rng=rng, phases=3, machine=8500)
        metrology = Metrology(start=start, load_profile=house, contract=contract, rng=rng)
        return HistoriqueTri(metrology, contract=contract, address=_TRI, kva=18)

    return made


def _standard(contract: Contract, *, phases: int = 1, solar: float = 0.0) -> _Builder:
    def made(start: dt.datetime, rng: random.Random, load_profile: LoadProfile | None) -> Meter:
        house = load_profile or Household(rng=rng, phases=phases, solar=solar)
        metrology = Metrology(start=start, load_profile=house, contract=contract, rng=rng)
        return Standard(
            metrology,
            contract=contract,
            address=_MONO if phases == 1 else _TRI,
            kva=9 if phases == 1 else 18,
            producer=solar > 0,
        )

    return made


METERS: dict[str, _Builder] = {
    "base": _mono(tariff.BASE),
    "hc": _mono(tariff.HC),
    "ejp": _mono(tariff.EJP, kva=12),
    "tempo": _mono(tariff.TEMPO, kva=9),
    "tri": _tri(tariff.BASE),
    "standard": _standard(tariff.HC),
    "standard-tri": _standard(tariff.HC, phases=3),
    "standard-producer": _standard(tariff.PRODUCER, solar=5000),
    "standard-tempo": _standard(tariff.TEMPO),
}
