"""Small pictures: the size asked for, made once, true to the depth of the camera."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from factory_gen.images.files import encode_png
from pipelines.pictures.thumbnails import thumbnail
from pipelines.settings import load_settings
from pipelines.wiring import open_workplace


def small(tmp_path: Path, pixels: np.ndarray, **wanted: int) -> np.ndarray:
    settings = load_settings({"home": tmp_path / "home"}).settings
    with open_workplace(settings) as work:
        sha256 = work.blobs.put(encode_png(pixels))
        first = thumbnail(work, sha256, **wanted)
        work.blobs.path(sha256).unlink()
        assert thumbnail(work, sha256, **wanted) == first  # kept: the picture is not read again
    return np.asarray(Image.open(io.BytesIO(first)))


@pytest.mark.parametrize(
    ("shape", "edge", "expected"),
    [
        ((100, 400), 160, (40, 160)),
        ((400, 100, 3), 320, (320, 80, 3)),
        ((50, 60), 160, (50, 60)),
    ],
)
def test_the_longer_side_fits_and_nothing_is_enlarged(
    tmp_path: Path, shape: tuple[int, ...], edge: int, expected: tuple[int, ...]
) -> None:
    assert small(tmp_path, np.full(shape, 90, np.uint8), edge=edge).shape == expected


def test_twelve_bits_in_sixteen_keep_their_brightness(tmp_path: Path) -> None:
    pixels = np.full((40, 40), 2048, np.uint16)
    assert abs(int(small(tmp_path, pixels, bit_depth=12).mean()) - 128) <= 2


def test_another_edge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="edge 99"):
        small(tmp_path, np.zeros((40, 40), np.uint8), edge=99)
