"""How many clicks the how-to guides give, and a person whose clicks are counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Locator, Page

_HOW_TO = Path(__file__).parents[2] / "docs/how-to"


def clicks_of(number: int, guide: str = "answer-ten-questions") -> int:
    """What the second column of the guide's numbered table says."""
    text = (_HOW_TO / f"{guide}.md").read_text(encoding="utf-8")
    [clicks] = re.findall(rf"^\| {number}\. [^|]*\| (\d) \|", text, re.MULTILINE)
    return int(clicks)


@dataclass
class Reader:
    """A person with a mouse, whose clicks are counted."""

    page: Page | FrameLocator
    clicks: int = 0

    def click(self, what: Locator) -> None:
        """Click on it."""
        what.click()
        self.clicks += 1

    def link(self, name: str) -> None:
        """Click on the first link with this in its name."""
        self.click(self.page.get_by_role("link", name=name).first)

    def button(self, name: str) -> None:
        """Press it."""
        self.click(self.page.get_by_role("button", name=name))

    def lists(self, **filters: str) -> None:
        """Choose in the filters of a list, and press Show."""
        for name, value in filters.items():
            self.page.get_by_label(name.title()).select_option(value)
        self.button("Show")

    def sees(self, *texts: str) -> None:
        """Wait until the page says all of them."""
        from playwright.sync_api import expect

        for text in texts:
            expect(self.page.locator("main").get_by_text(text).first).to_be_visible()
