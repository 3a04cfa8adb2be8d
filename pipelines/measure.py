"""Measures a stored model again, on the hold-out where there is one; writes nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from factory_gen.sampler.assess import assess
from pipelines.pictures.part_images import load_pictures, load_unseen
from pipelines.progress import Progress, Silent
from pipelines.training.model_choice import choose_model
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class MeasureReport:
    """What was measured.

    Attributes:
        part, model: which model version.
        figures: PSNR in dB, calibration (1 is right), KID on EfficientNet-Lite0 features times 1000.
        grain: the way of restoring grain that suits this part best, by its training pictures.
        measured_on: "hold-out" or "training pictures".
        windows: per set.
        seconds: in all.
    """

    part: str
    model: int
    figures: Mapping[str, float]
    grain: str
    measured_on: str
    windows: int
    seconds: float


def run(
    work: Workplace,
    part: str,
    *,
    model: str | None = None,
    windows: int = 512,
    seed: int = 0,
    progress: Progress | None = None,
) -> MeasureReport:
    """Measure autoencoder, grain, prior and flow of a model version.

    Args:
        work: where things are.
        part: name of the part.
        model: number or alias; the champion by default.
        windows: windows per set.
        seed: of windows and samples.
        progress: told what goes on.

    Raises:
        NotFound: no such part or model.
        InputRefused: no pictures to measure on.
    """
    started, say = time.monotonic(), progress or Silent()
    chosen = choose_model(work, part, model)
    facts = chosen.generator.parts.facts
    say.start("measuring", None)
    seen = load_pictures(work, chosen.part, view=facts.view, window=facts.window, few=facts.few)
    unseen, measured_on = load_unseen(work, chosen.part, seen, facts.view)
    found = assess(chosen.generator, seen, unseen, windows=windows, seed=seed)
    say.finish("measuring")
    return MeasureReport(
        part=part,
        model=chosen.version.number,
        figures=found.figures,
        grain=found.grain,
        measured_on=measured_on,
        windows=windows,
        seconds=time.monotonic() - started,
    )
