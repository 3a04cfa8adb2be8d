"""The sheets' paper and ink: exact colours, nothing hidden, nothing invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from factory_gen.composite import canvas
from factory_gen.errors import UsageError


@pytest.mark.parametrize(
    ("pixels", "depth"),
    [
        (np.array([[0, 51, 255]], np.uint8), 8),
        (np.array([[0, 819, 4095]], np.uint16), 12),
        (np.array([[0, 13107, 65535]], np.uint16), 16),
        (np.array([[-1.0, -0.6, 1.0]], np.float32), 8),
        (np.array([[[0], [51], [255]]], np.uint8), 8),
        (np.array([[[0] * 3, [51] * 3, [255] * 3]], np.uint8), 8),
    ],
    ids=["8 bit", "12 bit", "16 bit", "float", "one channel", "colour"],
)
def test_every_kind_of_picture_comes_to_the_same_range(pixels: np.ndarray, depth: int) -> None:
    values = canvas.to_unit_range(pixels, depth)
    assert values.shape == (1, 3, 3)
    np.testing.assert_allclose(values[0, :, 1], [0, 0.2, 1], atol=1e-6)


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (1, 4, 4, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="channels last"):
        canvas.to_unit_range(np.zeros(shape, np.uint8))


def test_stretch_uses_all_pictures_and_limits_the_gain() -> None:
    dark, bright = np.full((9, 9), 0.1), np.full((9, 9), 0.9)
    low, high = canvas.stretch_limits(dark, bright)
    assert (low, high) == pytest.approx((0.1, 0.9))
    low, high = canvas.stretch_limits(np.full((9, 9), 0.5))
    assert high - low == pytest.approx(1 / 3)
    assert canvas.to_tile(np.array([[[low] * 3, [high] * 3]]), (low, high)).reshape(-1).tolist() == [
        *[0] * 3,
        *[255] * 3,
    ]


@pytest.mark.parametrize(
    ("side", "size", "wanted"), [(10, 35, 30), (40, 40, 40), (80, 40, 40), (41, 40, 40), (1, 6, 6)]
)
def test_enlarging_is_by_whole_factors_and_shrinking_fits(side: int, size: int, wanted: int) -> None:
    tile = np.full((side, side, 3), 77, np.uint8)
    found = canvas.enlarge(tile, size)
    assert found.shape == (wanted, wanted, 3)
    assert (found == 77).all()


def test_nearest_enlargement_keeps_pixels_as_blocks() -> None:
    tile = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    found = canvas.enlarge(tile, 8, smooth=False)
    np.testing.assert_array_equal(found, tile.repeat(4, 0).repeat(4, 1))


def test_outline_lies_outside_the_mask_and_hides_none_of_it() -> None:
    mask = np.zeros((10, 10), bool)
    mask[4:6, 3:7] = True
    tile = np.full((40, 40, 3), 100, np.uint8)
    large = mask.repeat(4, 0).repeat(4, 1)
    drawn = canvas.outline(tile, mask, canvas.SKY)
    assert (drawn[large] == 100).all()
    assert (drawn[15, 11:29] == canvas.SKY).all()
    assert (drawn[10, 10] == 100).all()
    filled = canvas.outline(tile, mask, canvas.SKY, fill=0.5)
    np.testing.assert_allclose(filled[20, 20], (100 + np.array(canvas.SKY)) / 2, atol=1)


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        (0.0, (canvas.MID_GREY,) * 3),
        (16.0, canvas.VERMILION),
        (-16.0, canvas.BLUE),
        (900.0, canvas.VERMILION),
    ],
)
def test_signed_colours(value: float, colour: canvas.Colour) -> None:
    assert tuple(canvas.signed_tile(np.array([[value]]), 16)[0, 0]) == colour


def test_signed_colours_grow_with_the_difference() -> None:
    ramp = canvas.signed_tile(np.linspace(0, 16, 9)[None], 16)[0, :, 2].astype(int)
    assert (np.diff(ramp) < 0).all()


def test_long_text_is_cut_to_its_room() -> None:
    text = "a caption that goes on and on"
    assert canvas.shorten(text, 1000, 12) == text
    cut = canvas.shorten(text, 80, 12)
    assert cut.endswith("…")
    assert canvas.font(12).getlength(cut) <= 80


def test_without_matplotlib_the_built_in_face_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    canvas.font.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    try:
        assert canvas.font(12).getlength("±32 · 2 ×") > 20
    finally:
        canvas.font.cache_clear()


def test_a_saved_page_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    def draw(name: str) -> bytes:
        page = canvas.new_page(90, 40)
        canvas.write(page, (4, 20), "crack", 14, bold=True)
        return canvas.save_page(page, tmp_path / "new" / name).read_bytes()

    assert draw("a.png") == draw("b.png")
