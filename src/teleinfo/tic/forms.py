"""The form of a group: with or without a horodate, and the width of its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from teleinfo.tic.labels import LabelSpec, Mode, lookup

if TYPE_CHECKING:
    from teleinfo.tic.labels import Group


class Form(NamedTuple):
    """The form of the groups of one label; `width` is the width of the value, None where it varies."""

    mode: Mode
    label: str
    dated: bool  # with a horodate
    width: int | None


def form_of(group: Group) -> Form:
    """Return the form of a sound group."""
    width = len(group.value)
    dated = group.horodate is not None
    spec = form_spec(group.mode, group.label, dated=dated)
    varies = spec is not None and isinstance(spec.widths, range) and width in spec.widths
    if spec is not None and spec.glued and spec.unit is not None:
        varies = varies and group.value.rstrip(" ").endswith(spec.unit)
    return Form(group.mode, group.label, dated, None if varies else width)


def documented_widths(form: Form) -> tuple[int | None, ...]:
    """Return the widths in the table for this label; most meters use the first."""
    spec = form_spec(form.mode, form.label, dated=form.dated)
    widths = () if spec is None else spec.widths
    return (None,) if isinstance(widths, range) else widths


def form_spec(mode: Mode, label: str, *, dated: bool) -> LabelSpec | None:
    """Return the entry of a label with a horodate (`dated`) or without; None if the table has none."""
    spec = lookup(mode, label)
    return None if spec is None else next((form for form in spec.forms() if form.horodate is dated), None)
