"""Jobs of a part, spread over the processors."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from itertools import starmap
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.scale import Scale


T = TypeVar("T")


def spread(function: Callable[..., T], jobs: Sequence[tuple[Any, ...]], scale: Scale) -> list[T]:
    """Return what `function` makes of each job, in their order; with one process in this one."""
    if scale.processes < 2:
        return list(starmap(function, jobs))
    with ProcessPoolExecutor(scale.processes) as pool:
        return [future.result() for future in [pool.submit(function, *job) for job in jobs]]
