"""A very small part with a very small trained model: seconds on one core."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from factory_gen.autoencoder.grain import GrainSettings
from factory_gen.autoencoder.model import AutoencoderSettings
from factory_gen.flow.model import FlowSettings
from factory_gen.images.dataset import PartImage, PartPictures
from factory_gen.prior.codes import CodesSettings
from factory_gen.prior.model import PriorSettings
from factory_gen.sampler.fit import FitResult, fit
from factory_gen.sampler.recipe import GenerateSettings, Recipe, TrainingSettings, WindowSettings

SIZE = (72, 80)


def tiny_recipe(**flow: object) -> Recipe:
    """A recipe of a handful of steps on 32 pixel windows."""
    body = {"width": 32, "depth": 1, "heads": 2, "patch": 2}
    return Recipe(
        name="test",
        windows=WindowSettings(size=32, augment=("flip-x",), bank=64),
        training=TrainingSettings(precision="no", ema=0.5, measure_windows=32),
        autoencoder=AutoencoderSettings(
            latent_channels=4, width_half=8, width_quarter=16, blocks=1, steps=12, batch=4, share=0.2
        ),
        grain=GrainSettings(width=4, critic_width=4, crop=16, steps=3, batch=2, share=0.1),
        prior=PriorSettings(
            code_size=8, fixed_sigma_steps=2, beta_warmup_steps=2, steps=6, batch=8, share=0.2, **body
        ),
        codes=CodesSettings(width=32, depth=1, steps=6, batch=16, share=0.1),
        flow=FlowSettings(steps=6, batch=8, share=0.4, **body, **flow),  # type: ignore[arg-type]
        generate=GenerateSettings(candidates=2, chunk=4),
    )


def tiny_pictures(*, defects: int = 4) -> PartPictures:
    """Grey gradients with grain; defects are dark squares."""
    rng = np.random.default_rng(5)
    good = [PartImage(f"good{i}", _surface(rng)) for i in range(4)]
    bad = []
    for index in range(defects):
        pixels, mask = _surface(rng), np.zeros(SIZE, dtype=bool)
        top, left = int(rng.integers(10, 50)), int(rng.integers(10, 60))
        mask[top : top + 8, left : left + 6] = True
        pixels[mask] = pixels[mask] // 3
        bad.append(PartImage(f"bad{index}", pixels, mask=mask, defect_type="dent" if index % 2 else "pit"))
    return PartPictures(good, bad, 1)


def tiny_fit(
    folder: Path, *, seed: int = 0, defects: int = 4, resume: bool = False, **flow: object
) -> FitResult:
    """Train the tiny recipe on the tiny pictures."""
    pictures = tiny_pictures(defects=defects)
    return fit(pictures, tiny_recipe(**flow), folder, seed=seed, device="cpu", resume=resume)


def _surface(rng: np.random.Generator) -> np.ndarray:
    ramp = np.linspace(110, 170, SIZE[1])[None, :] + rng.normal(0, 6, SIZE)
    return np.clip(np.rint(ramp), 0, 255).astype(np.uint8)
