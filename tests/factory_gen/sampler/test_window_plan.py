"""Windows cover the mask, lie on the grid of latent cells where asked for, and overlap by about a quarter."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.sampler.window_plan import plan_windows

WINDOW = 64


def square(side: int, at: tuple[int, int], size: tuple[int, int] = (240, 260)) -> np.ndarray:
    mask = np.zeros(size, dtype=bool)
    mask[at[0] : at[0] + side, at[1] : at[1] + side] = True
    return mask


@pytest.mark.parametrize("align", [1, 4])
@pytest.mark.parametrize("side", [3, 20, 49, 60, 131, 190])
@pytest.mark.parametrize("at", [(0, 0), (10, 21), (50, 69)])
def test_planned_windows_cover_the_mask(align: int, side: int, at: tuple[int, int]) -> None:
    mask = square(side, at)
    covered = np.zeros_like(mask)
    places = plan_windows(mask, WINDOW, align)
    for place in places:
        assert 0 <= place.top <= 240 - WINDOW
        assert 0 <= place.left <= 260 - WINDOW
        covered[place.top : place.top + WINDOW, place.left : place.left + WINDOW] = True
    assert covered[mask].all()
    assert len(places) == 1 or side > 48
    if len(places) > 1:
        assert all(place.top % align == 0 and place.left % align == 0 for place in places)


def test_neighbours_overlap_enough_to_blend() -> None:
    tops = sorted({place.top for place in plan_windows(square(200, (20, 20)), WINDOW, 4)})
    assert max(np.diff(tops)) <= WINDOW - WINDOW // 4 + 4
    assert len(tops) > 3


def test_windows_without_mask_are_left_out() -> None:
    mask = square(10, (0, 0)) | square(10, (220, 240))
    assert len(plan_windows(mask, WINDOW, 4)) == 2
