"""The fields of the alerts: whether each is active, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.state.field_entry import Field, StateType
from teleinfo.vocabulary.codes import Alert, Contract

if TYPE_CHECKING:
    from teleinfo.state.field_entry import DeviceClass


def _is_active(
    alert: Alert,
    *sources: str,
    is_entity: bool = True,
    diagnostic: bool = False,
    enabled: bool | Contract = True,
) -> Field:
    """Return the field that tells whether an alert is active, which the `sources` show."""
    name = ""
    key = ""
    device_class: DeviceClass | None = None
    if is_entity:
        name = alert.words
        key = f"alert_{alert}"
        device_class = "problem"
    return Field(
        f"alerts.{alert}.active",
        StateType.BOOLEAN,
        "True while the alert is active.",
        sources=sources,
        read=lambda now: now.alert(alert),
        name=name,
        key=key,
        device_class=device_class,
        diagnostic=diagnostic,
        enabled=enabled,
    )


def _start(alert: Alert) -> Field:
    return Field(
        f"alerts.{alert}.start",
        StateType.TIME,
        "When teleinfo first saw the alert active; null while it is not.",
        read=lambda now: now.alert_since(alert),
    )


FIELDS: Final = (
    _is_active(Alert.OVERRUN, "ADIR1", "ADIR2", "ADIR3", "ADPS"),
    _is_active(Alert.OVERVOLTAGE),
    # The breaker is an entity.
    _is_active(Alert.BREAKER_OPEN, is_entity=False),
    _is_active(Alert.TERMINAL_COVER_OPEN, diagnostic=True),
    _is_active(Alert.CLOCK_DEGRADED, diagnostic=True),
    # Every meter in mode standard sends both alerts; they are meaningful only with this contract.
    _is_active(Alert.MOBILE_PEAK_NOTICE, enabled=Contract.EJP),
    _is_active(Alert.MOBILE_PEAK, enabled=Contract.EJP),
    _is_active(Alert.PHASE_MISSING, "PPOT", diagnostic=True),
    *map(_start, Alert),
)
