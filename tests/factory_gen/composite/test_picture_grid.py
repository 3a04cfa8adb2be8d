"""Grids and strips, read back from their PNG."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from factory_gen.composite.picture_grid import draw_grid, draw_strip
from factory_gen.errors import UsageError

LEVELS = [40, 80, 120, 160, 200]


def read(path: Path) -> np.ndarray:
    page = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert page is not None
    return page


def flat_pictures() -> list[np.ndarray]:
    return [np.full((32, 32), level, np.uint8) for level in LEVELS]


def levels_along(page: np.ndarray, row: int) -> list[int]:
    """Grey levels of the pictures that a horizontal line crosses, left to right."""
    line = page[row]
    return [int(v) for i, v in enumerate(line) if v in LEVELS and (i == 0 or line[i - 1] != v)]


def test_a_strip_shows_its_pictures_in_order(tmp_path: Path) -> None:
    page = read(draw_strip(flat_pictures(), tmp_path / "strip.png", [f"z {i}" for i in range(5)], cell=64))
    assert levels_along(page, 50) == LEVELS
    assert page.shape == (2 * 20 + 64 + 20 - 6, 2 * 20 + 5 * (64 + 6) - 6)


@pytest.mark.parametrize(
    ("columns", "first", "second"), [(None, LEVELS[:3], LEVELS[3:]), (2, LEVELS[:2], LEVELS[2:4])]
)
def test_a_grid_reads_line_by_line(
    tmp_path: Path, columns: int | None, first: list[int], second: list[int]
) -> None:
    page = read(draw_grid(flat_pictures(), tmp_path / "grid.png", columns=columns, cell=70))
    assert levels_along(page, 20 + 30) == first
    assert levels_along(page, 20 + 64 + 6 + 30) == second


def test_floats_colour_and_mixed_sizes_go_together(tmp_path: Path) -> None:
    pictures = [
        np.full((16, 16, 1), 2 * 120 / 255 - 1, np.float32),
        np.full((40, 20, 3), 160, np.uint8),
        np.full((300, 300), 200, np.uint8),
    ]
    page = read(draw_strip(pictures, tmp_path / "mixed.png", title="Mixed", cell=48))
    assert levels_along(page, 20 + 40 + 24) == [120, 160, 200]


def test_the_same_grid_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [draw_grid(flat_pictures(), tmp_path / name, title="Same") for name in ("a.png", "b.png")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("count", "options"),
    [(0, {}), (2, {"captions": ["one"]}), (2, {"columns": 0})],
    ids=["none", "captions", "columns"],
)
def test_what_cannot_be_laid_out_is_refused(tmp_path: Path, count: int, options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="as many captions"):
        draw_grid(flat_pictures()[:count], tmp_path / "grid.png", **options)
