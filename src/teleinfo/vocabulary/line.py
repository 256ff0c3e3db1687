"""The codes of the line to the meter: its quality, and why no frame comes."""

from __future__ import annotations

from teleinfo.vocabulary.words import Code


class LineGrade(Code):
    """The quality of the line, judged from the share of bad groups."""

    SILENT = "silent"  # no group at all, or the meter is not heard now
    GOOD = "good"  # fewer than 1 in 1000 are bad
    FAIR = "fair"  # fewer than 1 in 100: nobody would notice the loss
    POOR = "poor"  # fewer than 1 in 10: look at the wiring
    BAD = "bad"  # the line hardly works


class PortErrorKind(Code):
    """Reasons for which the port cannot be read; programs compare these codes, not texts."""

    MISSING = "missing", "no serial port"  # no such device
    DENIED = "denied", "no right to read the serial port"
    BUSY = "busy", "another program reads the serial port"
    GONE = "gone", "the serial port went away"  # it was open and is lost
    UNREACHABLE = "unreachable", "the bridge to the serial port cannot be reached"
    SPEED = "speed", "the serial port cannot work at this speed"  # although it exists
    STUCK = "stuck", "the driver of the serial port hangs"  # an opening or closing does not return
    OTHER = "other", "the serial port cannot be opened"


class LinkProblem(Code):
    """Reasons for a lack of frames although the port is open, or not open yet."""

    OPENING = "opening", "it opens the port"  # the first attempt is under way
    LISTENING = "listening", "it listens, and has heard nothing yet"  # too early to say more
    NO_DATA = "no_data", "no byte comes from the meter"
    NONSENSE = "nonsense", "bytes come, and none makes sense"
    STOPPED = "stopped", "it was stopped"  # the last problem that the daemon publishes


class LineCause(Code):
    """The causes of damaged groups, as `doctor` tells them apart by the wrong bits."""

    SLOW_RISE = "slow_rise", "the signal rises too slowly"
    WEAK = "weak", "the signal is too weak"
    CLOCK = "clock", "the speed of the port is not quite that of the meter"
    LOST_BYTES = "lost_bytes", "bytes are lost between the line and this program"
    NOISE = "noise", "the signal is disturbed"


PROBLEMS = {problem.value: problem for kind in (PortErrorKind, LinkProblem) for problem in kind}
"""All reasons for a lack of frames, by the code in `health`."""
