"""The variance guided loss, the code's divergence, and what the prior learns, against known truth."""

from __future__ import annotations

import math

import pytest
import torch

from factory_gen.errors import UsageError
from factory_gen.flow.source import SourceRule
from factory_gen.nets.condition import Conditions, TypeEmbedding, pooled
from factory_gen.prior.loss import code_divergence, prior_loss, variance_guided_loss
from factory_gen.prior.model import LOG_VAR_RANGE, PriorModel


def conditions(batch: int = 2, size: int = 8) -> Conditions:
    return Conditions(
        torch.zeros(batch, 4, size, size),
        torch.ones(batch, 1, size, size),
        torch.zeros(batch, 4, size, size),
        torch.zeros(batch, dtype=torch.long),
        torch.full((batch,), float("nan")),
    )


@pytest.mark.parametrize("beta_nll", [0.0, 0.25, 0.5])
def test_the_loss_is_lowest_at_the_true_mean_and_variance(beta_nll: float) -> None:
    generator = torch.Generator().manual_seed(0)
    latent = 0.7 + 1.6 * torch.randn(1, 1, 200, 200, generator=generator)
    hole = torch.ones(1, 1, 200, 200)

    mean = torch.full((1, 1, 1, 1), 0.0, requires_grad=True)
    log_var = torch.full((1, 1, 1, 1), 0.0, requires_grad=True)
    optimizer = torch.optim.Adam([mean, log_var], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        spread = (mean.expand_as(latent), log_var.expand_as(latent))
        (variance_guided_loss(latent, *spread, hole, beta_nll) / latent.numel()).sum().backward()
        optimizer.step()
    assert float(mean.detach()) == pytest.approx(0.7, abs=0.05)
    assert math.exp(0.5 * float(log_var.detach())) == pytest.approx(1.6, abs=0.05)


def test_cells_outside_the_hole_do_not_count() -> None:
    latent, hole = torch.zeros(1, 2, 4, 4), torch.zeros(1, 1, 4, 4)
    hole[..., :2] = 1
    mean = torch.zeros(1, 2, 4, 4)
    mean[..., 2:] = 100.0
    assert float(variance_guided_loss(latent, mean, torch.zeros_like(mean), hole, 0.0)) == 0


def test_divergence_equals_torchs_own() -> None:
    generator = torch.Generator().manual_seed(1)
    mean, log_var = torch.randn(5, 3, generator=generator), torch.randn(5, 3, generator=generator)
    posterior = torch.distributions.Normal(mean, (0.5 * log_var).exp())
    truth = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(dim=1)
    assert torch.allclose(code_divergence(mean, log_var), truth, atol=1e-5)


def test_a_small_hole_weighs_between_its_pixels_and_a_window() -> None:
    hole = torch.zeros(1, 1, 8, 8)
    hole[..., :1, :4] = 1
    loss = prior_loss(torch.tensor([4.0 * 3]), torch.tensor([0.0]), hole, 3, 1.0)
    assert float(loss) == pytest.approx(12 / math.sqrt(12 * 8 * 8 * 3))


def test_log_variance_stays_in_its_range_and_codes_change_the_mean() -> None:
    torch.manual_seed(0)
    model = PriorModel(
        latent_channels=4, latent_size=8, kinds=2, code_size=6, width=32, depth=1, heads=2, patch=2
    )
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    told = conditions()
    first, low = model.decode(torch.zeros(2, 6), told)
    second, _ = model.decode(5 * torch.ones(2, 6), told)
    assert LOG_VAR_RANGE[0] <= float(low.detach().min())
    assert float(low.detach().max()) <= LOG_VAR_RANGE[1]
    assert not torch.allclose(first, second)


@pytest.mark.parametrize("kind", ["learned", "gaussian", "gaussian-data"])
def test_samples_of_a_source_have_its_mean_and_scaled_spread(kind: str) -> None:
    told = conditions(batch=1)
    data_mean, data_log_var = torch.full((4, 8, 8), 2.0), torch.full((4, 8, 8), math.log(0.25))
    rule = SourceRule(kind, 0.5, data_mean, data_log_var)

    def decode(code: torch.Tensor, _: Conditions) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.full((1, 4, 8, 8), -1.0), torch.full((1, 4, 8, 8), math.log(9.0))

    source = rule(decode, torch.zeros(1, 6), told)
    noise = torch.randn(4000, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    drawn = source.sample(noise)
    mean, spread = {"learned": (-1.0, 1.5), "gaussian": (0.0, 0.5), "gaussian-data": (2.0, 0.25)}[kind]
    assert float(drawn.mean()) == pytest.approx(mean, abs=0.01)
    assert float(drawn.std()) == pytest.approx(spread, abs=0.01)


def test_untold_type_and_strength_are_inputs_of_their_own() -> None:
    torch.manual_seed(0)
    embed = TypeEmbedding(2, 16)
    torch.nn.init.normal_(embed.untold)
    kind = torch.tensor([1, 1, 2])
    out = embed(kind, torch.tensor([0.2, float("nan"), 0.2]))
    assert bool(torch.isfinite(out).all())
    assert not torch.allclose(out[0], out[1])
    assert not torch.allclose(out[0], out[2])


def test_conditions_of_wrong_shape_are_refused_and_their_summary_has_a_fixed_length() -> None:
    told = conditions()
    assert pooled(told).shape == (2, (4 + 2) * 16 + 1)
    with pytest.raises(UsageError, match="hole"):
        Conditions(told.context, told.hole[:1], told.mask, told.kind, told.strength)
    assert told.repeat(3).kind.shape == (6,)
    assert int(told.without_type(2).kind[0]) == 2
