"""Why no frame comes, as the topic `health` has it, in the language of the reader."""

from __future__ import annotations

from teleinfo.common.i18n import N_, _
from teleinfo.port.errors import PortErrorKind
from teleinfo.port.link_status import LinkProblem

_PROBLEMS: dict[str, str] = {
    **{kind: kind.summary for kind in PortErrorKind},
    LinkProblem.OPENING: N_("it opens the port"),
    LinkProblem.LISTENING: N_("it listens, and has heard nothing yet"),
    LinkProblem.NO_DATA: N_("no byte comes from the meter"),
    LinkProblem.NONSENSE: N_("bytes come, and none makes sense"),
    LinkProblem.STOPPED: N_("it was stopped"),
}


def problem_in_words(problem: str | None) -> str | None:
    """Return why no frame comes, as `health` has it, in the language of the reader; None if not known."""
    text = None if problem is None else _PROBLEMS.get(problem)
    return None if text is None else _(text)
