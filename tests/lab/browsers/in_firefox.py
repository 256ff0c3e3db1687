"""The page in Firefox: what another engine may do in another way; `in_browser.py` has the rest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from teleinfo.vocabulary.words import Language
from tests.lab.browsers.firefox import firefox
from tests.lab.browsers.household import household
from tests.lab.browsers.in_browser import PHONE, PICTURES, TABLET, WIDE, axe_core, state_of

if TYPE_CHECKING:
    from tests.lab.browsers.browser import Theme
    from tests.lab.browsers.firefox import Tab

LEFT, END, ESCAPE = "\ue012", "\ue010", "\ue00c"

FINDINGS = """
    axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + html)))
"""
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.mark.parametrize(("language", "theme"), [(Language.FR, "light"), (Language.EN, "dark")])
def test_firefox_shows_the_page_as_chromium_does(language: Language, theme: Theme) -> None:
    """The power of the state, each picture by keyboard, no finding of axe-core, nothing beside a screen."""

    async def use() -> None:
        with household(40) as page:
            async with firefox(language=language, theme=theme) as tab:
                for width in (PHONE, TABLET, WIDE):
                    await tab.load(page.url, width=width)
                    await tab.until("document.documentElement.classList.contains('open')")
                    for name in PICTURES:
                        await tab.until(f"document.querySelector('#{name}:not([hidden]) svg .zero') !== null")
                    assert await tab.run(FITS)
                figure = await tab.run("document.getElementById('power-figure').textContent")
                assert int("".join(figure.split())) == state_of(page, language)["power"]["apparent_net"]
                assert await tab.run("document.documentElement.lang") == language
                background = await tab.run("getComputedStyle(document.body).backgroundColor")
                assert (sum(map(int, background[4:-1].split(","))) < 200) == (theme == "dark")
                for name in PICTURES:
                    await use_keyboard(tab, name)
                await tab.run("document.querySelectorAll('details').forEach((each) => (each.open = true))")
                assert tab.complaints == []
                await tab.run(f"(() => {{ {axe_core()} }})()")
                assert await tab.run(FINDINGS) == []

    asyncio.run(use())


async def use_keyboard(tab: Tab, name: str) -> None:
    """Show the last point of a picture, the one before it, and the picture as a whole."""
    readout = f"document.querySelector('#{name} .readout').textContent"
    whole = await tab.run(readout)
    await tab.run(f"document.querySelector('#{name} .plot').focus()")
    await tab.press(END)
    last = await tab.run(readout)
    await tab.press(LEFT)
    assert len({whole, last, await tab.run(readout)}) == 3
    await tab.press(ESCAPE)
    assert await tab.run(readout) == whole
