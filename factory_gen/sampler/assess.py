"""Figures of a freshly trained model, on windows that the training has not seen where there are any."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from factory_gen.autoencoder.grain import draw_noise
from factory_gen.autoencoder.train import draw_batch
from factory_gen.images.dataset import PartPictures, WindowDraw
from factory_gen.images.windows import unstack
from factory_gen.metrics.features import FeatureNet
from factory_gen.metrics.kid import KidScore, kid
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.latent_draw import prior_mean
from factory_gen.seeds import numpy_generator, torch_generator
from factory_gen.training.latents import LatentBank


@dataclass(frozen=True)
class Assessment:
    """Measured figures and pictures.

    Attributes:
        figures: name to value; KID values are times 1000.
        grid: (N,S,S,C) float32 in [-1,1]: generated whole windows, for the eye.
        grain: whether grain brought autoencoded windows nearer to real ones (decided on training pictures only).
    """

    figures: dict[str, float]
    grid: np.ndarray
    grain: bool


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
    rebuilt, restored = _rebuilt(generator, real_seen, seed)
    # The training's own windows decide whether grain is used; the hold-out only measures.
    own = nets.embed(_good(WindowDraw(seen, facts.window, ()), count, seed, "own").numpy())
    plain, grainy = (
        kid(nets.embed(pictures.transpose(0, 3, 1, 2)), own, resamples=0).value
        for pictures in (rebuilt, restored)
    )
    grain = grainy < plain
    rng = numpy_generator(seed, "bootstrap")
    flow, mean = _whole(generator, count, seed, grain)
    sets = {
        "kid_real": unstack(real_seen),
        "kid_autoencoded": rebuilt,
        "kid_grain_restored": restored,
        "kid_prior_mean": mean,
        "kid_flow": flow,
    }
    for name, pictures in sets.items():
        score: KidScore = kid(
            nets.embed(pictures.transpose(0, 3, 1, 2)), features, seed=int(rng.integers(2**31))
        )
        figures[name] = score.x1000
    return Assessment(figures, flow[:36], grain)


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


def _rebuilt(generator: Generator, windows: torch.Tensor, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows through the autoencoder, without and with restored grain."""
    parts, source = generator.parts, torch_generator(seed, "assess", "grain")
    plain, grainy = [], []
    for chunk in windows.split(32):
        decoded = parts.autoencoder.decode(parts.autoencoder.encode(chunk.to(generator.device)))
        noise = [n.to(generator.device) for n in draw_noise(len(chunk), chunk.shape[-1], source)]
        plain.append(unstack(decoded.clamp(-1, 1)))
        grainy.append(unstack((decoded + parts.grain(decoded, noise)).clamp(-1, 1)))
    return np.concatenate(plain), np.concatenate(grainy)


def _whole(generator: Generator, count: int, seed: int, grain: bool) -> tuple[np.ndarray, np.ndarray]:
    """Generated good windows: by the flow, and by the prior's mean for the same codes; with grain where it helps."""
    flows, means = [], []
    for start in range(0, count, 32):
        size = min(32, count - start)
        flows.append(
            generator.whole_windows(
                size, generator=torch_generator(seed, "assess", "flow", start), grain=grain
            )
        )
        source = torch_generator(seed, "assess", "flow", start)
        conditions = generator.whole_conditions(size)
        code = generator.parts.codes.sample(conditions, source)
        means.append(
            generator.render(prior_mean(generator.parts, code, conditions), source if grain else None)
        )
    return np.concatenate(flows), np.concatenate(means)
