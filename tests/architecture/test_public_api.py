"""The public API: a few names that other programs may use; the changelog lists their changes."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import teleinfo
from teleinfo.common.i18n import use_language
from teleinfo.port.errors import error_of
from teleinfo.port.faults import PortFault
from teleinfo.simulator.encode import encode_frame
from teleinfo.vocabulary.words import Language, Message
from tests.support.daemon import Meter
from tests.support.frames import whole

ROOT = Path(__file__).parents[2]


def test_the_public_names_are_these() -> None:
    """No name comes or goes unseen; `dir` shows them, and nothing else."""
    assert teleinfo.__all__ == [
        "Counts", "Decoder", "Kind", "LabelSpec", "Mode", "Options", "PortError", "PortErrorKind",
        "Reading", "__version__", "decode", "encode", "lookup", "read",
    ]  # fmt: skip
    assert dir(teleinfo) == teleinfo.__all__


@pytest.mark.parametrize("name", [name for name in teleinfo.__all__ if name != "__version__"])
def test_a_public_name_is_explained(name: str) -> None:
    page = (ROOT / "docs/library.md").read_text(encoding="utf-8")

    assert inspect.getdoc(getattr(teleinfo, name))
    assert re.search(rf"`(teleinfo\.)?{name}\b", page), f"write `{name}` into docs/library.md"


def test_the_example_of_the_package_works() -> None:
    """The few lines that the package shows are run as they stand there."""
    result = doctest.testmod(teleinfo)

    assert (result.failed, result.attempted > 5) == (0, True)


def test_an_unknown_name_is_unknown() -> None:
    """A wrong name is an AttributeError that says which."""
    with pytest.raises(AttributeError, match="no attribute 'unheard'"):
        teleinfo.unheard  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "thing",
    [
        teleinfo.PortError(teleinfo.PortErrorKind.MISSING, Message("no {path}", path="/dev/nowhere")),
        error_of(PortFault.BRIDGE_NETWORK, where="bridge:2000", error="[Errno 113] No route to host"),
        teleinfo.Options(numbers="all"),
        teleinfo.Counts(frames=2, lost={"PAPP": 1}),
        teleinfo.lookup(teleinfo.Mode.HISTORIQUE, "HCHC"),
        teleinfo.Reading(teleinfo.Mode.HISTORIQUE, {"PAPP": "00750"}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_pool_of_processes_can_pass_it_on(thing: object) -> None:
    """What a worker returns or raises is pickled."""
    passed_on = pickle.loads(pickle.dumps(thing))

    assert type(passed_on) is type(thing)
    if isinstance(thing, teleinfo.PortError) and isinstance(passed_on, teleinfo.PortError):
        assert (str(passed_on), passed_on.kind) == (str(thing), thing.kind)
        with use_language(Language.FR):
            assert passed_on.localized() == thing.localized()
    else:
        assert passed_on == thing


def test_what_the_documents_say_is_all_that_a_label_has() -> None:
    """The decoder's own attributes of an étiquette are not public, and not there."""
    label = teleinfo.lookup(teleinfo.Mode.HISTORIQUE, "HCHC")

    assert type(label) is teleinfo.LabelSpec
    names = [field.name for field in dataclasses.fields(label)]
    assert names == ["name", "french", "english", "unit", "kind", "horodate", "period"]
    assert [name for name in dir(label) if not name.startswith("_")] == sorted(names)


def test_of_a_label_without_a_document_nothing_is_said() -> None:
    """HCHC is an étiquette of the other mode."""
    assert teleinfo.lookup(teleinfo.Mode.STANDARD, "HCHC") is None


def test_a_label_of_an_unknown_mode_is_an_error() -> None:
    mode: Any = "fast"
    with pytest.raises(ValueError, match="'fast' is not a valid Mode"):
        teleinfo.lookup(mode, "HCHC")


def loaded_by(program: str) -> set[str]:
    """Return the modules that a program has loaded at its end."""
    command = [sys.executable, "-c", f"import sys, teleinfo\n{program}\nprint(*sys.modules)"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return set(result.stdout.split())


def test_the_version_costs_nothing() -> None:
    loaded = loaded_by("teleinfo.__version__")

    assert {name for name in loaded if name.startswith("teleinfo.")} == set()


def test_the_library_needs_neither_aiomqtt_nor_pydantic() -> None:
    loaded = loaded_by("[getattr(teleinfo, name) for name in teleinfo.__all__]")

    assert loaded & {"aiomqtt", "paho", "pydantic", "pydantic_settings", "rich", "amqtt"} == set()
    assert {name for name in loaded if name.startswith(("teleinfo.mqtt", "teleinfo.settings"))} == set()


@pytest.mark.real
def test_the_page_of_the_library_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/library.md").read_text(encoding="utf-8")
    examples = "\n".join(re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    with Meter(encode_frame(whole(PAPP="00750")), link=tmp_path / "meter"):
        monkeypatch.chdir(tmp_path)
        test = doctest.DocTestParser().get_doctest(examples, {}, "library.md", "docs/library.md", 0)
        result = doctest.DocTestRunner().run(test)

    assert (result.failed, result.attempted > 10) == (0, True)
