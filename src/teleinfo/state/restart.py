"""
Continue through a restart of the program: what is remembered of a meter, and what still holds.

Pure. The memory of an earlier run takes effect as soon as the meter is known. Then the totals, the days, the
mean powers, the alerts and the tariff calendar go on, if the meter is the remembered one.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.state import fields
from teleinfo.state.facts import STALE_AFTER, MeterFacts
from teleinfo.state.mean_power import RESTART_AFTER
from teleinfo.state.memory import Memory, RememberedContract
from teleinfo.state.next_tariff import TariffCalendar

if TYPE_CHECKING:
    from teleinfo.state.events import EventFinder

CLOCK_ERROR: Final = 2.0
"""Seconds by which two clocks may differ over a short restart; a time of day has whole seconds."""


def remember(facts: MeterFacts, events: EventFinder) -> Memory:
    """Return the memory of a known meter, without what was published."""
    return Memory(
        meter=facts.device.scope,
        heard=facts.heard.wall,
        import_total=facts.total,
        alert_starts=dict(facts.alert_starts),
        daily_energy=facts.daily,
        means={counter: replace(mean) for counter, mean in facts.means.items() if mean.watts is not None},
        calendar=facts.contract.calendar.remembered,
        contract=_contract(facts),
        situation=events.situation,
        spans=events.spans,
        has_exported=facts.has_exported,
    )


def _contract(facts: MeterFacts) -> RememberedContract | None:
    """Return the memory of the contract of a meter; None while it is unknown."""
    of_meter = facts.contract
    if of_meter.contract is None:
        return None
    return RememberedContract(of_meter.mode, of_meter.contract, dict(of_meter.periods))


def contradicts(memory: Memory, facts: MeterFacts) -> bool:
    """True if the meter is not the remembered one, or its index cannot follow the remembered index."""
    if memory.meter != facts.device.scope:
        return True
    values = facts.contract.texts
    imported = fields.import_total(values)
    if memory.import_total is None or imported is None:
        return False
    subscribed = fields.subscribed_power(values)
    return not memory.import_total.is_followed_by(*imported, at=facts.heard.wall, subscribed=subscribed)


def resume(memory: Memory, facts: MeterFacts) -> None:
    """
    Continue what an earlier run remembered: energies, alerts, mean powers, and that the meter injects.

    An alert must have been active in every frame since. The times of a mean power are monotonic: they
    count only if the time of day confirms that the machine was not started anew.
    """
    if memory.meter != facts.device.scope:
        # Another meter: only the days of the household go on, with a total that begins anew.
        if memory.daily_energy is not None:
            facts.total = None
            facts.daily = memory.daily_energy
        return
    if memory.import_total is not None:
        facts.total = memory.import_total
        facts.daily = memory.daily_energy
    facts.contract.calendar = TariffCalendar(memory.calendar)
    _resume_contract(memory.contract, facts)
    facts.has_exported |= memory.has_exported
    now = facts.heard
    away = (now.wall - memory.heard).total_seconds()
    if 0 <= away <= STALE_AFTER:
        _resume_alerts(memory, facts)
    for counter, mean in memory.means.items():
        gap = math.inf if mean.read is None else now.monotonic - mean.read.time
        if 0 <= gap <= RESTART_AFTER and abs(gap - away) <= CLOCK_ERROR:
            facts.means[counter] = replace(mean)


def _resume_alerts(memory: Memory, facts: MeterFacts) -> None:
    """Give the remembered starts to the alerts that have been active in every frame of this run."""
    # With the first frame, its alerts are not noted yet: those that are not active are dropped then.
    is_first_frame = facts.first == facts.heard
    starts = dict(facts.alert_starts)
    for alert, start in memory.alert_starts.items():
        is_active_since_first = facts.alert_starts.get(alert) == facts.first.wall
        if is_first_frame or is_active_since_first:
            starts[alert] = start
    facts.alert_starts = starts


def _resume_contract(remembered: RememberedContract | None, facts: MeterFacts) -> None:
    """Go on with the contract of an earlier run, unless the meter has shown another contract since."""
    of_meter = facts.contract
    if remembered is None or remembered.mode is not of_meter.mode:
        return
    if of_meter.contract not in {None, remembered.identity}:
        return
    of_meter.contract = remembered.identity
    of_meter.learn({**remembered.periods, **of_meter.periods})
