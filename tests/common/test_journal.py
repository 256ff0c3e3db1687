"""The log: one shape for people, one for journald, and quiet libraries."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
from typing import TYPE_CHECKING, TextIO

import pytest

from teleinfo.common import journal
from teleinfo.common.i18n import use_language
from teleinfo.vocabulary.words import Language, Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("logging_as_it_was")


@pytest.fixture
def journald(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """Return a stream that JOURNAL_STREAM names."""
    with (tmp_path / "journal").open("w+") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        yield stream


def configure(level: str, stream: TextIO) -> None:
    """Set the log up while this stream is standard error."""
    with contextlib.redirect_stderr(stream):
        journal.configure(level)


def lines(stream: TextIO) -> list[str]:
    """Return what was logged."""
    stream.seek(0)
    return stream.read().splitlines()


def test_on_a_terminal_a_line_has_a_time_a_level_and_a_message() -> None:
    stream = io.StringIO()
    configure("INFO", stream)
    logging.getLogger("teleinfo.daemon.app").warning("The meter is %s.", "silent")
    logging.getLogger("teleinfo.daemon.app").info("first\n\nthird")

    assert [re.sub(r"^\d\d:\d\d:\d\d", "TIME", line) for line in lines(stream)] == [
        *("TIME WARNING The meter is silent.", "TIME INFO first", "TIME INFO ", "TIME INFO third")
    ]


def test_under_journald_a_line_has_its_priority_and_no_time(journald: TextIO) -> None:
    """Each line begins with the `<N>` of sd-daemon(3), which `journalctl -p` understands."""
    configure("DEBUG", journald)
    log = logging.getLogger("teleinfo.daemon.app")
    log.debug("said")
    log.critical("said")
    log.warning("first\n\nthird")
    log.info("")
    try:
        int("not a number")
    except ValueError:
        log.exception("stopped")
    *said, stopped, last = lines(journald)

    assert said[:6] == ["<7>said", "<2>said", "<4>first", "<4>", "<4>third", "<6>"]
    assert stopped.startswith("<3>")
    assert last.startswith("<3>ValueError")


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [("DEBUG", "DEBUG INFO WARNING", "DEBUG INFO WARNING"), ("INFO", "INFO WARNING", "WARNING")],
)
def test_libraries_are_heard_from_warning_up_unless_all_is_asked_for(
    level: str, ours: str, theirs: str
) -> None:
    """Also a library that has a level of its own."""
    logging.getLogger("library_at_debug").setLevel(logging.DEBUG)
    heard = []
    for name in ("teleinfo.daemon.app", "some_library", "library_at_debug"):
        configure(level, stream := io.StringIO())
        for each in ("DEBUG", "INFO", "WARNING"):
            logging.getLogger(name).log(getattr(logging, each), "said")
        heard.append(" ".join(line.split()[1] for line in lines(stream)))

    assert heard == [ours, theirs, ours]


def test_a_line_is_in_the_language_of_the_service() -> None:
    """The format string is looked up, and each message among its arguments; other words stay as they are."""
    stream = io.StringIO()
    configure("INFO", stream)
    log = logging.getLogger("teleinfo.port.reader")
    mode = Message("mode {mode} at {baudrate} baud", mode="standard", baudrate=9600)
    with use_language(Language.FR):
        log.info("reading a meter in %s", mode)
        log.info("a line of a library: %(name)s", {"name": "no change"})
        log.info("100%")

    assert [line.split(" ", 2)[2] for line in lines(stream)] == [
        *("un compteur est lu, en mode standard à 9600 bauds", "a line of a library: no change", "100%")
    ]


@pytest.mark.usefixtures("journald")
def test_a_stream_that_was_sent_elsewhere_is_not_journald(tmp_path: Path) -> None:
    """JOURNAL_STREAM is inherited: it must name this very stream."""
    with (tmp_path / "elsewhere").open("w") as stream:
        assert not journal.is_journald(stream)
        stream.close()

        assert not journal.is_journald(stream)
    assert not journal.is_journald(io.StringIO())
