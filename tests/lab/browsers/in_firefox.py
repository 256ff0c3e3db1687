"""The page in Firefox: what another engine may do in another way; `in_browser.py` has the rest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from teleinfo.vocabulary.words import Language
from tests.lab.browsers.firefox import firefox
from tests.lab.browsers.household import household
from tests.lab.browsers.in_browser import PHONE, PICTURES, TABLET, WIDE, axe_core, is_dark, state_of

if TYPE_CHECKING:
    from tests.lab.browsers.browser import Theme
    from tests.lab.browsers.firefox import Tab

LEFT = "\ue012"
END = "\ue010"
ESCAPE = "\ue00c"
"""Keys of WebDriver (§17.4.2)."""

FINDINGS = """
    axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + html)))
"""
"""The findings of axe-core, which has to be on the page."""
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
"""True if there is nothing to scroll sideways."""


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
                assert is_dark(background) == (theme == "dark")
                for name in PICTURES:
                    await use_keyboard(tab, name)
                await tab.run("document.querySelectorAll('details').forEach((each) => (each.open = true))")
                assert tab.complaints == []
                await tab.run(f"(() => {{ {axe_core()} }})()")
                assert await tab.run(FINDINGS) == []

    asyncio.run(use())


async def use_keyboard(tab: Tab, name: str) -> None:
    """Show the last point of a picture, the one before it, and the picture as a whole: each in its words."""
    readout = f"document.querySelector('#{name} .readout').textContent"
    whole = await tab.run(readout)
    await tab.run(f"document.querySelector('#{name} .plot').focus()")
    await tab.press(END)
    last = await tab.run(readout)
    await tab.press(LEFT)
    before_last = await tab.run(readout)
    assert len({whole, last, before_last}) == 3
    await tab.press(ESCAPE)
    assert await tab.run(readout) == whole
