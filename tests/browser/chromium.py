"""Debian's Chromium, driven by Playwright: where it is, how it is started, and what a page is waited for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, Request, TimeoutError, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 90_000  # a busy machine answers late, not never
QUIET = '[data-testid="stApp"][data-test-script-state="notRunning"]'
# counts how often the page began to be drawn anew, so that a click is waited for from its beginning to its end
COUNTS = """window.runs = 0;
new MutationObserver((seen) => seen.forEach((one) => {
  if (one.target.dataset.testScriptState !== 'notRunning') window.runs += 1;
})).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-test-script-state'] });"""
BEGINS_MS = 3_000
DRAWN = f'{QUIET} h1, {QUIET} [data-testid="stException"]'
expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str | None:
    """Path of a Chromium; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def started() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """One person's browser window on the dashboard."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.foreign: list[str] = []
        self.faults: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(COUNTS)
        page.on("request", self._asked)
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _asked(self, request: Request) -> None:
        there = urlsplit(request.url)
        if there.scheme not in ("data", "blob") and there.netloc != urlsplit(self.address).netloc:
            self.foreign.append(request.url)

    def goes_to(self, name: str, **address: str | int) -> None:
        """Open a page by its address and wait until it is drawn."""
        question = "&".join(f"{key}={value}" for key, value in address.items())
        path = "" if name == "home" else name  # the first page stands at the bare address
        self.page.goto(f"{self.address}/{path}" + (f"?{question}" if question else ""))
        self.waits()

    def waits(self) -> None:
        """Until the page has been drawn to its end."""
        self.page.wait_for_selector(DRAWN)
        self.page.wait_for_timeout(300)  # a click's own run may only begin now
        self.page.wait_for_selector(QUIET)
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)  # parts that are still being fetched

    def clicks(self, target: Locator) -> None:
        """Click on what makes the page be drawn anew, and wait for that."""
        before = self.page.evaluate("window.runs")
        target.click()
        with suppress(TimeoutError):  # on a slow machine it may begin late
            self.page.wait_for_function("(before) => window.runs > before", arg=before, timeout=BEGINS_MS)
        self.waits()

    def presses(self, words: str, *, exact: bool = True) -> None:
        """Press a button by its words."""
        self.clicks(self.button(words, exact=exact))

    def button(self, words: str, *, exact: bool = True) -> Locator:
        """A button by its words, with or without an icon before them."""
        text = re.compile(rf"(^|\s){re.escape(words)}$" if exact else re.escape(words))
        return self.page.get_by_role("button", name=text).first

    def chooses(self, label: str, option: str) -> None:
        """Choose from a list by its label."""
        self.page.get_by_label(label, exact=True).first.click()
        self.page.get_by_role("option", name=option, exact=True).click()
        self.waits()

    def fills(self, label: str, text: str) -> None:
        """Type into a field and leave it."""
        field = self.page.get_by_label(label, exact=True).first
        field.fill(text)
        field.press("Enter")
        self.waits()

    def opens(self, tab: str) -> None:
        """Show a tab or a part of a switch."""
        self.page.get_by_text(tab, exact=True).first.click()
        self.waits()

    def sees(self, words: str) -> Locator:
        """Wait for words; gives where they stand."""
        found = self.page.get_by_text(words).first
        found.wait_for()
        return found

    @property
    def text(self) -> str:
        """All text of the page."""
        return self.page.inner_text("body")
