"""Figures of a freshly trained model, on windows that the training has not seen where there are any."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from factory_gen.autoencoder.train import draw_batch
from factory_gen.images.dataset import PartPictures, WindowDraw
from factory_gen.images.windows import unstack
from factory_gen.metrics.features import FeatureNet
from factory_gen.metrics.kid import kid_against
from factory_gen.sampler.generator import GRAINS, Generator
from factory_gen.sampler.latent_draw import prior_mean
from factory_gen.seeds import numpy_generator, torch_generator
from factory_gen.training.latents import LatentBank


@dataclass(frozen=True)
class Assessment:
    """Measured figures and pictures.

    Attributes:
        figures: name to value; KID values are times 1000.
        grid: (N,S,S,C) float32 in [-1,1]: generated whole windows, for the eye.
        grain: the way of restoring grain that brought autoencoded windows nearest to real ones, decided on training
            pictures only.
        grain_spread: standard deviation of what the autoencoder smooths away.
    """

    figures: dict[str, float]
    grid: np.ndarray
    grain: str
    grain_spread: float


@torch.no_grad()
def assess(
    generator: Generator, seen: PartPictures, unseen: PartPictures, *, windows: int, seed: int
) -> Assessment:
    """Measure autoencoder, prior and flow.

    Args:
        generator: the model.
        seen: the training's pictures, for the real-against-real floor.
        unseen: held-out pictures (or the training's own, if there is no hold-out).
        windows: windows per set.
        seed: of windows and samples.

    Returns:
        PSNR overall and in masks; KID of real windows against unseen ones, of autoencoded ones with and without grain;
        the prior's calibration with the encoder's codes; KID of the prior's mean and of the flow's windows.
    """
    facts = generator.parts.facts
    count = max(32, windows // 32 * 32)
    unseen_draw = WindowDraw(unseen, facts.window, ())
    figures = _autoencoder(generator, unseen_draw, count, seed)
    figures |= _calibration(generator, unseen_draw, count, seed)
    nets = FeatureNet(device=generator.device)
    real_unseen = _good(unseen_draw, count, seed, "unseen")
    real_seen = _good(WindowDraw(seen, facts.window, facts.recipe["windows"]["augment"]), count, seed, "seen")
    features = nets.embed(real_unseen.numpy())
    # The training's own windows decide how grain is restored; the hold-out only measures.
    spread, rebuilt = _rebuilt(generator, real_seen, seed)
    own = nets.embed(_good(WindowDraw(seen, facts.window, ()), count, seed, "own").numpy())
    to_own = kid_against(own, resamples=0)
    scores = {kind: to_own(nets.embed(_channels_first(w))).value for kind, w in rebuilt.items()}
    grain = min(scores, key=lambda kind: scores[kind])
    chosen = Generator(replace(generator.parts, facts=replace(facts, grain=grain, grain_spread=spread)))
    flow, mean = _whole(chosen, count, seed)
    sets = {
        "kid_real": unstack(real_seen),
        "kid_autoencoded": rebuilt["none"],
        "kid_grain_network": rebuilt["network"],
        "kid_grain_noise": rebuilt["noise"],
        "kid_prior_mean": mean,
        "kid_flow": flow,
    }
    to_unseen = kid_against(features, resamples=0)
    for name, pictures in sets.items():
        figures[name] = to_unseen(nets.embed(_channels_first(pictures))).x1000
    figures["kid_grain_restored"] = figures[f"kid_grain_{grain}" if grain != "none" else "kid_autoencoded"]
    return Assessment(figures, flow[:36], grain, spread)


def _good(draw: WindowDraw, count: int, seed: int, name: str) -> torch.Tensor:
    rng = numpy_generator(seed, "assess", name)
    drawn = [draw.good(rng).pixels for _ in range(count)]
    return torch.from_numpy(np.stack(drawn).transpose(0, 3, 1, 2).copy())


def _autoencoder(generator: Generator, draw: WindowDraw, count: int, seed: int) -> dict[str, float]:
    model = generator.parts.autoencoder
    source = torch_generator(seed, "assess", "autoencoder")
    windows, masks = draw_batch(draw, count, source)
    rebuilt = torch.cat([model.decode(model.encode(w.to(generator.device))).cpu() for w in windows.split(32)])
    error = ((rebuilt.clamp(-1, 1) - windows) / 2.0).square().mean(dim=1, keepdim=True)
    figures = {"psnr": float(-10 * error.mean().log10())}
    if masks.any():
        figures["psnr_in_masks"] = float(-10 * error[masks].mean().log10())
    return figures


def _calibration(generator: Generator, draw: WindowDraw, count: int, seed: int) -> dict[str, float]:
    """Mean of (y - mean)^2 / sigma^2 over the holes, with the encoder's code: 1 is right."""
    parts = generator.parts
    bank = LatentBank(
        draw,
        parts.autoencoder.encode,
        factor=parts.autoencoder.factor,
        count=count,
        seed=seed,
        device=generator.device,
    )
    source = torch_generator(seed, "assess", "calibration")
    figures = {}
    for name, share in (("calibration_holes", 0.0), ("calibration_whole", 1.0)):
        ratio, cells = 0.0, 0.0
        for start in range(0, len(bank), 64):
            rows = torch.arange(start, min(start + 64, len(bank)))
            batch = bank.prepare(bank.rows(rows), source, whole_share=share, dropout=0.0)
            mean_z, log_var_z = parts.prior.encode(batch.latent, batch.conditions)
            code = mean_z + (0.5 * log_var_z).exp() * torch.randn(mean_z.shape, generator=source).to(
                mean_z.device
            )
            mean, log_var = parts.prior.decode(code, batch.conditions)
            hole = batch.conditions.hole
            ratio += float(((batch.latent - mean).square() * torch.exp(-log_var) * hole).sum())
            cells += float(hole.sum()) * batch.latent.shape[1]
        figures[name] = ratio / max(cells, 1.0)
    return figures


def _channels_first(windows: np.ndarray) -> np.ndarray:
    return windows.transpose(0, 3, 1, 2)


def _rebuilt(generator: Generator, windows: torch.Tensor, seed: int) -> tuple[float, dict[str, np.ndarray]]:
    """What the autoencoder smooths away (a standard deviation), and the windows through it with each kind of grain."""
    model = generator.parts.autoencoder
    decoded = torch.cat(
        [model.decode(model.encode(chunk.to(generator.device))) for chunk in windows.split(32)]
    )
    spread = float((windows.to(generator.device) - decoded).std())
    facts = replace(generator.parts.facts, grain_spread=spread)
    tried = Generator(replace(generator.parts, facts=facts))
    rebuilt = {}
    for kind in GRAINS:
        source = torch_generator(seed, "assess", "grain")
        parts = [chunk + tried.grain(chunk, source, kind) for chunk in decoded.split(32)]
        rebuilt[kind] = unstack(torch.cat(parts).clamp(-1, 1))
    return spread, rebuilt


def _whole(generator: Generator, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Generated good windows: by the flow, and by the prior's mean for the same codes; with grain where it helps."""
    flows, means = [], []
    for start in range(0, count, 32):
        size = min(32, count - start)
        flows.append(generator.whole_windows(size, generator=torch_generator(seed, "assess", "flow", start)))
        source = torch_generator(seed, "assess", "flow", start)
        conditions = generator.whole_conditions(size)
        code = generator.parts.codes.sample(conditions, source)
        means.append(generator.render(prior_mean(generator.parts, code, conditions), source))
    return np.concatenate(flows), np.concatenate(means)
