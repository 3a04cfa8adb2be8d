"""What a person waits for in Chromium, drawing included: first page, page change, a key at the review desk.

`python -m tests.browser.timing HOME --part NAME --out FILE` serves a throw-away copy of a home with very many samples,
as `factory-gen bench pages` does.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page

from pipelines.bench.pages_home import make_home
from pipelines.settings import load_settings
from tests.browser.chromium import DRAWN, PATIENCE_MS, started
from ui.bench.load import WALK
from ui.bench.measure import server

TABS, WALKS, KEYS = 10, 4, 60
SIZE = {"width": 1280, "height": 800}
# the title of the page that was asked for stands there, and the server has said that it is done
ARRIVED = """(before) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const head = document.querySelector('h1');
  return app?.dataset.testScriptState === 'notRunning' && head && head.textContent !== before;
}"""


def first_pages(browser: Browser, address: str) -> list[float]:
    """Seconds from an empty tab of a browser that has nothing in store to the drawn page."""
    taken = []
    for _ in range(TABS):
        with browser.new_context(viewport=SIZE) as window:
            page = window.new_page()
            began = time.perf_counter()
            page.goto(address, timeout=PATIENCE_MS)
            page.wait_for_selector(DRAWN, timeout=PATIENCE_MS)
            taken.append(time.perf_counter() - began)
    return taken


def page_changes(page: Page, address: str) -> list[float]:
    """Seconds from a click in the navigation to the drawn page."""
    page.goto(address, timeout=PATIENCE_MS)
    page.wait_for_selector(DRAWN, timeout=PATIENCE_MS)
    taken = []
    for name in [name for _ in range(WALKS) for name in (*WALK[1:], "home")]:
        before = page.locator("h1").first.inner_text()
        link = page.locator(f'[data-testid="stSidebarNavLink"][href$="/{"" if name == "home" else name}"]')
        began = time.perf_counter()
        link.first.click()
        page.wait_for_function(ARRIVED, arg=before, timeout=PATIENCE_MS)
        taken.append(time.perf_counter() - began)
    return taken


def keys(page: Page, address: str) -> list[float]:
    """Seconds from a key to the drawn next picture, as the desk itself measures it."""
    page.goto(f"{address}/review", timeout=PATIENCE_MS)
    desk = page.locator(".desk")
    page.locator(".desk .main img").first.wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(3000)
    taken = []
    for _ in range(KEYS):
        turn = int(desk.get_attribute("data-turn") or 0)
        page.keyboard.press("o")
        page.locator(f'.desk[data-turn="{turn + 1}"]').wait_for(timeout=PATIENCE_MS)
        page.wait_for_timeout(400)  # a person looks before deciding; meanwhile the next pictures come
        taken.append(int(desk.get_attribute("data-last-ms") or 0) / 1000)
    return taken


def p95(seconds: Sequence[float]) -> float:
    """The 95th percentile."""
    return sorted(seconds)[min(int(len(seconds) * 0.95), len(seconds) - 1)]


def main() -> None:
    """Measure and store."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.timing")
    parser.add_argument("home", type=Path)
    parser.add_argument("--part", required=True)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--pictures", type=int, default=1_000)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    settings = load_settings({"home": given.home}).settings
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=given.home.parent) as folder:
        made = make_home(
            settings, Path(folder) / "home", given.part, samples=given.samples, pictures=given.pictures
        )
        with server(made) as (address, _), started() as browser:
            first_pages(browser, address)  # the first of all waits for the server's own start
            opened = first_pages(browser, address)
            with browser.new_context(viewport=SIZE) as window:
                page = window.new_page()
                changed, decided = page_changes(page, address), keys(page, address)
    facts = {
        "command": f"python -m tests.browser.timing HOME --part {shlex.quote(given.part)} --out {given.out.name}",
        "samples": given.samples,
        "first_page_s": {"p95": round(p95(opened), 3), "n": len(opened)},
        "page_change_s": {"p95": round(p95(changed), 3), "n": len(changed)},
        "key_ms": {"p95": round(p95(decided) * 1000), "n": len(decided)},
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
    }
    given.out.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
