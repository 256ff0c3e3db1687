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

SHOWN: Final = 3
"""Wrong values of a field that are shown; the others are only counted."""

_IGNORED_SLOT: Final = "alternative_start"  # the same time in another notation


@dataclass
class Tally:
    """The values of a field that were compared: errors of numbers, and what was wrong, in words."""

    compared: int = 0
    nulls: int = 0
    error: float = 0.0  # the sum of all errors, with their signs
    sum: float = 0.0  # of all truths, without their signs
    greatest: float = 0.0  # error, without its sign
    wrong: list[str] = field(default_factory=list)  # the first of those outside, in words
    outside: int = 0  # values that are not within the tolerance

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
        faults = []
        allowed = (1 - truth.share) * self.compared
        # Two standard deviations more: a run that compares some frames has few values.
        if self.outside > allowed + 2 * math.sqrt(allowed):
            faults += self.wrong
        greatest_bias = truth.bias
        if HOUSEHOLDS[meter] in {"electronics", "panels", "router"}:
            greatest_bias = max(greatest_bias, BIAS_OF_HARD_LOADS)
        if self.compared < SAMPLE:
            greatest_bias *= 2
        if abs(self.bias) > greatest_bias:
            faults.append(f"bias {self.bias:+.1%}")
        return faults


def _values(state: Any, parts: list[str]) -> Any:  # noqa: ANN401
    """
    Return what stands at a path, or ABSENT.

    For a path with `*` it is a dictionary by étiquette, without those where the rest of the path is absent.
    """
    if not parts:
        return state
    first, *rest = parts
    if first == "*":
        by_label = {}
        for label, inner in state.items():
            value = _values(inner, rest)
            if value is not ABSENT:
                by_label[label] = value
        return by_label
    if not isinstance(state, dict) or first not in state:
        return ABSENT
    return _values(state[first], rest)


def _unknown(truth: Any) -> Any:  # noqa: ANN401
    """Return what is said in a silence in place of a truth: null, or nothing where the meter has no field."""
    if isinstance(truth, dict):
        return dict.fromkeys(truth)
    possible = truth.values if isinstance(truth, AnyOf) else (truth,)
    said = [ABSENT if value is ABSENT else None for value in possible]
    return AnyOf(tuple(said))


def _pairs(path: str, truth: Any, value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Yield a truth with its value, or for dictionaries by étiquette the truth and the value of each."""
    if not isinstance(truth, dict) or not isinstance(value, dict):
        yield truth, value
        return
    labels = set(truth)
    if path == "labels.*":
        # `labels` lacks the étiquettes that have a field of their own.
        labels &= value.keys()
    for label in labels:
        yield truth[label], value.get(label, ABSENT)


class Judge:
    """The tallies of one meter, by path."""

    def __init__(self) -> None:
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)

    def judge(self, world: World, state: dict[str, Any]) -> None:
        """Compare each field of a state that has a truth at this moment."""
        for path, truth in TRUTHS.items():
            if isinstance(truth, str) or not _is_compared(truth, world):
                continue
            expected = truth.of(world)
            if world.is_silent and path not in STANDING:
                expected = _unknown(expected)
            if expected is ABSENT and world.instant - world.mode_changed < KEPT + 5:
                continue  # the fields of the former mode stay
            is_time = FIELD_OF_PATH[path].type is StateType.TIME
            value = _values(state, path.split("."))
            for expected_part, published in _pairs(path, expected, value):
                shown = _plain(published, is_time=is_time)
                self._compare(self.tallies[path], world, truth.tolerance, expected_part, shown)

    def _compare(self, tally: Tally, world: World, tolerance: float, truth: Any, value: Any) -> None:  # noqa: ANN401
        """Add a value and its truth to a tally."""
        tally.compared += 1
        if value is None:
            tally.nulls += 1
        if isinstance(truth, AnyOf):
            truth = _likeliest(truth, value, tolerance)
        middle = truth
        if isinstance(truth, Between):
            middle = (truth.least + truth.most) / 2
        if _is_number(middle) and _is_number(value) and math.isfinite(middle):
            tally.error += value - middle
            tally.sum += abs(middle)
            tally.greatest = max(tally.greatest, abs(value - middle))
        if is_right(truth, value, tolerance):
            return
        tally.outside += 1
        if len(tally.wrong) < SHOWN:
            time = f"{local(world.instant):%d %H:%M:%S}"
            tally.wrong.append(f"{world.name} {time}: {_in_words(value)}, in truth {_in_words(truth)}")


def _is_compared(truth: Truth, world: World) -> bool:
    """Return True if a field shows its truth at this moment."""
    if world.is_silent:
        return True
    is_short_frame = world.mode is Mode.HISTORIQUE and "PTEC" not in world.sent
    if is_short_frame and not truth.short:
        return False
    calm_seconds = world.instant - world.disturbed
    paced_seconds = world.instant - world.paced
    return calm_seconds >= truth.settled and paced_seconds >= truth.paced


def _likeliest(truth: AnyOf, value: Any, tolerance: float) -> Any:  # noqa: ANN401
    """Return the first of the possible truths with which a value is right; the last one if there is none."""
    for possible in truth.values:
        if possible is value or is_right(possible, value, tolerance):
            return possible
    return truth.values[-1]


def _in_words(value: object) -> object:
    """Return a value or a truth as a message shows it."""
    return "absent" if value is ABSENT else value


def is_right(truth: Any, value: Any, tolerance: float) -> bool:  # noqa: ANN401
    """Return True if a value lies within the tolerance of its truth."""
    if isinstance(truth, Between):
        return _is_number(value) and truth.least <= value <= truth.most
    if _is_number(truth) and _is_number(value):
        return bool(abs(value - truth) <= tolerance + 1e-6)  # a little more: sums of fractions are not exact
    return bool(truth == value)


def _is_number(value: Any) -> bool:  # noqa: ANN401
    """Return True for a number; Python takes True and False for numbers, too."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any, *, is_time: bool) -> Any:  # noqa: ANN401
    """Return a time as an instant, a day profile without its other notation, and any other value as it is."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        slots = []
        for slot in value:
            slots.append({name: part for name, part in slot.items() if name != _IGNORED_SLOT})
        return slots
    if not isinstance(value, str):
        return value
    has_date_and_time = value[10:11] == "T"  # 2026-01-14T12:02:28
    if is_time or has_date_and_time:
        return dt.datetime.fromisoformat(value).timestamp()
    return value


def judged(
    name: str,
    pause: float,
    interval: float = 0.0,
    show: Callable[[World, dict[str, Any]], None] = lambda _world, _state: None,
) -> tuple[World, dict[str, Tally]]:
    """
    Return the meter after its days, and the tally of each field.

    `pause` and `interval`: see `World`. Each judged state is also given to `show`, except in silences.
    """
    world = World(name, pause, interval)
    judge = Judge()
    for state in days(world):
        if world.instant >= REPLACED:
            continue  # the truths are those of the first meter
        judge.judge(world, state)
        if not world.is_silent:
            show(world, state)
    return world, dict(judge.tallies)
