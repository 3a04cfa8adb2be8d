"""The autoencoder that all arms of a bench share, and what it smooths away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from factory_gen.autoencoder.model import PartAutoencoder
from factory_gen.autoencoder.train import train_autoencoder
from factory_gen.bench.settings import PriorBench
from factory_gen.bench.stages import fair_clock
from factory_gen.images.dataset import WindowDraw
from factory_gen.images.windows import stack
from factory_gen.seeds import derive, numpy_generator
from factory_gen.training.loop import LoopSettings

WEIGHTS = "autoencoder"


def bench_autoencoder(
    draw: WindowDraw,
    plan: PriorBench,
    folder: Path,
    device: torch.device,
    report: Callable[[str, int, float], None],
) -> Any:
    """Trained on the training windows, or read back from `folder`; frozen."""
    finished = folder / WEIGHTS
    if not finished.exists():
        settings = plan.autoencoder
        with torch.random.fork_rng():
            torch.manual_seed(derive(0, "bench-weights", "autoencoder"))
            model = PartAutoencoder(
                channels=draw.pictures.channels,
                latent_channels=settings.latent_channels,
                width_half=settings.width_half,
                width_quarter=settings.width_quarter,
                blocks=settings.blocks,
                factor=settings.factor,
            )
        train_autoencoder(
            model.to(device),
            draw,
            replace(settings, steps=1_000_000),
            LoopSettings(
                steps=1,
                budget_s=plan.autoencoder_share * plan.budget_s,
                ema=plan.ema,
                precision=plan.precision,
                device=plan.device,
                clock=fair_clock(plan.device),
            ),
            folder,
            resume=True,
            report=lambda step, fraction, figures: report("autoencoder", step, fraction),
        )
        part = finished.with_suffix(".part")
        model.to(memory_format=torch.contiguous_format).save_pretrained(part)
        part.rename(finished)
    model = PartAutoencoder.from_pretrained(finished, low_cpu_mem_usage=False)
    return model.to(device).eval().requires_grad_(False)


@torch.no_grad()
def grain_spread(autoencoder: Any, draw: WindowDraw, count: int) -> float:
    """Standard deviation of window minus decoded window over good training windows, in the window's units."""
    rng = numpy_generator(0, "bench-grain")
    windows = stack([draw.good(rng).pixels for _ in range(count)])
    device = autoencoder.latent_mean.device
    decoded = torch.cat(
        [autoencoder.decode(autoencoder.encode(w.to(device))).cpu() for w in windows.split(64)]
    )
    return float(np.std((windows - decoded).numpy()))
