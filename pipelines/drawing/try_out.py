"""Eight defects to look at before a batch is ordered: drawn and judged as the batch would be, and not stored."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import numpy as np

from factory_gen.checks import check_choice
from factory_gen.matching.solvers.table import steps_for_calls
from factory_gen.sampler.placement import PLACEMENTS
from pipelines.drawing.generate_chunks import Drawing, Drawn, Request, Tally
from pipelines.drawing.warm_model import WARM
from pipelines.generate import strength_range, types_of
from pipelines.pictures.shown_pictures import as_shown, difference, jpeg, near, outlined
from pipelines.progress import Silent
from pipelines.scoring.score_limits import LEARNED, choose_limits
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class Tried:
    """One defect that was tried: JPEGs of the part of the picture around it, and the verdict of the check.

    Attributes:
        defect_type, source_id: what was drawn into which source image.
        before, after, outlined, change: the same cut of the source, the result, the result with the mask's outline,
            and the difference.
        contrast: against the surroundings; None where nothing surrounds it.
        passed, reasons: what a batch would do with it.
    """

    defect_type: str
    source_id: int
    before: bytes
    after: bytes
    outlined: bytes
    change: bytes
    contrast: float | None
    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class TryOut:
    """What was tried, with the model's number, how it was solved and the seconds it took; `asked` may be more."""

    tried: tuple[Tried, ...]
    asked: int
    model: int
    solver: str
    steps: int
    seconds: float


def run(
    work: Workplace,
    part: str,
    *,
    defect: str | None = None,
    count: int = 8,
    seed: int = 0,
    model: str | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    placement: str = "learned",
    strength: float | None = None,
    strength_to: float | None = None,
) -> TryOut:
    """Draw the first attempts of what `pipelines.generate.run` would draw with the same arguments.

    Raises:
        InputRefused: no model, no good pictures, unknown type.
        UsageError: a value out of range.
    """
    started = time.monotonic()
    check_choice(placement, PLACEMENTS, "placement")
    with WARM.hold(work, part, model) as chosen:
        generator, version = chosen.generator, chosen.version
        types = types_of(generator, defect)
        choice = generator.choice(steps=steps, guidance_scale=guidance)
        steps_for_calls(choice.solver.solver, choice.solver.steps)
        limits = choose_limits(LEARNED)
        request = Request(
            part=part,
            model=version.weights_sha256,
            types=types,
            count=count,
            seed=seed,
            choice=asdict(choice),
            placement=placement,
            strength=strength_range(strength, strength_to),
            limits=limits,
            region=chosen.part.allowed_region_sha256,
        )
        learned = WARM.learn(work, chosen, types, limits)
        drawing = Drawing(
            work, chosen.part, version, generator, choice, request, Silent(), Tally(), learned=learned
        )
        drawn = drawing.try_out(list(range(count)))
    return TryOut(
        tried=tuple(_shown(one) for one in drawn),
        asked=count,
        model=version.number,
        solver=choice.solver.solver,
        steps=choice.solver.steps,
        seconds=time.monotonic() - started,
    )


def _shown(drawn: Drawn) -> Tried:
    draft, pixels, found, _ = drawn
    cut, depth, mask = near(draft.placed.mask), draft.image.bit_depth, draft.placed.mask
    before, after = as_shown(draft.image.pixels[cut], depth), as_shown(pixels[cut], depth)
    return Tried(
        defect_type=draft.defect_type,
        source_id=draft.row.id,
        before=jpeg(before),
        after=jpeg(after),
        outlined=jpeg(outlined(after, mask[cut])),
        change=jpeg(difference(draft.image.pixels[cut], pixels[cut], depth)),
        contrast=float(found.contrast) if np.isfinite(found.contrast) else None,
        passed=found.passed,
        reasons=found.reasons,
    )
