"""The page in a real browser: what it shows, in both languages and themes, on a phone and a wide screen."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.common.i18n import _, in_words, use_language
from teleinfo.contract.days import midnight
from teleinfo.history.chronicle import Batch
from teleinfo.history.store import Store
from teleinfo.simulator.catalogue import build
from teleinfo.state.prices import Prices
from teleinfo.tic.horodate import PARIS
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.words import Language
from teleinfo.web import server
from teleinfo.web.server import Streams
from tests.history import year
from tests.history.scenario import DAY, FILE, Lapse
from tests.history.test_contract import METER, OWN, batch_of
from tests.lab.browsers.browser import Theme, browser, prefer, resize
from tests.lab.browsers.household import evening, household, page_of
from tests.support.scenario import until
from tests.web.scenario import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement


BEGIN: Final = dt.datetime(2026, 1, 3, 12)  # noqa: DTZ001 - the time in France
HOUR: Final = dt.timedelta(hours=1)
PRICES_OF_HC: Final = Prices({"HC": 0.17, "HP": 0.21}, 15.0)
LEAST = 320
PHONE = 360
TABLET = 768
WIDE = 1280
"""Widths of screens, in CSS pixels."""
PICTURES: Final = ("hour", "days2", "days30", "months13")
"""The pictures of the history: power in the first two, energy and cost in the others."""
SINCE_SEPTEMBER: Final = 137
"""Days of the history, so that all days of the season of Tempo are known."""
COLOURS_OF_TEMPO: Final = slice(1, 7)
"""The energies in a row of a table with Tempo: two tariffs of three colours, behind the time."""

HOSTILE = "<img src=x onerror=alert(1)><b>\N{RIGHT-TO-LEFT OVERRIDE}x</b>"


@pytest.fixture(scope="module", params=Language)
def language(request: pytest.FixtureRequest) -> Language:
    """Return the language that the browser prefers."""
    return Language(request.param)


@pytest.fixture(scope="module")
def driver(language: Language) -> Iterator[WebDriver]:
    """Return a browser that prefers this language."""
    with browser(language=language) as running:
        yield running


@pytest.fixture(scope="module")
def pages(language: Language) -> Iterator[dict[str, Page]]:
    """
    Return pages that no test changes, by the name of their meter, anew for each language.

    Their meters send nothing any more: two minutes later their alerts are unknown, and so the tests that look
    at them stand first.
    """
    assert language  # pytest makes the pages anew for each value of this fixture
    with (
        evening("standard-tempo") as tempo,
        evening("standard-tri", phases=3) as tri,
        household(SINCE_SEPTEMBER) as year,
    ):
        yield {"standard-tempo": tempo, "standard-tri": tri, "household": year}


CUT: Final = """[...document.querySelectorAll("body *:not(svg, svg *)")].filter((each) => {
    const card = each.closest(".card, .banner, #alerts, header")?.getBoundingClientRect();
    const box = each.getBoundingClientRect();
    return each.checkVisibility() && !each.closest(".scroll") && each.textContent.trim() !== "" && (
        each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== "inline"
        || card && (box.left < card.left - 1 || box.right > card.right + 1)
    );
}).map((each) => each.outerHTML.slice(0, 100))"""
"""A script: the elements, but in what scrolls, whose text is wider than they are or leaves their card."""


class Shown:
    """The content of a browser at this moment."""

    def __init__(self, driver: WebDriver) -> None:
        self._driver = driver

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - a value of JavaScript
        """Return the result of a script on the page."""
        return self._driver.execute_script(f"return {script}", *arguments)

    def has_class(self, name: str) -> bool:
        """Return True if the page as a whole has this class."""
        return bool(self.run("document.documentElement.classList.contains(arguments[0])", name))

    def element(self, identity: str) -> WebElement:
        """Return the element with this identity."""
        return self._driver.find_element("id", identity)

    def text(self, identity: str) -> str:
        """Return the visible text of an element, with ordinary blanks."""
        return self.element(identity).text.replace("\N{NO-BREAK SPACE}", " ")

    def texts(self, selector: str) -> list[str]:
        """Return the visible texts of a selector, in their order, with ordinary blanks, without padding."""
        texts: list[str] = self.run(
            "[...document.querySelectorAll(arguments[0])]"
            ".filter((each) => each.checkVisibility()).map((each) => each.innerText.trim())",
            selector,
        )
        return [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts]

    def figure(self) -> int:
        """Return the power, which has blanks between its thousands and may have a minus."""
        text = self.text("power-figure").replace("\N{MINUS SIGN}", "-")
        return int("".join(text.split()) or "0")

    def count(self, selector: str) -> int:
        """Return the number of elements of a selector."""
        return len(self._driver.find_elements("css selector", selector))

    def picture(self, name: str) -> WebElement:
        """Return the plot of a picture once it is drawn."""
        until(lambda: self.count(f"#{name}:not([hidden]) svg .zero"), what=f"the picture {name}")
        return self._driver.find_element("css selector", f"#{name} .plot")

    def table(self, name: str) -> Any:  # noqa: ANN401 - a tree of JSON
        """Return a table of the history, by the link to its CSV."""
        return self._driver.execute_async_script(
            "const done = arguments[1];"
            "const link = document.querySelector(`#${arguments[0]} .csv`).href;"
            "fetch(link.replace('.csv', '.json')).then((answer) => answer.json()).then(done, done);",
            name,
        )

    def complaints(self) -> list[object]:
        """Return new complaints of the browser (policy, script, file), and what came from elsewhere."""
        written: list[object] = self._driver.get_log("browser")  # type: ignore[no-untyped-call]
        foreign: list[object] = self.run(
            "performance.getEntriesByType('resource').map((each) => each.name)"
            ".filter((name) => !name.startsWith(location.origin + '/'))"
        )
        return [*written, *foreign]


def look(
    driver: WebDriver, page: Page, *, width: int = WIDE, theme: Theme = "light", scale: float = 1.0
) -> Shown:
    """Load the page on a screen of this width, and return its content once it is live."""
    resize(driver, width, 900, scale=scale)
    prefer(driver, theme)
    shown = Shown(driver)
    # An earlier page connects again and again to its server, which may have ended, and complains of that.
    driver.get("about:blank")
    shown.complaints()
    driver.get(page.url)
    until(lambda: shown.has_class("open"), what="an open page")
    return shown


def kwh(watt_hours: int, language: Language) -> str:
    """Return an energy as the page has it."""
    text = f"{watt_hours / 1000:,.1f}".replace(",", " ")
    return text.replace(".", ",") if language == "fr" else text


def is_dark(colour: str) -> bool:
    """Return True if a colour of CSS, such as `rgb(18, 18, 18)`, is dark."""
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour))
    return red + green + blue < 200


def state_of(page: Page, language: Language) -> Any:  # noqa: ANN401 - a tree of JSON
    """Return the decoded state that the page is made of."""
    with use_language(language):
        return in_words(page.model.state())


def test_a_tempo_meter_with_an_overrun_is_shown_as_the_state_has_it(
    driver: WebDriver, language: Language, pages: dict[str, Page]
) -> None:
    """Power and limit, the alert and since when, both colours, each index, and the periods of the curve."""
    page = pages["standard-tempo"]
    shown = look(driver, page)
    state = state_of(page, language)
    power = state["power"]["apparent_net"]
    limit = state["contract"]["subscribed_power"]
    used_percent = state["headroom"]["used_percent"]
    overrun = state["alerts"]["overrun"]

    assert power > limit
    assert shown.figure() == power
    assert shown.element("limit-meter").get_attribute("aria-valuenow") == str(used_percent)
    assert shown.text("limit-text").startswith(f"{used_percent} %")

    assert overrun["active"]
    title = {"fr": "Dépassement de la puissance souscrite", "en": "Overrun of the subscribed power"}
    assert f"{title[language]} " in shown.text("alerts")
    hour_and_minute = overrun["start"][11:16]  # 2026-01-14T22:16:00+01:00
    assert hour_and_minute in shown.text("alerts")

    assert state["tempo"]["today"] == "blue"
    assert state["tempo"]["tomorrow"] == "red"
    colours = {"fr": ["bleu", "rouge"], "en": ["blue", "red"]}
    assert [text.lower() for text in shown.texts("#tempo b")] == colours[language]

    names_and_energies = []
    for index in state["energy"]["indexes"].values():
        names_and_energies += [index["name"], f"{kwh(index['value'], language)} kWh"]
    assert shown.texts("#indexes-rows > *") == names_and_energies
    assert "€" not in shown.run("document.body.innerText")
    shown.picture("hour")
    assert shown.texts("#hour .legend li") == [
        {"fr": "Heures pleines, jour bleu", "en": "Peak hours, blue day"}[language],
        {"fr": "Heures creuses, jour bleu", "en": "Off-peak hours, blue day"}[language],
    ]
    assert shown.count("#hour .plot .band-blue") == 2
    assert shown.count("#hour .plot .line") == 1
    assert shown.count("#hour .plot .limit") == 1
    assert driver.title.startswith(shown.text("power-figure"))
    assert shown.complaints() == []


def test_no_line_ends_within_a_number_or_before_its_unit(driver: WebDriver, pages: dict[str, Page]) -> None:
    """All blanks there are no-break spaces."""
    shown = look(driver, pages["standard-tempo"])
    shown.picture("hour")
    values = shown.run(
        "[...document.querySelectorAll('dd, .readout, #meter')].map((each) => each.textContent)"
    )

    assert any("9\N{NO-BREAK SPACE}120\N{NO-BREAK SPACE}VA" in value for value in values)
    assert [value for value in values if re.search(r"\d (\d{3}|VA|A|kWh|bauds?)\b", value)] == []


def test_three_phases_are_shown_as_the_state_has_them(
    driver: WebDriver, language: Language, pages: dict[str, Page]
) -> None:
    """Power, current, the current that is left, and voltage of each."""
    page = pages["standard-tri"]
    shown = look(driver, page)
    state = state_of(page, language)
    rows = []
    for number in (1, 2, 3):
        phase = f"l{number}"
        power = f"{state['power'][f'apparent_import_{phase}']:,}".replace(",", " ")
        current = state["current"][phase]
        current_left = state["headroom"]["current"][phase]
        voltage = state["voltage"][phase]
        rows.append(f"Phase {number} {power} VA {current} A {current_left} A {voltage} V")

    assert [" ".join(text.split()) for text in shown.texts("#phases-rows tr")] == rows
    assert shown.complaints() == []


def test_what_a_producer_injects_is_below_zero(driver: WebDriver, language: Language) -> None:
    """The figure is negative, the words say that it is injected, and the curve is below its zero."""
    with page_of("standard-producer", end=dt.datetime(2026, 6, 14, 13, 20)) as page:  # noqa: DTZ001 - see above
        shown = look(driver, page)
        state = state_of(page, language)

        assert state["power"]["apparent_net"] < 0
        assert shown.figure() == state["power"]["apparent_net"]
        label = {"fr": "injectés dans le réseau", "en": "injected into the grid"}
        assert shown.text("power-label") == label[language]
        shown.picture("hour")
        # The top of an element on the screen: the greater, the lower.
        top = "document.querySelector(arguments[0]).getBoundingClientRect().top"
        assert shown.run(top, "#hour .plot .line") >= shown.run(top, "#hour .zero")
        assert shown.texts("#days-rows th")[-1] == {"fr": "Injecté", "en": "Injected"}[language]
        assert shown.complaints() == []


def test_the_history_is_shown_by_pointer_and_by_keyboard(
    driver: WebDriver, language: Language, pages: dict[str, Page]
) -> None:
    """
    The words below each picture are about the whole of it, or about the point that is chosen.

    End chooses the last point, the left arrow the one before it, Escape none, and the pointer that below it.
    """
    from selenium.webdriver.common.action_chains import ActionChains  # noqa: PLC0415 - may be missing
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - may be missing, see `browser`

    shown = look(driver, pages["household"])
    for name in PICTURES:
        plot = shown.picture(name)
        summary = shown.texts(f"#{name} .readout")
        plot.send_keys(Keys.END)
        [last] = shown.texts(f"#{name} .readout")
        # What a screen reader says begins with the same words.
        spoken = str(plot.get_attribute("aria-valuetext")).replace("\N{NO-BREAK SPACE}", " ")
        assert spoken.startswith(last)
        for words in words_of_last_point(name, shown.table(name), language):
            assert words in last

        plot.send_keys(Keys.ARROW_LEFT)
        assert shown.texts(f"#{name} .readout") not in ([last], summary)
        plot.send_keys(Keys.ESCAPE)
        assert shown.texts(f"#{name} .readout") == summary
        ActionChains(driver).move_to_element(plot).perform()
        assert shown.count(f"#{name} .cursor") == 1
    assert shown.complaints() == []


def words_of_last_point(name: str, table: Any, language: Language) -> list[str]:  # noqa: ANN401 - a tree of JSON
    """Return what the words below a picture must contain while its last point is chosen."""
    last_row = table["rows"][-1]
    if name in ("hour", "days2"):
        time, drawn, injected = last_row
        net = drawn - (injected or 0)
        hour_and_minute = time[11:16]
        return [hour_and_minute, f"{net:,} VA".replace(",", " ")]
    kwh_of_all = sum(last_row[COLOURS_OF_TEMPO]) / 1000
    cost = last_row[table["columns"].index("cost")]
    words = []
    for number, unit in ((kwh_of_all, "kWh"), (cost, "€")):
        text = f"{number:,.2f} {unit}".replace(",", " ")
        words.append(text.replace(".", ",") if language == "fr" else text)
    return words


def test_the_history_has_thirty_days_and_the_months_since_its_begin(
    driver: WebDriver, pages: dict[str, Page]
) -> None:
    """The 30 days have only a part of December."""
    shown = look(driver, pages["household"])
    shown.picture("days30")
    shown.picture("months13")
    days = shown.table("days30")["rows"]
    months = shown.table("months13")["rows"]
    of_days_in_december = [sum(row[COLOURS_OF_TEMPO]) for row in days if row[0].startswith("2025-12")]
    [december] = [sum(row[COLOURS_OF_TEMPO]) for row in months if row[0] == "2025-12"]

    assert len(days) == 30
    assert [row[0] for row in months] == ["2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01"]
    assert 0 < sum(of_days_in_december) < december


def test_times_are_those_of_the_house(driver: WebDriver, pages: dict[str, Page]) -> None:
    """Whatever the zone of the browser: of frames, alerts and pictures."""
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - may be missing, see `browser`

    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "America/New_York"})
    try:
        shown = look(driver, pages["household"])
        plot = shown.picture("hour")
        plot.send_keys(Keys.END)

        assert shown.texts("#hour .readout")[0].startswith(("22:19", "22:20"))
        assert "22:00" in shown.run(
            "[...document.querySelectorAll('#hour text')].map((each) => each.textContent)"
        )
        assert shown.run("document.getElementById('time').textContent") == "22:20:00"
        assert " 22:16" in shown.text("alerts")
    finally:
        driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_every_label_is_there_once_it_is_asked_for(
    driver: WebDriver, language: Language, pages: dict[str, Page]
) -> None:
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - may be missing, see `browser`

    page = pages["standard-tempo"]
    shown = look(driver, page)
    assert not shown.element("rows").is_displayed()
    # Tab reaches two stops for each picture, the controls of the history, the line, then the list.
    for _stop in range(40):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        if shown.run("document.activeElement.parentElement.id") == "all":
            break
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    until(lambda: shown.element("rows").is_displayed(), what="the list")
    rows = page.model.rows()

    assert shown.texts("#rows code") == [row.key for row in rows]
    with use_language(language):
        names = ["" if row.label is None else _(row.label.title) for row in rows]
    assert shown.texts("#rows .name") == names


def test_a_meter_is_chosen_by_keyboard_and_stays_chosen(driver: WebDriver, language: Language) -> None:
    """1. The first of two is shown. 2. Tab and Enter choose the second. 3. Its URL shows it again."""
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - may be missing, see `browser`

    page = evening("standard-tempo")
    other = evening("standard-tri", phases=3)
    page.meters["garage"] = Streams(other.model, other.recorder, "Garage")
    with page:
        shown = look(driver, page)
        assert shown.texts("nav a") == ["teleinfo", "Garage"]
        assert shown.texts("nav [aria-current='page']") == ["teleinfo"]
        for _stop in range(2):
            driver.switch_to.active_element.send_keys(Keys.TAB)
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        for _load in ("by the choice", "by its URL"):
            until(lambda: shown.has_class("live") and driver.title.endswith("Garage"), what="the garage")
            assert driver.current_url.endswith("?meter=garage")
            assert shown.figure() == state_of(other, language)["power"]["apparent_net"]
            assert shown.texts("nav [aria-current='page']") == ["Garage"]
            shown.picture("hour")
            assert shown.table("hour")["rows"]
            driver.refresh()
        assert findings(driver) == []
        assert shown.complaints() == []


def test_a_stream_that_is_cut_is_said_at_once_and_comes_back(driver: WebDriver, language: Language) -> None:
    """1. The program ends: the page says so. 2. Another one begins there: the page shows its values."""
    words = {"fr": "Connexion perdue", "en": "Connection lost"}[language]
    with ExitStack() as stack:
        first = stack.enter_context(evening("standard-tempo"))
        shown = look(driver, first)
        port = first.address.port
        stack.close()
        until(lambda: shown.has_class("cut"), what="a page that is cut", limit=3)
        assert shown.text("stream").startswith(words)
        assert shown.element("stream").get_attribute("role") == "status"
    with evening("standard-tri", phases=3, port=port) as second:
        until(lambda: shown.has_class("open"), what="an open page")
        until(lambda: shown.figure() == state_of(second, language)["power"]["apparent_net"])
        assert words not in shown.text("stream")


def test_a_stream_that_falls_silent_is_cut(driver: WebDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection may be lost without an end of it, as on a phone that leaves its network."""
    with evening("standard-tempo") as page:
        shown = look(driver, page)
        monkeypatch.setattr(server.Streams, "update", lambda _streams: None)
        until(lambda: shown.has_class("cut"), what="a page that is cut")


def test_a_page_that_nobody_sees_asks_for_nothing(driver: WebDriver) -> None:
    """1. Its tab is hidden: the stream ends. 2. It is seen again: the page is live at once."""
    hide = (
        "Object.defineProperty(document, 'hidden', { value: arguments[0], configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'));"
    )
    with evening("standard-tempo") as page:
        shown = look(driver, page)
        assert page.streams.readers.total() == 1
        driver.execute_script(hide, True)  # noqa: FBT003 - a value of JavaScript
        until(lambda: page.streams.readers.total() == 0, what="no reader")
        assert not shown.has_class("cut")
        assert not shown.has_class("live")
        driver.execute_script(hide, False)  # noqa: FBT003 - a value of JavaScript
        until(lambda: shown.has_class("open"), what="an open page")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lapse]:
    """
    Return a folder with the history of two meters, and the household of the later one at its end.

    The later meter: three days from BEGIN on, four days without readings, three days, half a day.
    """
    folder = tmp_path_factory.mktemp("history")
    with Lapse(folder, "tri", dt.datetime(2025, 12, 20, 12)) as earlier:  # noqa: DTZ001 - the time in France
        earlier.days(3)
    with Lapse(folder, "hc", BEGIN, prices=PRICES_OF_HC) as lapse:
        lapse.days(3)
        lapse.begin()  # the page is started anew
        lapse.now += 4 * DAY
        lapse.days(3)
        half_a_day = 12 * 3600
        lapse.at([lapse.now + half_a_day])
        lapse.write()
    return folder, lapse


def drawn(lapse: Lapse, *times: dt.datetime) -> list[float]:
    """Return what the household drew from each time to the next one, in kWh; the last time is the end."""
    assert lapse.now == int(times[-1].replace(tzinfo=PARIS).timestamp())
    meter = build("hc", start=BEGIN, rng=random.Random(1))  # the same as that of `lapse`
    indexes = []
    for time in times:
        meter.metrology.advance(time)
        indexes.append(sum(meter.metrology.supplier) / 1000)
    return [after - before for before, after in itertools.pairwise(indexes)]


def figures(text: str) -> list[float]:
    """Return the numbers with decimals in a text."""
    numbers = re.findall(r"\d+[.,]\d+", text.replace(" ", ""))
    return [float(number.replace(",", ".")) for number in numbers]


def test_after_a_restart_it_says_what_the_household_used(
    driver: WebDriver, language: Language, past: tuple[Path, Lapse]
) -> None:
    """The meter is silent: all is of the history, the pause a block with its energy, and nothing is live."""
    folder, lapse = past
    end = dt.datetime.fromtimestamp(lapse.now, PARIS).replace(tzinfo=None)
    today = dt.datetime.combine(end.date(), dt.time())
    day = dt.timedelta(days=1)
    pause_begin = today - 7 * day
    pause_end = today - 3 * day + HOUR
    times = (BEGIN, pause_begin, pause_end, today - day, today, end)
    _before, of_pause, _behind, of_yesterday, of_today = drawn(lapse, *times)
    [of_all] = drawn(lapse, BEGIN + HOUR, end)
    with Page(end=end + HOUR, folder=folder, prices=PRICES_OF_HC) as page:
        shown = look(driver, page)
        shown.picture("days30")
        until(lambda: shown.element("days").is_displayed(), what="the days")

        since = {"fr": "aucun relevé depuis", "en": "no reading since"}[language]
        assert shown.text("stream") == f"{since} {end:%H:%M}"
        assert not shown.has_class("live")
        assert figures(shown.text("days-energy")) == [pytest.approx(of_today, abs=0.2)]
        total = shown.texts("#days-rows tr")[-2]  # above the cost
        assert figures(total) == [pytest.approx(of_today, abs=0.2), pytest.approx(of_yesterday, abs=0.2)]
        [block] = shown.run(
            "[...document.querySelectorAll('#days30 .gap-text')].map((each) => each.textContent)"
        )
        assert figures(block) == [pytest.approx(of_pause, abs=0.4)]
        for name in ("days30", "months13"):
            until(lambda: shown.texts(f"#{name} .readout"), what="the sum")  # noqa: B023 - called at once
            energy, *_cost = figures(shown.texts(f"#{name} .readout")[0])
            assert energy == pytest.approx(of_all, abs=0.02)
        assert shown.complaints() == []


def test_an_earlier_day_and_an_earlier_meter_can_be_chosen(
    driver: WebDriver, language: Language, past: tuple[Path, Lapse]
) -> None:
    """Back by a month: the pictures end then. The earlier meter: its days, and none of the later one."""
    from selenium.webdriver.support.select import Select  # noqa: PLC0415 - may be missing, see `browser`

    folder, lapse = past
    with Page(end=dt.datetime.fromtimestamp(lapse.now, PARIS).replace(tzinfo=None), folder=folder) as page:
        shown = look(driver, page)
        shown.picture("days30")
        Select(shown.element("history-step")).select_by_value("m")
        shown.element("history-earlier").click()
        until(lambda: "end=2025-12-" in str(shown.run("document.querySelector('#days30 .csv').href")))
        assert shown.table("days30")["rows"] == []
        shown.element("history-now").click()
        Select(shown.element("history-meter")).select_by_value("041976123456")
        until(lambda: "041976123456" in str(shown.run("document.querySelector('#days30 .csv').href")))
        assert [row[0][-2:] for row in shown.table("days30")["rows"]] == ["20", "21", "22", "23"]
        assert findings(driver) == []
        assert language


def test_hostile_text_stays_text(driver: WebDriver) -> None:
    """Étiquettes, values, names of contracts and periods: nothing of it becomes markup, runs or loads."""
    values = {
        HOSTILE: HOSTILE,
        "LTARF": "<b>X</b>",
        "NGTF": "<img src=x>",
        "SINSTS": "00100",
        "MSG1": HOSTILE,
        "EASF01": "000000001",
        "NTARF": "01",
    }
    with Page() as page:
        page.add(Reading(Mode.STANDARD, values))
        shown = look(driver, page)
        driver.execute_script("document.querySelector('#all').open = true")
        until(lambda: "MSG1" in shown.texts("#rows code"), what="the hostile reading")

        assert shown.texts("#tariff-rows dd") == ["<b>X</b>", "<img src=x>"]
        safe = HOSTILE.replace("\N{RIGHT-TO-LEFT OVERRIDE}", "\N{REPLACEMENT CHARACTER}")
        assert safe in shown.texts("#rows code")
        assert safe in shown.texts("#rows .value")
        assert shown.count("img, iframe, script:not([src='page.js']), b:not(#tempo b)") == 0
        assert shown.complaints() == []


@pytest.mark.parametrize("meter", ["household", "standard-tri"])
def test_at_200_percent_nothing_is_cut(driver: WebDriver, pages: dict[str, Page], meter: str) -> None:
    """
    Screens of half the width with two pixels for each: nothing to scroll sideways (WCAG 1.4.4, 1.4.10).

    No text is wider than its element or reaches out of its card, with all of it open.
    """
    shown = look(driver, pages[meter], width=LEAST, scale=2.0)
    for name in PICTURES:
        shown.picture(name)
    driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    until(lambda: shown.count("#rows li"), what="the list")

    assert shown.run("devicePixelRatio") == 2
    for width in (LEAST, TABLET // 2, WIDE // 2, 720):
        resize(driver, width, 450, scale=2.0)
        until(lambda: shown.run("innerWidth") == width, what="the width")  # noqa: B023 - called at once
        assert shown.run("document.documentElement.scrollWidth") <= width
        assert shown.run(CUT) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, TABLET, WIDE])
@pytest.mark.parametrize("meter", ["household", "standard-tri"])
def test_it_can_be_read_and_used_by_everybody(
    driver: WebDriver, pages: dict[str, Page], width: int, theme: Theme, meter: str
) -> None:
    """No finding of axe-core (WCAG 2.2 AA), and nothing to scroll sideways, with all of it open."""
    shown = look(driver, pages[meter], width=width, theme=theme)
    for name in PICTURES:
        shown.picture(name)
    driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    until(lambda: shown.count("#rows li"), what="the list")
    background = driver.execute_script("return getComputedStyle(document.body).backgroundColor")

    assert driver.execute_script("return document.documentElement.scrollWidth") == width
    assert is_dark(background) == (theme == "dark")
    assert findings(driver) == []


SHEET: Final = (717, 1046)
"""Width and height of what is printed on a sheet of A4, in CSS pixels, with the margins of the browser."""

SENTENCES: Final = {
    "year": {"fr": "Week-end aurait coûté 40 € de moins", "en": "Week-end would have cost 40 € less"},
    "month": {"fr": "Pas de conseil avant douze mois", "en": "No advice before twelve full months"},
    "nothing": {"fr": "Aucune énergie n’est encore connue", "en": "No energy is known yet"},
}
"""The begin of the sentence by what is known, in each language."""


def house_of(known: str) -> Page:
    """Return the page of a household of which the energies of a year, or of a month, or nothing is known."""
    page = Page(end=dt.datetime.combine(year.TODAY, dt.time(12)), offers=OWN)
    now = midnight(year.TODAY)
    pieces = list(year.pieces(year.heat_pump))
    if known == "year":
        batch = batch_of(pieces)
    elif known == "month":
        batch = batch_of([piece for piece in pieces if piece.begin > now - 31 * DAY])
    else:
        batch = Batch(METER, now)
    store = Store(page.folder / FILE)
    store.write([batch], now=now)
    store.close()
    return page


@pytest.mark.parametrize("known", SENTENCES)
def test_the_contract_is_one_sentence_and_one_picture(
    driver: WebDriver, language: Language, known: str
) -> None:
    """Without a whole year nothing is compared. Everybody can read it; it is printed alone on one sheet."""
    with house_of(known) as page:
        shown = look(driver, page)
        until(lambda: shown.element("contract").is_displayed(), what="the card")
        assert shown.text("contract-sentence").startswith(SENTENCES[known][language])
        bars = shown.texts("#contract-bars .bar")
        differences = [text for text in shown.texts("#contract-bars .less") if text]
        expected = {"year": (6, 5), "month": (6, 0), "nothing": (0, 0)}  # all but the own contract differ
        assert (len(bars), len(differences)) == expected[known]
        driver.execute_script("document.querySelector('#contract-table').open = true")
        themes: tuple[Theme, ...] = ("light", "dark")
        for theme, width in itertools.product(themes, (LEAST, PHONE, WIDE)):
            resize(driver, width, 900)
            prefer(driver, theme)
            assert shown.run("document.documentElement.scrollWidth") == width
            assert shown.run(CUT) == []
            assert findings(driver) == []
        resize(driver, *SHEET)
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        # In place of the dialogue to print: the height of what would be printed.
        driver.execute_script(
            "window.print = () => { window.printed = document.documentElement.scrollHeight; };"
            "document.getElementById('contract-print').click();"
        )
        assert shown.run("window.printed") <= SHEET[1]
        assert shown.complaints() == []


def axe_core() -> str:
    """Return the script of axe-core; skip the test where it is not installed."""
    axe = Path(os.environ.get("TELEINFO_TEST_NPM", "")) / "node_modules/axe-core/axe.min.js"
    if not axe.is_file():
        pytest.skip("axe-core is not installed: make test-web brings it from npm")
    return axe.read_text(encoding="utf-8")


def findings(driver: WebDriver) -> list[str]:
    """Return the findings of axe-core on the page (WCAG 2.2 AA and its own advice), [] if there is none."""
    driver.execute_script(axe_core())
    results = driver.execute_async_script(
        "const done = arguments[0];"
        "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })"
        ".then(done, (error) => done({ violations: [], error: String(error) }));"
    )
    assert "error" not in results, results
    assert results["passes"]  # it has looked at something
    return [
        f"{finding['id']}: {node['html'][:200]}: {node['failureSummary'][:300]}"
        for finding in results["violations"]
        for node in finding["nodes"]
    ]
