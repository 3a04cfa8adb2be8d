"""Windows of one defect agree where they overlap; defects do not touch each other; weights sum to one everywhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from factory_gen.sampler.quilt import Quilt, ramp

SIZE, FACTOR = 32, 4
# Three windows in a row, one window alone, two windows with a gap between them.
ROW = ([(0, 0), (0, 20), (4, 40)], 36, 72)
ALONE = ([(0, 0)], 32, 32)
APART = ([(0, 0), (40, 0)], 72, 32)


def quilt() -> Quilt:
    return Quilt([ROW, ALONE, APART], SIZE, FACTOR)


def field(height: int, width: int) -> torch.Tensor:
    return torch.randn(2, height, width, generator=torch.Generator().manual_seed(3))


def windows_of(canvas: torch.Tensor, corners: list[tuple[int, int]], cell: int) -> torch.Tensor:
    side = SIZE // cell
    return torch.stack(
        [
            canvas[:, top // cell : top // cell + side, left // cell : left // cell + side]
            for top, left in corners
        ]
    )


def test_windows_cut_from_one_canvas_already_agree() -> None:
    maps = windows_of(field(9, 18), ROW[0], FACTOR)
    assert torch.allclose(Quilt([ROW], SIZE, FACTOR).agree(maps), maps, atol=1e-5)


def test_overlapping_windows_agree_afterwards_and_lone_ones_stay() -> None:
    maps = torch.randn(6, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    agreed = quilt().agree(maps)
    # Cells 5 to 7 of the first window are cells 0 to 2 of the second.
    assert torch.allclose(agreed[0, :, :, 5:], agreed[1, :, :, :3])
    assert not torch.allclose(maps[0, :, :, 5:], agreed[0, :, :, 5:])
    assert torch.equal(agreed[3], maps[3])
    assert torch.allclose(agreed[4:], maps[4:], atol=1e-5)


def test_merging_different_levels_makes_a_slope_and_no_step() -> None:
    levels = torch.tensor([0.0, 1.0, 2.0])[:, None, None, None].expand(3, 1, SIZE, SIZE)
    merged = Quilt([ROW], SIZE, FACTOR).merge(levels)[0][0]
    line = merged[10]
    assert (line[0], line[-1]) == (0.0, 2.0)
    # A hard border would be a step of 1; over twelve shared pixels a cosine needs no more than about 0.2 at once.
    assert float(line.diff().abs().max()) < 0.2
    assert bool((line.diff() >= -1e-6).all())


def test_places_without_a_window_are_zero() -> None:
    merged = Quilt([APART], SIZE, FACTOR).merge(torch.ones(2, 1, SIZE, SIZE))[0]
    assert torch.allclose(merged[0, :32], torch.ones(32, 32))
    assert float(merged[0, 32:40].abs().max()) == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_one_field_per_defect(seed: int) -> None:
    def sources() -> list[torch.Generator]:
        return [torch.Generator().manual_seed(seed + i) for i in range(3)]

    noise = quilt().noise(2, sources())
    assert noise.shape == (6, 2, 8, 8)
    assert torch.equal(noise[0, :, :, 5:], noise[1, :, :, :3])
    assert torch.equal(noise[3:4], Quilt([ALONE], SIZE, FACTOR).noise(2, [sources()[1]]))
    assert 0.8 < float(noise.std()) < 1.2


def test_owners_name_each_windows_defect() -> None:
    assert quilt().owners.tolist() == [0, 0, 0, 1, 2, 2]


def test_the_weight_is_highest_in_the_middle_and_nowhere_zero() -> None:
    weight = ramp(SIZE, torch.device("cpu")).numpy()
    assert weight.max() == weight[16, 16] == 1.0
    assert weight.min() > 0
    assert np.allclose(weight, weight[::-1, ::-1], atol=1e-6)
