"""Every page in a real browser: Japanese on a machine without Japanese fonts, and nothing asked of other machines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import FLAGS, Visitor, chromium
from tests.browser.conftest import SIZE, Visits
from ui.pages_table import present

PAGES = [page.name for page in present()]
LATIN_FONTS = Path("/usr/share/fonts/truetype/dejavu")
# what each sign looks like in a font family; boxes in the place of letters all look alike
SHAPES = """([signs, family]) => [...signs].map((sign) => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 60;
  const context = canvas.getContext('2d');
  context.font = `40px ${family}`;
  context.fillText(sign, 8, 45);
  return canvas.toDataURL();
})"""


def test_no_page_asks_another_machine_or_breaks(visit: Visits) -> None:
    visitor = visit("")
    for name in PAGES:
        visitor.goes_to(name)
        assert "This cannot be done yet" not in visitor.text, name
        assert "Something unexpected" not in visitor.text, name
        assert visitor.page.get_by_test_id("stException").count() == 0, name
    assert visitor.foreign == []


def test_the_language_is_switched_and_stays_over_pages(visit: Visits) -> None:
    visitor = visit("home")
    visitor.chooses("Language", "日本語")
    visitor.sees("品種")
    visitor.page.get_by_test_id("stSidebarNavItems").get_by_role("link", name="レビュー").click()
    expect(visitor.page.locator("h1").first).to_have_text("レビュー")
    visitor.sees("元に戻す")


@pytest.fixture
def bare_browser(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The browser of a machine that has no Japanese letters."""
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{LATIN_FONTS}</dir><cachedir>{tmp_path / 'cache'}</cachedir></fontconfig>"
    )
    bare = browser.browser_type.launch(
        executable_path=chromium(), args=FLAGS, env={**os.environ, "FONTCONFIG_FILE": str(fonts)}
    )
    yield bare
    bare.close()


def test_japanese_is_shown_where_no_such_font_is_installed(bare_browser: Browser, address: str) -> None:
    visitor = Visitor(bare_browser.new_page(locale="ja-JP", viewport=SIZE), address)
    visitor.goes_to("home")
    title = visitor.page.locator("h1").first
    assert title.inner_text() == "ホーム"
    page, signs = visitor.page, "欠陥検査品種"
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate("[...document.fonts].filter((f) => f.status == 'loaded').map((f) => f.family)")
    assert "Noto Sans JP" in loaded
    family = title.evaluate("(one) => getComputedStyle(one).fontFamily")
    assert len(set(page.evaluate(SHAPES, [signs, family]))) == len(signs)
    assert len(set(page.evaluate(SHAPES, [signs, "DejaVu Sans"]))) == 1  # the machine itself has boxes only
    assert visitor.foreign == []


@pytest.mark.parametrize("name", PAGES)
def test_no_english_is_left_on_a_japanese_page(browser: Browser, address: str, name: str) -> None:
    visitor = Visitor(browser.new_context(viewport=SIZE, locale="ja-JP").new_page(), address)
    visitor.goes_to(name)
    title = visitor.page.locator("h1").first.inner_text()
    labels = visitor.page.locator('[data-testid="stWidgetLabel"], button p, [role="tab"]').all_inner_texts()
    visitor.page.context.close()
    english = [
        text
        for text in labels
        if text.strip()
        and text.strip()[0].isascii()
        and text.strip()[0].isalpha()
        and not any(ord(c) > 0x3000 for c in text)
    ]
    assert any(ord(sign) > 0x3000 for sign in title)
    assert english == []
