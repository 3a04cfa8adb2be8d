"""A code with a grid can say what is where; without one it speaks to all tokens alike."""

from __future__ import annotations

import pytest
import torch

from factory_gen.nets.condition import Conditions
from factory_gen.prior.model import PriorModel, PriorSettings


def _conditions(batch: int) -> Conditions:
    zeros = torch.zeros(batch, 2, 8, 8)
    return Conditions(
        zeros,
        torch.ones(batch, 1, 8, 8),
        torch.zeros(batch, 4, 8, 8),
        torch.zeros(batch, dtype=torch.long),
        torch.full((batch,), float("nan")),
    )


def _model(grid: int) -> PriorModel:
    torch.manual_seed(0)
    return PriorModel(
        latent_channels=2,
        latent_size=8,
        kinds=2,
        code_size=6,
        width=16,
        depth=1,
        heads=2,
        patch=4,
        code_grid=grid,
    )


@pytest.mark.parametrize("grid", [0, 3])
def test_codes_have_their_length(grid: int) -> None:
    model = _model(grid)
    mean, log_var = model.encode(torch.randn(3, 2, 8, 8), _conditions(3))
    assert mean.shape == log_var.shape == (3, 6)
    spread = [part.shape for part in model.decode(mean, _conditions(3))]
    assert spread == [(3, 2, 8, 8), (3, 2, 8, 8)]


def test_a_grid_tells_mirrored_windows_apart_before_any_attention() -> None:
    latent = torch.zeros(1, 2, 8, 8)
    latent[:, :, :4, :4] = 3.0  # one token of four
    model = _model(3)
    with torch.no_grad():
        model.encoder.position.zero_()  # without positions, only the grid knows where a token lies
    codes = [model.encode(window, _conditions(1))[0] for window in (latent, latent.flip(-1))]
    assert not torch.allclose(codes[0], codes[1], atol=1e-4)
    pooled = _model(0)
    with torch.no_grad():
        pooled.encoder.position.zero_()
    codes = [pooled.encode(window, _conditions(1))[0] for window in (latent, latent.flip(-1))]
    # Inside the one bright token the values are even, so mirroring moves the token only.
    assert torch.allclose(codes[0], codes[1], atol=1e-5)


def test_a_negative_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="code_grid"):
        PriorSettings(code_grid=-1)
