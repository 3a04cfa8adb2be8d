"""The diffusion baseline against the closed form for Gaussian data, and a training of seconds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from factory_gen.errors import UsageError
from factory_gen.flow.diffusion import (
    DIFFUSION_SAMPLERS,
    denoise,
    network_time,
    sample_diffusion,
    training_noise,
)
from factory_gen.flow.diffusion_train import train_diffusion
from factory_gen.flow.model import FlowModel, FlowSettings
from factory_gen.images.dataset import PartImage, PartPictures, WindowDraw
from factory_gen.nets.condition import Conditions
from factory_gen.training.latents import LatentBank
from factory_gen.training.loop import LoopSettings

MEAN, SPREAD = torch.tensor([1.0, -0.5]), torch.tensor([0.5, 0.3])
KEPT = training_noise().alphas_cumprod
CPU = torch.device("cpu")
LOOP = LoopSettings(steps=1, warmup=5, ema=0.9, precision="no", device="cpu", seed=4)


def standard(count: int = 5000) -> torch.Tensor:
    """Noise (count,2) whose own mean and spread are exactly 0 and 1."""
    raw = torch.randn(count, 2, generator=torch.Generator().manual_seed(0))
    return (raw - raw.mean(dim=0)) / raw.std(dim=0)


def exact_v(x: torch.Tensor, timestep: int) -> torch.Tensor:
    """Apply E[v | x] of data N(MEAN, SPREAD^2): everything is jointly Gaussian."""
    kept = KEPT[timestep]
    alpha, sigma = kept.sqrt(), (1 - kept).sqrt()
    gain = (x - alpha * MEAN) / (kept * SPREAD**2 + 1 - kept)
    return alpha * sigma * gain - sigma * (MEAN + alpha * SPREAD**2 * gain)


@pytest.mark.parametrize(("sampler", "off"), [("ddim", 0.08), ("dpm++", 0.02)])
def test_gaussian_data_come_out_with_their_mean_and_spread(sampler: str, off: float) -> None:
    drawn = denoise(exact_v, standard(), sampler, 32)
    assert torch.allclose(drawn.mean(dim=0), MEAN, atol=0.02)
    assert torch.allclose(drawn.std(dim=0) / SPREAD, torch.ones(2), atol=off)


@pytest.mark.parametrize("sampler", DIFFUSION_SAMPLERS)
def test_more_calls_come_nearer_to_the_true_spread_and_one_gives_the_mean(sampler: str) -> None:
    spreads = [denoise(exact_v, standard(), sampler, calls).std(dim=0) / SPREAD for calls in (1, 2, 4, 8, 16)]
    assert bool((spreads[0] < 0.01).all())
    assert all(bool((few < many).all()) for few, many in pairwise(spreads))


def test_the_second_order_sampler_is_nearer_than_the_first_order_one() -> None:
    first, second = (denoise(exact_v, standard(), name, 16).std(dim=0) / SPREAD for name in ("ddim", "dpm++"))
    assert bool(((second - 1).abs() < 0.5 * (first - 1).abs()).all())


@pytest.mark.parametrize("calls", [1, 2, 3, 5, 7, 61, 122])
@pytest.mark.parametrize("sampler", DIFFUSION_SAMPLERS)
def test_any_number_of_calls_is_made_exactly(sampler: str, calls: int) -> None:
    seen: list[int] = []

    def counted(x: torch.Tensor, timestep: int) -> torch.Tensor:
        seen.append(timestep)
        return exact_v(x, timestep)

    assert bool(torch.isfinite(denoise(counted, standard(10), sampler, calls)).all())
    assert len(seen) == calls and seen[0] == 999
    assert seen == sorted(set(seen), reverse=True) and seen[-1] >= 0


@pytest.mark.parametrize(
    ("sampler", "calls", "text"), [("euler", 4, "ddim"), ("ddim", 0, "above 0"), ("dpm++", 1001, "at most")]
)
def test_unknown_samplers_and_calls_out_of_range_are_refused(sampler: str, calls: int, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        denoise(exact_v, standard(4), sampler, calls)


def test_time_runs_from_noise_to_data_as_in_the_flow() -> None:
    times = network_time(torch.tensor([999, 499, 0]))
    assert times.tolist() == pytest.approx([0.0, 0.5, 0.999])


def latents(windows: torch.Tensor) -> torch.Tensor:
    """Stand in for the autoencoder: (B,1,32,32) to (B,2,8,8), one channel around 1, one around -1."""
    small = F.avg_pool2d(windows, 4)
    return torch.cat([1.0 + 0.1 * small, -1.0 + 0.1 * small], dim=1)


@pytest.fixture(scope="module")
def bank() -> LatentBank:
    rng = np.random.default_rng(0)
    mask = np.zeros((48, 48), bool)
    mask[16:30, 18:32] = True
    pixels = [rng.integers(0, 256, (48, 48)).astype(np.uint8) for _ in range(2)]
    pictures = PartPictures(
        [PartImage("a", pixels[0])], [PartImage("b", pixels[1], mask=mask, defect_type="dent")], 1
    )
    return LatentBank(WindowDraw(pictures, 32, ()), latents, factor=4, count=64, seed=0, device=CPU)


def network(**changes: bool) -> FlowModel:
    torch.manual_seed(0)
    size = {"latent_channels": 2, "latent_size": 8, "kinds": 2, "code_size": 4}
    return FlowModel(**size, width=32, depth=1, heads=2, patch=2, **{"use_code": False, **changes})


def trained(bank: LatentBank, folder: Path, *, steps: int = 150) -> tuple[FlowModel, list[float]]:
    losses: list[float] = []
    settings = FlowSettings(
        source="gaussian", use_code=False, width=32, heads=2, steps=steps, batch=16, learning_rate=5e-3
    )
    model = network()

    def report(step: int, fraction: float, figures: dict[str, float]) -> None:
        losses.append(figures["loss"])

    train_diffusion(model, bank, settings, LOOP, folder, resume=False, report=report)
    return model, losses


def told(bank: LatentBank) -> Conditions:
    return bank.rows(torch.arange(16)).conditions


@pytest.fixture(scope="module")
def learned(bank: LatentBank, tmp_path_factory: pytest.TempPathFactory) -> tuple[FlowModel, list[float]]:
    return trained(bank, tmp_path_factory.mktemp("diffusion"))


def test_a_short_training_lowers_the_loss(learned: tuple[FlowModel, list[float]]) -> None:
    _, losses = learned
    assert np.mean(losses[-20:]) < 0.4 * np.mean(losses[:5])


@pytest.mark.parametrize("sampler", DIFFUSION_SAMPLERS)
def test_a_short_training_samples_the_data_inside_the_hole(
    bank: LatentBank, learned: tuple[FlowModel, list[float]], sampler: str
) -> None:
    model, conditions = learned[0], told(bank)
    noise = torch.randn(16, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    drawn = sample_diffusion(model, conditions, noise, sampler, 16)
    inside = conditions.hole.expand(-1, 2, -1, -1) > 0
    assert bool((drawn[~inside] == 0).all())
    means = [float(drawn[:, k][inside[:, k]].mean()) for k in range(2)]
    assert means == pytest.approx([1.0, -1.0], abs=0.2)


def test_the_same_seed_gives_the_same_bytes(bank: LatentBank, tmp_path: Path) -> None:
    first, second = (trained(bank, tmp_path / name, steps=5)[0] for name in "ab")
    theirs = second.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in first.state_dict().items())
    noise = torch.randn(16, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    draws = [sample_diffusion(model, told(bank), noise, "dpm++", 4) for model in (first, second)]
    assert torch.equal(*draws)


def refused_training(model: FlowModel, bank: LatentBank, folder: Path) -> None:
    train_diffusion(model, bank, FlowSettings(), LOOP, folder, resume=False, report=lambda *_: None)


def refused_sampling(model: FlowModel, bank: LatentBank, folder: Path) -> None:
    sample_diffusion(model, told(bank), torch.zeros(16, 2, 8, 8), "ddim", 2)


@pytest.mark.parametrize("use", [refused_training, refused_sampling])
def test_a_network_that_wants_a_code_is_refused(
    bank: LatentBank, tmp_path: Path, use: Callable[[FlowModel, LatentBank, Path], None]
) -> None:
    with pytest.raises(UsageError, match="use_code=False"):
        use(network(use_code=True), bank, tmp_path)


def test_precision_is_asked_for_each_call(bank: LatentBank) -> None:
    entered: list[torch.autocast] = []

    def fast() -> torch.autocast:
        entered.append(torch.autocast("cpu", torch.bfloat16))
        return entered[-1]

    drawn = sample_diffusion(network().eval(), told(bank), torch.ones(16, 2, 8, 8), "ddim", 3, precision=fast)
    assert len(entered) == 3 and drawn.dtype == torch.float32
