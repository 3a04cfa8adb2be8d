"""The contact sheet, read back from its PNG."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from factory_gen.composite import canvas
from factory_gen.composite.contact_sheet import (
    CELL,
    COLUMNS,
    SheetRow,
    difference_scale,
    draw_contact_sheet,
    window_of,
)
from factory_gen.errors import UsageError

HEIGHT, WIDTH = 120, 150


def row(defect_type: str = "pit", *, depth: int = -50, caption: str = "seed 7") -> SheetRow:
    rng = np.random.default_rng(0)
    source = rng.integers(110, 140, (HEIGHT, WIDTH)).astype(np.uint8)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[50:62, 70:84] = True
    result = source.copy()
    result[mask] = (source[mask].astype(int) + depth).astype(np.uint8)
    return SheetRow(source=source, result=result, mask=mask, defect_type=defect_type, caption=caption)


def draw(rows: list[SheetRow], folder: Path, **options: object) -> np.ndarray:
    path = draw_contact_sheet(rows, folder / "deep" / "sheet.png", title="Test plant", **options)
    page = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    assert page is not None
    return page


def cells(page: np.ndarray) -> dict[str, np.ndarray]:
    """Cut the first row's five cells out of a page by the layout's published numbers."""
    top = 66 + 58
    return {name: page[top : top + CELL, 36 + i * (CELL + 8) :][:, :CELL] for i, name in enumerate(COLUMNS)}


def has(tile: np.ndarray, colour: canvas.Colour) -> bool:
    return bool((tile == np.array(colour, np.uint8)).all(axis=2).any())


def test_each_cell_shows_what_its_name_says(tmp_path: Path) -> None:
    found = cells(draw([row()], tmp_path))
    centre = slice(CELL // 2 - 8, CELL // 2 + 8)
    middle = {name: tile[centre, centre].astype(float).mean(axis=(0, 1)) for name, tile in found.items()}
    assert middle["result"].mean() < middle["source"].mean() - 60
    assert middle["difference"] == pytest.approx(np.array(canvas.BLUE), abs=25)
    assert has(found["whole picture"], canvas.ORANGE)
    assert has(found["mask"], canvas.ORANGE)
    assert not has(found["source"], canvas.ORANGE)
    assert not has(found["result"], canvas.ORANGE)
    corner = found["difference"][8:20, 8:20]
    assert (corner == canvas.MID_GREY).all()


def test_source_and_result_share_one_brightness_scale(tmp_path: Path) -> None:
    """Far from the defect both show the very same grey levels, or the defect would look stronger than it is."""
    found = cells(draw([row()], tmp_path))
    np.testing.assert_array_equal(found["source"][5:40, 5:40], found["result"][5:40, 5:40])


def test_brighter_is_vermilion(tmp_path: Path) -> None:
    tile = cells(draw([row(depth=60)], tmp_path))["difference"]
    middle = tile[CELL // 2, CELL // 2].astype(int)
    assert middle[0] > middle[2] + 60


def test_rows_are_grouped_by_type_in_order_of_appearance(tmp_path: Path) -> None:
    """Grouped input and mixed input of the same rows give the same page; each type has its own colour."""
    pits, cracks = [row("pit"), row("pit", depth=40)], [row("crack"), row("crack", depth=30)]
    mixed = draw([pits[0], cracks[0], pits[1], cracks[1]], tmp_path)
    sorted_page = draw(pits + cracks, tmp_path)
    np.testing.assert_array_equal(mixed, sorted_page)
    assert has(mixed, canvas.ORANGE)
    assert has(mixed, canvas.SKY)
    assert mixed.shape[0] > draw(pits, tmp_path).shape[0]


@pytest.mark.parametrize("kind", ["16 bit", "12 bit", "colour"])
def test_depth_and_channels_do_not_change_the_page(tmp_path: Path, kind: str) -> None:
    def convert(pixels: np.ndarray) -> np.ndarray:
        if kind == "16 bit":
            return pixels.astype(np.uint16) * 257
        if kind == "12 bit":
            return np.round(pixels * (4095 / 255)).astype(np.uint16)
        return np.stack([pixels] * 3, axis=2)

    plain = row()
    depth = {"16 bit": 16, "12 bit": 12, "colour": 8}[kind]
    other = replace(plain, source=convert(plain.source), result=convert(plain.result), bit_depth=depth)
    difference = draw([plain], tmp_path).astype(int) - draw([other], tmp_path).astype(int)
    assert np.abs(difference).max() <= (2 if kind == "12 bit" else 0)


def test_a_change_outside_the_mask_is_counted_and_shouted(tmp_path: Path) -> None:
    clean = row()
    result = clean.result.copy()
    result[:2, :3] += 1
    leak = replace(clean, result=result)
    assert clean.changed_outside == 0
    assert leak.changed_outside == 6
    caption = slice(66 + 58 + CELL + 4, 66 + 58 + CELL + 24)
    assert not has(draw([clean], tmp_path)[caption], canvas.VERMILION)
    assert has(draw([leak], tmp_path)[caption], canvas.VERMILION)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    paths = [draw_contact_sheet([row()], tmp_path / f"{name}.png", title="Same") for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("box", "shape"),
    [((50, 50, 55, 56), (400, 500)), ((0, 0, 60, 8), (400, 500)), ((390, 490, 400, 500), (400, 500))],
    ids=["small", "at the corner", "at the far corner"],
)
def test_the_window_holds_the_defect_and_enlarges_by_a_whole_factor(
    box: tuple[int, int, int, int], shape: tuple[int, int]
) -> None:
    mask = np.zeros(shape, bool)
    mask[box[0] : box[2], box[1] : box[3]] = True
    window = window_of(mask)
    shown = mask[window]
    assert shown.sum() == mask.sum()
    assert shown.shape[0] == shown.shape[1]
    factor = CELL // shown.shape[0]
    assert factor >= 1
    assert CELL - factor * shown.shape[0] < factor * 2


def test_far_apart_pieces_are_shown_by_the_largest() -> None:
    mask = np.zeros((900, 900), bool)
    mask[20:30, 20:30] = True
    mask[800:840, 800:830] = True
    shown = mask[window_of(mask)]
    assert shown.sum() == 40 * 30
    assert shown.shape[0] <= CELL


@pytest.mark.parametrize(
    ("difference", "scale"),
    [([0.0, 0.0], 4), ([3.0, -4.0], 4), ([5.0], 8), ([-33.0, 1.0, 0.0], 64), ([255.0], 255)],
)
def test_difference_scale_is_the_next_round_number(difference: list[float], scale: int) -> None:
    assert difference_scale(np.array(difference)) == scale


@pytest.mark.parametrize("size", [(30, 40), (1200, 300)], ids=["smaller than a window", "tall"])
def test_pictures_of_odd_sizes_fit(tmp_path: Path, size: tuple[int, int]) -> None:
    source = np.full(size, 120, np.uint8)
    mask = np.zeros(size, bool)
    mask[5 : size[0] - 5, 10:20] = True
    result = np.where(mask, 60, source).astype(np.uint8)
    page = draw([SheetRow(source=source, result=result, mask=mask, defect_type="scratch")], tmp_path)
    assert page.shape[1] == 2 * 36 + 5 * CELL + 4 * 8


def test_nothing_to_draw_and_rows_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Generate something"):
        draw([], tmp_path)
    good = row()
    with pytest.raises(UsageError, match="this very source"):
        replace(good, result=good.result[:-1])
    with pytest.raises(UsageError, match="this very source"):
        replace(good, result=good.result.astype(np.uint16))
    with pytest.raises(UsageError, match="defect pixel"):
        replace(good, mask=np.zeros_like(good.mask))
