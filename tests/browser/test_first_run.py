"""The first hour of a plant through the pages alone: from an empty home to a data set that was downloaded."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from factory_gen.images.demo_plant import draw_plant
from tests.browser.chromium import Visitor
from tests.browser.conftest import Visits
from tests.browser.dashboard import boxed

LONG_MS = 400_000
PART = "ring"
SAMPLES = 12


@pytest.fixture(scope="module")
def home(needs_chromium: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty one."""
    return tmp_path_factory.mktemp("first") / "home"


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """The whole box, since a training is a job."""
    home.mkdir()
    with boxed(home) as address:
        yield address


def zipped(plant: Path) -> bytes:
    draw_plant(plant, good=16, defective=6, side=96)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(plant.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(plant))
    return packed.getvalue()


def takes_pictures_in(visitor: Visitor, plant: bytes) -> None:
    visitor.sees("There is no part yet")
    visitor.goes_to("catalogue")
    visitor.fills("Name of the part", PART)
    visitor.page.locator('input[type="file"]').set_input_files(
        {"name": "plant.zip", "mimeType": "application/zip", "buffer": plant}
    )
    visitor.sees("plant.zip")
    visitor.waits()
    visitor.presses("Look, without writing")
    visitor.sees("What would be taken in")
    visitor.presses("Take these pictures in")
    visitor.sees("Catalogue version")
    visitor.goes_to("catalogue", part=PART)
    good = visitor.page.get_by_test_id("stMetric").first
    for _attempt in range(60):
        if "16" in good.inner_text():
            return
        visitor.page.wait_for_timeout(2000)
        visitor.goes_to("catalogue", part=PART)
    raise AssertionError(visitor.text)


def trains(visitor: Visitor) -> None:
    visitor.goes_to("training", part=PART)
    visitor.opens("Start a training")
    visitor.chooses("Recipe", "tiny")
    visitor.fills("Budget in minutes (0: the recipe's own)", "1")
    visitor.presses("Start the training")
    expect(visitor.page.get_by_text("waiting").or_(visitor.page.get_by_text("running")).first).to_be_visible()
    for _attempt in range(LONG_MS // 4000):
        visitor.page.wait_for_timeout(4000)
        visitor.goes_to("generate", part=PART)  # a reload in between loses nothing
        if "A trained model is needed" not in visitor.text:
            return
    raise AssertionError(visitor.text)


def makes_samples(visitor: Visitor) -> None:
    visitor.fills("How many", str(SAMPLES))
    visitor.presses("Order the batch")
    pictures = visitor.page.locator('[class*="st-key-fg-gallery"] img')
    expect(pictures.first).to_be_visible(timeout=LONG_MS)


def reviews(visitor: Visitor) -> None:
    visitor.goes_to("review", part=PART)
    desk = visitor.page.locator(".desk")
    for turn in range(4):
        expect(desk).to_have_attribute("data-turn", str(turn))
        expect(desk.locator(".main img").first).to_be_visible()
        visitor.page.keyboard.press("o")
    expect(desk).to_have_attribute("data-turn", "4")


def exports(visitor: Visitor) -> bytes:
    visitor.goes_to("datasets", part=PART)
    visitor.opens("Export")
    visitor.presses("Look first")
    visitor.sees("good pictures beside them")
    visitor.page.get_by_role("tabpanel").get_by_role("button", name="Export", exact=True).click()
    visitor.page.get_by_text("What to do").first.wait_for(timeout=LONG_MS)  # no gate has judged them: refused
    visitor.goes_to("datasets", part=PART)
    visitor.opens("Export")
    visitor.page.get_by_text("Hand out against the gate").first.click()
    visitor.fills("Reason, which is kept with the export", "a first look at the format")
    visitor.presses("Export with this reason")
    for _attempt in range(60):
        visitor.page.wait_for_timeout(2000)
        visitor.goes_to("datasets", part=PART)
        visitor.opens("Exports so far")
        if "every mask read back exactly" in visitor.text:
            break
    visitor.sees("Against the gate: a first look at the format")
    with visitor.page.expect_download() as download:
        visitor.button("Download", exact=False).click()
    return Path(download.value.path()).read_bytes()


def test_from_an_empty_home_to_a_downloaded_data_set(visit: Visits, tmp_path: Path) -> None:
    visitor = visit("")
    takes_pictures_in(visitor, zipped(tmp_path / "plant"))
    trains(visitor)
    makes_samples(visitor)
    reviews(visitor)
    with zipfile.ZipFile(io.BytesIO(exports(visitor))) as archive:
        names = archive.namelist()
    assert any(name.endswith("manifest.jsonl") for name in names)
    assert sum(name.endswith("_mask.png") for name in names) >= SAMPLES // 2
    visitor.goes_to("home", part=PART)
    assert "exports: 1" in visitor.text
