"""Making defects in a real browser: a painted mask becomes a sample, drafts outlive a reload and a dead server."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.chromium import Visitor
from tests.browser.conftest import SIZE, Visits
from tests.browser.dashboard import free_port, records, served
from tests.browser.screenshots import paint_line

PAINTED = "pixels are painted and kept"


def samples(home: Path) -> int:
    with records(home) as rows:
        return sum(one.n for one in rows.samples.counts(rows.parts.list()[0].id))


def painted_pixels(visitor: Visitor) -> int:
    return int(visitor.sees(PAINTED).inner_text().split()[0])


def test_a_painted_mask_becomes_a_sample(visit: Visits, home: Path) -> None:
    before = samples(home)
    visitor = visit("inpaint")
    paint_line(visitor)
    first = painted_pixels(visitor)
    assert first > 0
    canvas = visitor.page.locator("canvas.fg-view")
    canvas.press("Control+z")
    visitor.sees("Nothing is painted yet")
    canvas.press("Control+Shift+z")
    assert painted_pixels(visitor) == first
    visitor.presses("Draw 4 variants")
    visitor.sees("3. Keep what looks real")
    expect(visitor.page.get_by_test_id("stImage").locator("img")).to_have_count(5)
    visitor.page.get_by_text("Keep 1", exact=True).wait_for()
    ticked = visitor.page.get_by_role("checkbox", checked=True).count()
    if not ticked:  # the check sends back all four of so small a model's: keep one all the same
        visitor.page.get_by_text("Keep 1", exact=True).click()
        visitor.waits()
        ticked = 1
    visitor.presses("Keep the ticked ones")
    visitor.sees("samples are stored")
    assert samples(home) == before + ticked


def test_a_draft_is_there_after_a_reload(visit: Visits) -> None:
    visitor = visit("inpaint")
    paint_line(visitor)
    pixels = painted_pixels(visitor)
    visitor.page.reload()
    visitor.waits()
    assert painted_pixels(visitor) == pixels


def test_a_killed_server_comes_back_and_nothing_is_lost(browser: Browser, home: Path) -> None:
    port = free_port()
    context = browser.new_context(viewport=SIZE, locale="en-GB")
    with served(home, port=port) as address:
        visitor = Visitor(context.new_page(), address)
        visitor.goes_to("inpaint")
        paint_line(visitor)
        pixels = painted_pixels(visitor)
    with served(home, port=port):
        visitor.page.reload()
        visitor.waits()
        assert painted_pixels(visitor) == pixels
        visitor.presses("Draw 4 variants")
        visitor.sees("3. Keep what looks real")
        visitor.page.context.set_offline(True)  # a dropped socket, such as a laptop that was closed
        visitor.page.wait_for_timeout(1500)
        visitor.page.context.set_offline(False)
        visitor.page.get_by_text("Keep 1", exact=True).click()
        visitor.waits()
        visitor.sees("3. Keep what looks real")
    context.close()
    assert visitor.foreign == []
