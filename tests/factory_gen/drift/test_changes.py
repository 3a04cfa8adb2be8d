"""Changes of light, focus, direction and texture do what their names say, in every kind of picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from factory_gen.drift.changes import CHANGES, LINES, change
from factory_gen.drift.look import plain_figures
from factory_gen.images.dataset import PartImage

Y, X = np.mgrid[:96, :80]
WAVE = (110 + 50 * np.sin(X * 0.6) + 8 * np.sin(Y * 1.9)).astype(np.uint8)


def picture(kind: str) -> PartImage:
    if kind == "16 bits":
        return PartImage("a.png", WAVE.astype(np.uint16) * 257, bit_depth=16)
    pixels = np.repeat(WAVE[:, :, None], 3, axis=2) if kind == "colour" else WAVE
    return PartImage("a.png", pixels)


@pytest.mark.parametrize("kind", ["grey", "colour", "16 bits"])
@pytest.mark.parametrize("name", list(CHANGES))
def test_a_change_moves_its_own_figure_in_every_kind_of_picture(name: str, kind: str) -> None:
    before = picture(kind)
    after = change(before, name)
    assert (after.key, after.bit_depth, after.pixels.dtype) == (
        before.key,
        before.bit_depth,
        before.pixels.dtype,
    )
    assert after.pixels.shape == before.pixels.shape
    (light, sharp, turn), (light_now, sharp_now, turn_now) = plain_figures(before), plain_figures(after)
    if name == "light +15 %":
        assert np.isclose(light_now, light * 1.15, rtol=0.01)
    if name == "blur, sigma 2 pixels":
        wanted = cv2.GaussianBlur(before.pixels.astype(np.float32), (0, 0), 2.0)
        assert np.abs(after.pixels - wanted).mean() < 0.01 * before.pixels.mean()
        assert sharp_now < sharp
    if name == "turn by 5 degrees":
        assert abs(turn_now - turn) > 0.1
    if name == "grinding lines of 8 grey levels":
        top = 2**before.bit_depth - 1
        lines = (after.pixels / top - before.pixels / top).mean(axis=1).reshape(96, -1)[:, 0]
        assert np.isclose(lines.std(), LINES, rtol=0.3)
    assert np.array_equal(change(before, name).pixels, after.pixels)


def test_bright_pixels_stay_in_range() -> None:
    white = PartImage("w.png", np.full((8, 8), 250, np.uint8))
    assert (change(white, "light +15 %").pixels == 255).all()
