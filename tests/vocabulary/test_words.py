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
from teleinfo.mqtt.config import Topics
from teleinfo.port.health import Health
from teleinfo.state.device import device_of
from teleinfo.state.tracker import encode
from teleinfo.tic import registers
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.codes import Alert, Breaker, Colour, Contract, DryContact, Phase, TariffPeriod
from teleinfo.vocabulary.line import LineGrade, LinkProblem, PortErrorKind
from teleinfo.vocabulary.words import Code, Language
from teleinfo.watch.layout import compose
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.plain import PlainLines
from teleinfo.watch.web import view
from tests.homeassistant.golden import every_entity

if TYPE_CHECKING:
    from teleinfo.homeassistant.entities import Entity

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
    screen = compose(model, ConsoleDimensions(150, 60), page=0, now=0.0, clock="", keys=True)
    return "\n".join(line.plain for line in screen.lines)


def plain(model: LiveModel) -> str:
    """Return the lines of `watch` in a file."""
    return "\n".join(PlainLines().new(model.rows()))


def home_assistant(language: Language, *entities: Entity) -> tuple[str, str]:
    """Return the names and options of these entities and of those of the line, and their templates."""
    discovery = Discovery("homeassistant", Topics("teleinfo"), language=language)
    [message] = [json.loads(each) for each in discovery.messages(METER, entities).values() if each]
    components = message["cmps"].values()
    names = [[component.get("name"), component.get("ops")] for component in components]
    return json.dumps(names, ensure_ascii=False), "\n".join(one.get("val_tpl", "") for one in components)


def assert_said(code: Code, language: Language, *texts: str) -> None:
    """Find the word for `code` in each of these texts, with or without its capital."""
    with use_language(language):
        word = _(code.words)
    for text in texts:
        assert word.lower() in text.lower(), text


@languages
@pytest.mark.parametrize("period", TariffPeriod)
def test_a_tariff_period_has_one_word(period: TariffPeriod, language: Language) -> None:
    """As the tariff in force, behind the curve, as the name of an index, and as the state of an ICE."""
    model = page_of(Mode.STANDARD, LTARF=period, NTARF="01", EASF01="000001000", SINSTS="00100")
    ice = page_of(Mode.HISTORIQUE, CONTRAT="BASE_A8", ERP="1varh", PTCOUR=period)
    entities = entities_of(ice._tracker.fields_of({"PTCOUR"}, now=0.0), Mode.HISTORIQUE)
    with use_language(language):
        state = json.loads(payload(model))
        shown = [state["tariff"]["name"], state["energy"]["indexes"]["EASF01"]["name"]]
        shown += [page(model), terminal(model), plain(model), payload(ice)]
        shown.append(json.dumps(view.curve_part(model, now=0.0)["bands"], ensure_ascii=False))
        assert state["tariff"]["code"] == period

    assert_said(period, language, *shown, home_assistant(language, entities["PTCOUR"])[1])


@languages
@pytest.mark.parametrize("contract", Contract)
def test_a_contract_has_one_word(contract: Contract, language: Language) -> None:
    """Home Assistant reads it in the state."""
    model = page_of(
        Mode.STANDARD, NGTF={Contract.PRODUCER: "PRODUCTEUR"}.get(contract, contract), SINSTS="00100"
    )
    with use_language(language):
        assert json.loads(payload(model))["contract"]["code"] == contract
        assert_said(contract, language, payload(model), page(model), terminal(model), plain(model))


def stge(bits: registers.Bits, number: int) -> str:
    """Return a status register in which these bits are this number."""
    return f"{number << bits.shift:08X}"


@languages
@pytest.mark.parametrize("alert", Alert)
def test_an_alert_has_one_word(alert: Alert, language: Language) -> None:
    """An open breaker is no entity of its own: the breaker says it, and why."""
    bits = registers.ALERTS.get(alert)
    model = (
        page_of(Mode.HISTORIQUE, PPOT="04")
        if bits is None
        else page_of(Mode.STANDARD, STGE=stge(bits, 1), SINSTS="00100")
    )
    with use_language(language):
        shown = [page(model), terminal(model), plain(model)]
        assert json.loads(payload(model))["alerts"][alert]["active"]
        assert [name for name, _since in json.loads(json.dumps(view.now_part(model, now=0.0)["alerts"]))] == [
            _(alert.words)
        ]
    if alert is not Alert.BREAKER_OPEN:
        shown.append(home_assistant(language, *every_entity())[0])

    assert_said(alert, language, *shown)


@languages
@pytest.mark.parametrize("state", Breaker)
def test_a_state_of_the_breaker_has_one_word(state: Breaker, language: Language) -> None:
    """In the register, and as a state in Home Assistant."""
    model = page_of(Mode.STANDARD, STGE=stge(registers.BREAKER, [*Breaker].index(state)))
    with use_language(language):
        assert json.loads(payload(model))["contacts"]["breaker"] == state
        shown = [page(model), terminal(model), plain(model)]

    assert_said(state, language, *shown, *home_assistant(language, *every_entity()))


@languages
@pytest.mark.parametrize("colour", Colour)
def test_a_colour_has_one_word(colour: Colour, language: Language) -> None:
    """From the register, from DEMAIN, and as a state in Home Assistant."""
    number = 1 + [*Colour].index(colour)
    linky = page_of(Mode.STANDARD, STGE=stge(registers.TODAY, number), SINSTS="00100")
    blue_meter = page_of(Mode.HISTORIQUE, PTEC="HPJB", DEMAIN=("BLEU", "BLAN", "ROUG")[number - 1])
    with use_language(language):
        assert json.loads(payload(linky))["tempo"]["today"] == colour
        assert json.loads(payload(blue_meter))["tempo"]["tomorrow"] == colour
        shown = [draw(model) for draw in (page, terminal, plain) for model in (linky, blue_meter)]

    assert_said(colour, language, *shown, *home_assistant(language, *every_entity()))


@languages
@pytest.mark.parametrize("contact", DryContact)
def test_what_becomes_of_the_dry_contact_has_one_word(contact: DryContact, language: Language) -> None:
    """In the profile of a day; where it stays as it is nothing is said."""
    action = f"{[*DryContact].index(contact) << 14 | 1:04X}"
    model = page_of(Mode.STANDARD, **{"PJOURF+1": f"0600{action}"})
    with use_language(language):
        [slot] = json.loads(payload(model))["day_profile"]["tomorrow"]
        shown = [page(model), terminal(model), plain(model)]
    assert slot["dry_contact"] == contact

    if contact is not DryContact.UNCHANGED:
        assert_said(contact, language, *shown)


@languages
@pytest.mark.parametrize("phase", Phase)
def test_a_phase_has_one_word(phase: Phase, language: Language) -> None:
    """In the table of the page, and in the names of Home Assistant."""
    model = page_of(Mode.HISTORIQUE, IINST1="001", IINST2="002", IINST3="003")
    entities = entities_of(
        model._tracker.fields_of({"IINST1", "IINST2", "IINST3"}, now=0.0), Mode.HISTORIQUE
    ).values()
    with use_language(language):
        phases: Any = view.now_part(model, now=0.0)["phases"]

    assert_said(phase, language, phases[int(phase) - 1]["name"], home_assistant(language, *entities)[0])


@languages
@pytest.mark.parametrize("grade", LineGrade)
def test_the_quality_of_the_line_has_one_word(grade: LineGrade, language: Language) -> None:
    """In doctor, of a line that it hears itself or that the service hears."""
    model = page_of(Mode.STANDARD, SINSTS="00100")
    health = Health(line=grade, bad_groups_percent=1.0)
    model.set_health(health)
    with use_language(language):
        shown = [page(model), terminal(model)]
        found = check_line.line_from_broker("online", health, "teleinfo")
    if grade is not LineGrade.SILENT:
        shown.append(found[-1].message)

    assert_said(grade, language, *shown, *home_assistant(language))


@languages
@pytest.mark.parametrize("problem", [*PortErrorKind, *LinkProblem])
def test_why_no_frame_comes_has_one_word(problem: PortErrorKind | LinkProblem, language: Language) -> None:
    """On both screens and in doctor."""
    model = page_of(Mode.STANDARD, SINSTS="00100")
    health = Health(line=LineGrade.SILENT, problem=problem)
    model.set_health(health)
    with use_language(language):
        [found] = check_line.line_from_broker("offline", health, "teleinfo")
        shown = [page(model), terminal(model), found.message]

    assert_said(problem, language, *shown)
