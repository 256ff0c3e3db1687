"""Compare each published value with its truth; collect bias and greatest error of each field."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from teleinfo.state.declaration import FIELD_OF_PATH
from teleinfo.state.field_entry import StateType
from teleinfo.tic.labels import Mode
from tests.truths.days import HOUSEHOLDS, KEPT, REPLACED, World, days, local
from tests.truths.table import ABSENT, TRUTHS, AnyOf, Between, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BIAS_OF_HARD_LOADS: Final = 0.02
"""The bias that LED loads and panels may have."""

SAMPLE: Final = 1000
"""Values of a power from which its bias is not by chance; fewer may have twice the bias."""

STANDING: Final = {
    "time",
    *(f"meter.{name}" for name in ("serial_number", "id", "model", "manufacturer", "mode", "phases")),
    *(f"energy.import_{name}" for name in ("labels", "index", "offset")),
}
"""The fields that stand in a silence: which meter it is, when it was heard, and where the total goes on."""

_IGNORED_SLOT: Final = "alternative_start"  # the same time in another notation


@dataclass
class Tally:
    """The values of a field that were compared: errors of numbers, and what was wrong, in words."""

    compared: int = 0
    nulls: int = 0
    error: float = 0.0
    sum: float = 0.0
    greatest: float = 0.0
    wrong: list[str] = field(default_factory=list)
    outside: int = 0

    def add(self, other: Tally) -> None:
        """Add the values of another meter."""
        self.compared += other.compared
        self.nulls += other.nulls
        self.error += other.error
        self.sum += other.sum
        self.greatest = max(self.greatest, other.greatest)
        self.outside += other.outside
        self.wrong += other.wrong

    @property
    def bias(self) -> float:
        """The share by which the sum of all values is wrong."""
        return self.error / self.sum if self.sum else 0.0

    def faults(self, path: str, meter: str) -> list[str]:
        """Return what is wrong with the field at `path` of a meter, beyond the share that is allowed."""
        truth = TRUTHS[path]
        assert isinstance(truth, Truth)
        allowed = (1 - truth.share) * self.compared
        # Two standard deviations more: a run that compares some frames has few values.
        found = self.wrong if self.outside > allowed + 2 * math.sqrt(allowed) else []
        is_hard = HOUSEHOLDS[meter] in {"electronics", "panels", "router"}
        limit = max(truth.bias, BIAS_OF_HARD_LOADS) if is_hard else truth.bias
        limit *= 2 if self.compared < SAMPLE else 1
        return found + ([f"bias {self.bias:+.1%}"] if abs(self.bias) > limit else [])


def _values(state: Any, parts: list[str]) -> Any:  # noqa: ANN401
    """Return what stands at a path, ABSENT, or for `*` a dictionary by étiquette."""
    for number, part in enumerate(parts):
        if part == "*":
            found = {label: _values(inner, parts[number + 1 :]) for label, inner in state.items()}
            return {label: value for label, value in found.items() if value is not ABSENT}
        if not isinstance(state, dict) or part not in state:
            return ABSENT
        state = state[part]
    return state


def _unknown(truth: Any) -> Any:  # noqa: ANN401
    """Return what is said in a silence in place of a truth: null, or nothing where the meter has no field."""
    if isinstance(truth, dict):
        return dict.fromkeys(truth)
    values = truth.values if isinstance(truth, AnyOf) else (truth,)
    return AnyOf(tuple(ABSENT if value is ABSENT else None for value in values))


def _pairs(path: str, truth: Any, value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Yield each truth with its value; an étiquette with a field of its own is missing in `labels`."""
    if not isinstance(truth, dict) or not isinstance(value, dict):
        yield truth, value
    else:
        # An étiquette that is not sent any longer stays for a while; `labels` has those without a field.
        labels = value.keys() & truth.keys() if path == "labels.*" else truth
        for label in labels:
            yield truth.get(label, ABSENT), value.get(label, ABSENT)


class Judge:
    """The tallies of one meter, by path."""

    def __init__(self) -> None:
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)

    def judge(self, world: World, state: dict[str, Any]) -> None:
        """Compare each field of a state."""
        is_short = world.mode is Mode.HISTORIQUE and "PTEC" not in world.sent
        for path, truth in TRUTHS.items():
            if isinstance(truth, str) or (is_short and not truth.short and not world.is_silent):
                continue
            calm, paced = world.instant - world.disturbed, world.instant - world.paced
            if not world.is_silent and (calm < truth.settled or paced < truth.paced):
                continue
            expected = truth.of(world)
            if world.is_silent and path not in STANDING:
                expected = _unknown(expected)
            if expected is ABSENT and world.instant - world.mode_changed < KEPT + 5:
                continue  # the fields of the former mode stay
            value, is_time = _values(state, path.split(".")), FIELD_OF_PATH[path].type is StateType.TIME
            for wanted, found in _pairs(path, expected, value):
                self._compare(self.tallies[path], world, truth.tolerance, wanted, _plain(found, is_time))

    def _compare(self, tally: Tally, world: World, tolerance: float, truth: Any, value: Any) -> None:  # noqa: ANN401
        tally.compared += 1
        tally.nulls += value is None
        if isinstance(truth, AnyOf):
            likely = [each for each in truth.values if each is value or is_right(each, value, tolerance)]
            truth = likely[0] if likely else truth.values[-1]
        right = is_right(truth, value, tolerance)
        middle = (truth.least + truth.most) / 2 if isinstance(truth, Between) else truth
        if _is_number(middle) and _is_number(value) and math.isfinite(middle):
            tally.error += value - middle
            tally.sum += abs(middle)
            tally.greatest = max(tally.greatest, abs(value - middle))
        if not right:
            tally.outside += 1
            if len(tally.wrong) < 3:
                shown, known = ("absent" if each is ABSENT else each for each in (value, truth))
                tally.wrong.append(
                    f"{world.name} {local(world.instant):%d %H:%M:%S}: {shown}, in truth {known}"
                )


def is_right(truth: Any, value: Any, tolerance: float) -> bool:  # noqa: ANN401
    """Return True if a value lies within the tolerance of its truth."""
    if isinstance(truth, Between):
        return _is_number(value) and truth.least <= value <= truth.most
    is_near = _is_number(truth) and _is_number(value) and abs(value - truth) <= tolerance + 1e-6
    return bool(truth == value or is_near)


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any, is_time: bool) -> Any:  # noqa: ANN401, FBT001
    """Return a time as an instant, and a day profile without its other notation."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [{key: part for key, part in slot.items() if key != _IGNORED_SLOT} for slot in value]
    if isinstance(value, str) and (is_time or value[10:11] == "T"):
        return dt.datetime.fromisoformat(value).timestamp()
    return value


def judged(
    name: str,
    pause: float,
    interval: float = 0.0,
    show: Callable[[World, dict[str, Any]], None] = lambda _world, _state: None,
) -> tuple[World, dict[str, Tally]]:
    """Return the days of a meter, and the tally of each field; `show` each state on screens, but silences."""
    world, judge = World(name, pause, interval), Judge()
    for state in days(world):
        if world.instant < REPLACED:
            judge.judge(world, state)
            if not world.is_silent:
                show(world, state)
    return world, dict(judge.tallies)
