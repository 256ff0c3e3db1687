"""Each code has one word: in the state, in the terminal and on the page."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from rich.console import ConsoleDimensions

from teleinfo.common.i18n import _, use_language
from teleinfo.live.model import LiveModel
from teleinfo.page import view
from teleinfo.state.tracker import encode
from teleinfo.tic import registers
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.codes import Alert, Breaker, Colour, Contract, DryContact, TariffPeriod
from teleinfo.vocabulary.words import Code, Language
from teleinfo.watch.last_hour import RecentPower
from teleinfo.watch.layout import compose
from teleinfo.watch.plain import PlainLines

TIME = dt.datetime(2026, 1, 14, 12, tzinfo=dt.UTC)

languages = pytest.mark.parametrize("language", Language)


def page_of(mode: Mode, **values: str) -> LiveModel:
    """Return the model of the screens after a reading."""
    model = LiveModel(patience=10.0, clock=lambda: TIME)
    model.add_reading(Reading(mode, values), now=0.0)
    return model


def page(model: LiveModel) -> str:
    """Return what the page is sent, but for the curve."""
    parts = [view.now_part(model, now=0.0), view.rows_part(model)]
    return json.dumps(parts, ensure_ascii=False)


def terminal(model: LiveModel) -> str:
    """Return the screen of `watch`."""
    size = ConsoleDimensions(150, 60)
    screen = compose(model, RecentPower(), size, page=0, now=0.0, clock="")
    return "\n".join(line.plain for line in screen.lines)


def plain(model: LiveModel) -> str:
    """Return the lines of `watch` in a file."""
    return "\n".join(PlainLines().new(model.rows()))


def assert_said(code: Code, language: Language, *texts: str) -> None:
    """Find the word for `code` in each of these texts, with or without its capital."""
    with use_language(language):
        word = _(code.words)
    for text in texts:
        assert word.lower() in text.lower(), text


def stge(bits: registers.Bits, number: int) -> LiveModel:
    """Return the model of a Linky in whose status register these bits are this number."""
    return page_of(Mode.STANDARD, STGE=f"{number << bits.shift:08X}", SINSTS="00100")


def models_of(code: Code) -> list[LiveModel]:
    """Return models that show a code: each étiquette and register that can say it."""
    number = [*type(code)].index(code)
    match code:
        case TariffPeriod():
            linky = {"LTARF": code, "NTARF": "01", "EASF01": "000001000", "SINSTS": "00100"}
            ice = {"CONTRAT": "BASE_A8", "ERP": "1varh", "PTCOUR": code}
            return [page_of(Mode.STANDARD, **linky), page_of(Mode.HISTORIQUE, **ice)]
        case Contract():
            text = "PRODUCTEUR" if code is Contract.PRODUCER else code
            return [page_of(Mode.STANDARD, NGTF=text, SINSTS="00100")]
        case Alert():
            bits = registers.ALERTS.get(code)
            return [page_of(Mode.HISTORIQUE, PPOT="04") if bits is None else stge(bits, 1)]
        case Breaker():
            return [stge(registers.BREAKER, number)]
        case Colour():
            tomorrow = ("BLEU", "BLAN", "ROUG")[number]
            blue_meter = page_of(Mode.HISTORIQUE, PTEC="HPJB", DEMAIN=tomorrow)
            return [stge(registers.TODAY, 1 + number), blue_meter]
        case _:  # the dry contact, in the profile of a day
            return [page_of(Mode.STANDARD, **{"PJOURF+1": f"0600{number << 14 | 1:04X}"})]


@languages
@pytest.mark.parametrize("code", [*TariffPeriod, *Contract, *Alert, *Breaker, *Colour, *DryContact])
def test_a_code_has_one_word(code: Code, language: Language) -> None:
    """The state holds the code; both screens and a file have the word (Home Assistant: its golden files)."""
    models = models_of(code)
    with use_language(language):
        shown = [draw(model) for draw in (page, terminal, plain) for model in models]

    assert all(f'"{code}"' in encode(model.state(now=0.0)).decode() for model in models)
    if code is not DryContact.UNCHANGED:  # nothing is said of it
        assert_said(code, language, *shown)
