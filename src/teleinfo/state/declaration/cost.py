"""The fields of the cost, and of the price of electricity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.state.field_entry import Field, StateType

if TYPE_CHECKING:
    from teleinfo.state.daily_energy import SpanName


def _cost(span: SpanName, name: str, *, momentary: bool = True) -> Field:
    return Field(
        f"cost.{span}.value",
        StateType.NUMBER,
        "Cost at the prices of each day, the subscription included.",
        unit="EUR",
        read=lambda now: now.cost(span),
        name=name,
        key=f"cost_{span}",
        momentary=momentary,
        precision=2,
    )


def _start(span: SpanName) -> Field:
    return Field(
        f"cost.{span}.start",
        StateType.TIME,
        "Midnight at which the day or the month of this cost began.",
        read=lambda now: now.cost_since(span),
    )


def _is_complete(span: SpanName, name: str) -> Field:
    return Field(
        f"cost.{span}.complete",
        StateType.BOOLEAN,
        "False if a part of the energy is missing: then the cost is that of the energy that was counted; and "
        "if a part has no price: then there is no cost.",
        read=lambda now: now.cost_is_complete(span),
        name=name,
        diagnostic=True,
        enabled=False,
    )


FIELDS: Final = (
    Field(
        "cost.price",
        StateType.NUMBER,
        "Price of the index that counts now; null if it has none.",
        unit="EUR/kWh",
        read=lambda now: now.price,
        name="Price of electricity",
        precision=4,
        icon="mdi:currency-eur",
    ),
    _cost("today", "Cost today"),
    _start("today"),
    _start("this_month"),
    _is_complete("today", "Cost today complete"),
    _cost("yesterday", "Cost yesterday", momentary=False),
    _is_complete("yesterday", "Cost yesterday complete"),
    _cost("this_month", "Cost this month"),
    _is_complete("this_month", "Cost this month complete"),
    _cost("last_month", "Cost last month", momentary=False),
    _is_complete("last_month", "Cost last month complete"),
)
