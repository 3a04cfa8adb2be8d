"""Whole windows or whole parts without a source picture."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from factory_gen.composite.picture_grid import draw_grid
from factory_gen.images.files import encode_png
from factory_gen.seeds import torch_generator
from pipelines.progress import Progress, Silent
from pipelines.release.output_folder import output_folder
from pipelines.training.model_choice import choose_model
from pipelines.wiring import Workplace

BATCH = 32


@dataclass(frozen=True)
class GenerateGoodReport:
    """What was written.

    Attributes:
        folder: of the PNGs, grid.png and manifest.json.
        count: pictures.
        view: "window" or "whole".
        model: number of the model version.
        solver, steps: as used.
        per_second: pictures drawn and written per second.
    """

    folder: str
    count: int
    view: str
    model: int
    solver: str
    steps: int
    per_second: float


def run(
    work: Workplace,
    part: str,
    *,
    count: int = 16,
    seed: int = 0,
    model: str | None = None,
    steps: int | None = None,
    solver: str | None = None,
    out: Path,
    progress: Progress | None = None,
) -> GenerateGoodReport:
    """Draw `count` good windows (whole parts with a model of view "whole") as 8-bit PNG.

    Raises:
        InputRefused: unknown part or model, or `out` holds files.
        UsageError: a value out of range.
    """
    say = progress or Silent()
    chosen = choose_model(work, part, model)
    choice = chosen.generator.choice(steps=steps, solver=solver).solver
    started = time.monotonic()
    say.start("drawing", count, "pictures")
    shown: list[np.ndarray] = []
    with output_folder(out) as folder:
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            drawn = chosen.generator.whole_windows(
                size, generator=torch_generator(seed, "good", start), steps=choice.steps, solver=choice.solver
            )
            pixels = np.rint((drawn + 1.0) * 127.5).astype(np.uint8)
            for offset, one in enumerate(pixels):
                flat = one[:, :, 0] if one.shape[2] == 1 else one
                (folder / f"good_{start + offset:06d}.png").write_bytes(
                    encode_png(np.ascontiguousarray(flat))
                )
                shown.append(flat)
            say.advance("drawing", size)
        draw_grid(shown[:64], folder / "grid.png", title=f"{part}: good, drawn without a source")
        facts = {"model": chosen.version.number, "seed": seed, "solver": choice.solver, "steps": choice.steps}
        (folder / "manifest.json").write_text(
            json.dumps({"synthetic": True, "count": count, **facts}, indent=2)
        )
    say.finish("drawing")
    return GenerateGoodReport(
        folder=str(out),
        count=count,
        view=chosen.generator.parts.facts.view,
        model=chosen.version.number,
        solver=choice.solver,
        steps=choice.steps,
        per_second=count / (time.monotonic() - started),
    )
