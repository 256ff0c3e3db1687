"""Each code has one word: in the state, in Home Assistant, in the terminal, on the page and in doctor."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import ConsoleDimensions

from teleinfo.common.i18n import _, in_words, use_language
from teleinfo.doctor import check_line
from teleinfo.homeassistant.discovery import Discovery
from teleinfo.homeassistant.entities import entities_of
from teleinfo.live.model import LiveModel
from teleinfo.mqtt.config import Topics
from teleinfo.page import view
from teleinfo.port.health import Health
from teleinfo.state.device import device_of
from teleinfo.state.tracker import encode
from teleinfo.tic import registers
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.codes import Alert, Breaker, Colour, Contract, DryContact, Phase, TariffPeriod
from teleinfo.vocabulary.line import LineGrade, LinkProblem, PortErrorKind
from teleinfo.vocabulary.words import Code, Language
from teleinfo.watch.last_hour import RecentPower
from teleinfo.watch.layout import compose
from teleinfo.watch.plain import PlainLines
from tests.homeassistant.golden import every_entity
from tests.support.judged import moment

if TYPE_CHECKING:
    from teleinfo.state.field_entry import Field

TIME = dt.datetime(2026, 1, 14, 12, tzinfo=dt.UTC)
METER = device_of("041961123456", topic="t", private=False)

languages = pytest.mark.parametrize("language", Language)


def page_of(mode: Mode, **values: str) -> LiveModel:
    """Return the model of the screens after a reading."""
    model = LiveModel(patience=10.0, clock=lambda: TIME)
    model.add_reading(Reading(mode, values), now=0.0)
    return model


def payload(model: LiveModel) -> str:
    """Return the message of the topic `state`."""
    return encode(in_words(model.state(now=0.0))).decode()


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


def home_assistant(language: Language, *entities: Field) -> tuple[str, str]:
    """Return the names and options of these entities and of those of the line, and their templates."""
    discovery = Discovery("homeassistant", Topics("teleinfo"), language=language)
    [message] = [json.loads(each) for each in discovery.messages(METER, entities).values() if each]
    components = message["components"].values()
    names = [[component.get("name"), component.get("options")] for component in components]
    return json.dumps(names, ensure_ascii=False), "\n".join(
        one.get("value_template", "") for one in components
    )


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


def home_assistant_texts(code: Code, language: Language) -> list[str]:
    """Return the texts of Home Assistant that hold the word for a code."""
    if isinstance(code, TariffPeriod):
        ice = models_of(code)[1]._tracker.fields_of({"PTCOUR"}, moment(0.0))
        return [home_assistant(language, entities_of(ice, Mode.HISTORIQUE)["PTCOUR"])[1]]
    # An open breaker is no entity of its own: the breaker says it, and why.
    if isinstance(code, Contract | DryContact) or code is Alert.BREAKER_OPEN:
        return []
    names, templates = home_assistant(language, *every_entity())
    return [names] if isinstance(code, Alert) else [names, templates]


@languages
@pytest.mark.parametrize("code", [*TariffPeriod, *Contract, *Alert, *Breaker, *Colour, *DryContact])
def test_a_code_has_one_word(code: Code, language: Language) -> None:
    """The state holds the code; the payload, both screens, a file and Home Assistant have the word."""
    models = models_of(code)
    with use_language(language):
        shown = [draw(model) for draw in (page, terminal, plain) for model in models]
        if isinstance(code, TariffPeriod | Contract):
            shown += map(payload, models)
        if isinstance(code, TariffPeriod):
            index: Any = models[0].state(now=0.0)["energy"]
            shown.append(_(index["indexes"]["EASF01"]["name"]))
            periods: Any = view.words_part(models[0])["periods"]
            shown.append(periods[code]["text"])
    if isinstance(code, Alert):
        state: Any = models[0].state(now=0.0)
        assert state["alerts"][code]["active"]
    assert all(f'"{code}"' in encode(model.state(now=0.0)).decode() for model in models)

    if code is not DryContact.UNCHANGED:  # nothing is said of it
        assert_said(code, language, *shown, *home_assistant_texts(code, language))


@languages
@pytest.mark.parametrize("phase", Phase)
def test_a_phase_has_one_word(phase: Phase, language: Language) -> None:
    model = page_of(Mode.HISTORIQUE, IINST1="001", IINST2="002", IINST3="003")
    entities = entities_of(
        model._tracker.fields_of({"IINST1", "IINST2", "IINST3"}, moment(0.0)), Mode.HISTORIQUE
    ).values()
    with use_language(language):
        phases: Any = view.now_part(model, now=0.0)["phases"]

    assert_said(phase, language, phases[int(phase) - 1]["name"], home_assistant(language, *entities)[0])


@languages
@pytest.mark.parametrize("code", [*LineGrade, *PortErrorKind, *LinkProblem])
def test_the_line_has_one_word(code: LineGrade | PortErrorKind | LinkProblem, language: Language) -> None:
    health, status = Health(line=LineGrade.SILENT, problem=code), "offline"
    if isinstance(code, LineGrade):
        health, status = Health(line=code, bad_groups_percent=1.0), "online"
    model = page_of(Mode.STANDARD, SINSTS="00100")
    model.set_health(health)
    with use_language(language):
        shown = [page(model), terminal(model)]
        said = check_line.line_from_broker(status, health)
        if isinstance(code, LineGrade):
            said = check_line._wiring(code, 0.01, few=False, cause=None)
        shown.append(said.message)

    assert_said(code, language, *shown, *(home_assistant(language) if status == "online" else ()))
