"""Pictures of every page: light and dark, English and Japanese, 1280 and 1920 pixels wide.

`python -m tests.browser.screenshots OUT` draws the demo plant, trains it and visits every page (some 15 minutes on two
cores); `--home HOME` uses a home that `factory-gen demo` has made.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.chromium import Visitor, started
from tests.browser.dashboard import served

HEIGHTS = {1280: 800, 1920: 1080}
THEMES = ("light", "dark")
GALLERY_BUTTONS = '[class*="st-key-fg-gallery"] [data-testid="stButton"] button'
LOCALES = {"en": "en-GB", "ja": "ja-JP"}


def _nothing(visitor: Visitor) -> None:
    """The page as it opens."""


def _switch(at: int, bar: int = 0) -> Callable[[Visitor], None]:
    """Press a part of a switch by its place, whatever the language."""

    def press(visitor: Visitor) -> None:
        bars = visitor.page.locator('[data-testid="stButtonGroup"]')
        visitor.clicks(bars.nth(bar).locator("button").nth(at))

    return press


def _tab(at: int) -> Callable[[Visitor], None]:
    def press(visitor: Visitor) -> None:
        visitor.page.locator('[role="tab"]').nth(at).click()
        visitor.waits()

    return press


def _primary(visitor: Visitor) -> None:
    """Press the page's main button and wait for what it draws."""
    visitor.clicks(visitor.page.locator('[data-testid="stBaseButton-primary"]').first)


def paint_line(visitor: Visitor) -> None:
    """Choose the first picture of Inpaint and draw a stroke across its middle."""
    visitor.clicks(visitor.page.locator('[class*="st-key-inpaint-good"] button').first)
    canvas = visitor.page.locator("canvas.fg-view")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    across = [
        (box["x"] + box["width"] * share, box["y"] + box["height"] * 0.5) for share in (0.45, 0.5, 0.55)
    ]
    visitor.page.mouse.move(*across[0])
    visitor.page.mouse.down()
    for point in across[1:]:
        visitor.page.mouse.move(*point, steps=4)
    visitor.page.mouse.up()
    visitor.page.wait_for_timeout(600)
    visitor.waits()


def _painted(visitor: Visitor) -> None:
    paint_line(visitor)
    _primary(visitor)


def _stage(visitor: Visitor) -> None:
    """Press the first button of a gallery."""
    visitor.clicks(visitor.page.locator(GALLERY_BUTTONS).first)


def _ends(visitor: Visitor) -> None:
    for at in (0, 3):
        visitor.clicks(visitor.page.locator(GALLERY_BUTTONS).nth(at))
    _primary(visitor)


@dataclass(frozen=True)
class View:
    """A page and what is done on it before it is photographed."""

    page: str
    name: str = ""
    steps: tuple[Callable[[Visitor], None], ...] = ()

    @property
    def file(self) -> str:
        """The picture's name, but for theme, language and width."""
        return f"{self.page}-{self.name}" if self.name else self.page


VIEWS = (
    View("home"),
    View("catalogue"),
    View("catalogue", "counts", (_switch(1),)),
    View("catalogue", "add", (_switch(2),)),
    View("catalogue", "masks", (_switch(3),)),
    View("catalogue", "region", (_switch(4),)),
    View("datasets"),
    View("datasets", "difference", (_tab(1),)),
    View("datasets", "export", (_tab(2),)),
    View("datasets", "exports", (_tab(3),)),
    View("generate"),
    View("generate", "preview", (_primary,)),
    View("inpaint"),
    View("inpaint", "painted", (_painted,)),
    View("explore"),
    View("explore", "walk", (_ends,)),
    View("explore", "stages", (_switch(1), _stage)),
    View("explore", "nearest", (_switch(2), _stage)),
    View("review"),
    View("review", "blind", (_switch(1),)),
    View("gate"),
    View("gate", "money", (_tab(1),)),
    View("gate", "time", (_tab(2),)),
    View("gate", "run", (_tab(3),)),
    View("training"),
    View("training", "runs", (_tab(1),)),
    View("training", "start", (_tab(2),)),
    View("monitor"),
    View("monitor", "policy", (_tab(1),)),
    View("monitor", "history", (_tab(2),)),
    View("administration"),
)


def photograph(
    browser: Browser,
    address: str,
    out: Path,
    views: Sequence[View] = VIEWS,
    themes: Sequence[str] = THEMES,
    languages: Sequence[str] = tuple(LOCALES),
    widths: Sequence[int] = tuple(HEIGHTS),
) -> list[Path]:
    """Visit the views and write one PNG for each theme, language and width; gives their paths."""
    written = []
    for language, theme, width in itertools.product(languages, themes, widths):
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]},
            locale=LOCALES[language],
            color_scheme="dark" if theme == "dark" else "light",
        )
        visitor = Visitor(context.new_page(), address)
        for view in views:
            path = out / f"{view.file}_{theme}_{language}_{width}.png"
            try:
                visitor.goes_to(view.page)
                for step in view.steps:
                    step(visitor)
                visitor.page.wait_for_timeout(400)  # charts and galleries fade in
                visitor.page.screenshot(path=path, full_page=False)
                _whole(visitor, path)
            except Exception as error:  # noqa: BLE001  one page that fails does not cost the pictures of the others
                print(f"{path.name}: {error}", flush=True)
                continue
            written.append(path)
            print(path.name, flush=True)
        context.close()
    return written


def _whole(visitor: Visitor, path: Path) -> None:
    """Take the page to its end: Streamlit scrolls inside its window, so the window is made as tall as what it holds."""
    page = visitor.page
    size = page.viewport_size
    assert size is not None
    inside = page.evaluate("document.querySelector('[data-testid=\"stMain\"]')?.scrollHeight ?? 0")
    if inside <= size["height"]:
        return
    page.set_viewport_size({"width": size["width"], "height": min(int(inside), 4000)})
    page.wait_for_timeout(400)
    page.screenshot(path=path.with_stem(path.stem + "_whole"))
    page.set_viewport_size(size)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("out", type=Path)
    parser.add_argument("--home", type=Path, help="a home that `factory-gen demo` has made")
    parser.add_argument("--view", action="append", help="such as gate-money; all by default")
    parser.add_argument("--theme", action="append", choices=THEMES)
    parser.add_argument("--language", action="append", choices=tuple(LOCALES))
    parser.add_argument("--width", action="append", type=int, choices=tuple(HEIGHTS))
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    home = given.home
    if home is None:
        from pipelines import demo  # brings the training with it: seconds
        from tests.pipelines.drawn_part import workplace

        home = given.out / "plant" / "home"
        with workplace(home) as work:
            demo.run(work, given.out / "plant")
    views = [view for view in VIEWS if given.view is None or view.file in given.view]
    with served(home.absolute()) as address, started() as browser:
        photograph(
            browser,
            address,
            given.out,
            views,
            given.theme or THEMES,
            given.language or tuple(LOCALES),
            given.width or tuple(HEIGHTS),
        )


if __name__ == "__main__":
    main()
