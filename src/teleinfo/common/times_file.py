"""Reading of the file with the times of a recording, which stands beside the recording."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from teleinfo.common.files import file_error
from teleinfo.common.i18n import N_, _
from teleinfo.common.recording_times import SUFFIX, RecordingTimes
from teleinfo.vocabulary.words import Message


def read_times(recording: Path) -> tuple[RecordingTimes, str]:
    """
    Return the times of a recording, and a sentence if they end before its last byte, else "".

    A missing or unreadable file has no times, and the sentence says why. A pipe has neither times nor a
    sentence. Raises OSError if the recording itself is gone.
    """
    if not recording.is_file():
        return RecordingTimes(), ""
    path = Path(f"{recording}{SUFFIX}")
    try:
        times = RecordingTimes(BytesIO(path.read_bytes()))
        reason = N_("it ends there, or is damaged")
    except OSError as error:
        times = RecordingTimes()
        reason = file_error(error)
    if times.known >= recording.stat().st_size:
        return times, ""
    text = N_("{path}: {reason}. The time is computed from the speed of the line, from byte {offset} on")
    return times, _(Message(text, path=path, reason=Message(reason), offset=times.known))
