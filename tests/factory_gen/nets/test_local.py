"""Convolutions beside the transformer: nothing at the start, local, steered by the condition."""

from __future__ import annotations

import torch

from factory_gen.nets.blocks import Trunk
from factory_gen.nets.local import FEATURES, LocalPath


def _trunk(local: int) -> Trunk:
    torch.manual_seed(0)
    return Trunk(
        in_channels=5, out_channels=3, size=8, patch=2, width=32, depth=1, heads=2, cond_width=16, local=local
    )


def test_an_untrained_path_adds_nothing() -> None:
    plain, beside = _trunk(0), _trunk(8)
    beside.load_state_dict(plain.state_dict(), strict=False)
    for layer in (plain, beside):
        torch.nn.init.normal_(layer.head.weight, generator=torch.Generator().manual_seed(1))
    maps, cond = torch.randn(2, 5, 8, 8), torch.randn(2, 16)
    assert torch.equal(plain(maps, cond), beside(maps, cond))


def test_a_pixel_reaches_three_kernels_far_and_no_further() -> None:
    torch.manual_seed(0)
    path = LocalPath(1, 1, 8, 4)
    torch.nn.init.normal_(path.last.weight)
    maps = torch.zeros(1, 1, 15, 15)
    moved = maps.clone()
    moved[0, 0, 7, 7] = 1.0
    features, cond = torch.zeros(1, FEATURES, 15, 15), torch.zeros(1, 4)
    changed = (path(maps, features, cond) - path(moved, features, cond))[0, 0].abs() > 1e-7
    rows, columns = torch.nonzero(changed, as_tuple=True)
    assert (int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())) == (4, 10, 4, 10)


def test_the_condition_steers_it_once_trained() -> None:
    torch.manual_seed(0)
    path = LocalPath(1, 1, 8, 4)
    for layer in (path.last, path.modulation):
        torch.nn.init.normal_(layer.weight)
    maps, features = torch.randn(1, 1, 6, 6), torch.randn(1, FEATURES, 6, 6)
    first, second = (path(maps, features, torch.full((1, 4), value)) for value in (0.0, 1.0))
    assert not torch.allclose(first, second)
