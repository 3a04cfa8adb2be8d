"""The generation job: defects with exact masks into good pictures, audited and stored.

A request is worked in chunks of fixed members. A chunk's samples are stored in one transaction, so a killed job goes on
with the first chunk that is missing and ends with the same bytes as an undisturbed one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from data_registry.records import ModelVersionRecord, PartRecord
from factory_gen.checks import check_choice, check_positive
from factory_gen.errors import InputRefused, UsageError
from factory_gen.machine import device_name
from factory_gen.matching.solvers.table import steps_for_calls
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.placement import PLACEMENTS
from factory_gen.sampler.recipe import CODE_SOURCES, PASTE
from factory_gen.sampler.window_draw import DrawChoice
from pipelines.drawing.generate_chunks import Drawing, Request, Tally
from pipelines.drawing.hard_choice import HardChoice
from pipelines.figures.kpi_speed import record_speed
from pipelines.pictures.contact_sheet import sheet_of_request
from pipelines.progress import Progress, Silent
from pipelines.scoring.score_limits import LEARNED, choose_limits
from pipelines.training.model_choice import choose_model
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class GenerateReport:
    """What a generation gave.

    Attributes:
        part, model: whose samples, by which model version.
        request: hash that names this request; use it to export just these samples.
        asked, kept: samples asked for and stored.
        stored_before: samples of this very request that were there already.
        failed: samples that failed the audit at every attempt, by reason; nothing is stored of them.
        redrawn: attempts beyond the first.
        sent_back: what the audit and the limits objected to in those that were drawn again, by reason.
        by_type: kept samples per defect type.
        contrast: per type, median contrast of kept samples and of real defects.
        solver, steps: as used; steps are calls of the flow network per window.
        seconds: in all.
        per_second: samples drawn, audited and stored per second.
        dry_run: nothing was drawn.
        bit_equal: "equal/all" of the stored samples that equal their source outside the mask; only with a sheet.
        sheet: the contact sheet, when one was asked for.
    """

    part: str
    model: int
    request: str
    asked: int
    kept: int
    stored_before: int
    failed: Mapping[str, int]
    redrawn: int
    by_type: Mapping[str, int]
    contrast: Mapping[str, tuple[float, float]]
    solver: str
    steps: int
    seconds: float
    per_second: float
    dry_run: bool
    bit_equal: str | None = None
    sheet: str | None = None
    sent_back: Mapping[str, int] = field(default_factory=dict)


def run(
    work: Workplace,
    part: str,
    *,
    defect: str | None = None,
    count: int = 16,
    seed: int = 0,
    model: str | None = None,
    steps: int | None = None,
    solver: str | None = None,
    guidance: float | None = None,
    codes: str | None = None,
    candidates: int | None = None,
    keep: float | None = None,
    feather: float | None = None,
    overdraw: int | None = None,
    trim: bool | None = None,
    placement: str = "learned",
    strength: float | None = None,
    strength_to: float | None = None,
    limits: str = LEARNED,
    hardest_of: int = 1,
    dry_run: bool = False,
    sheet: Path | None = None,
    progress: Progress | None = None,
) -> GenerateReport:
    """Draw `count` defects; the same request again resumes or gives what is there.

    Args:
        work: where things are.
        part: name of the part.
        defect: type, or None for all types in turn.
        count: samples.
        seed: of everything random.
        model: number or alias; the champion by default.
        steps, solver, guidance: how the flow is solved; the recipe's by default.
        codes: where z comes from, the recipe's by default; "paste" starts from a pasted real defect.
        candidates: codes tried per defect, the recipe's by default.
        feather: width in pixels of the blend inside the mask's edge, the recipe's by default.
        overdraw: pixels by which what is drawn is wider than the mask that it is cut off with, the recipe's by default.
        trim: whether masks are cut to the pixels that really changed, the recipe's by default.
        keep: with codes "paste", how much of the pasted defect is kept, in [0,1); the recipe's by default.
        placement: "learned", "region" or "free".
        strength: contrast rank in [0,1] among real defects; None draws it.
        strength_to: with it, each sample's rank is drawn between `strength` and this one.
        limits: for the scores: "learned" from real defects, "off", or a file of changes (see
            `pipelines/scoring/score_limits.py`).
        hardest_of: drafts of each sample, of which the one that an inspector finds hardest is kept; 1 is no choice.
        dry_run: only say what would be done.
        sheet: PNG to draw a contact sheet of the request to; all its samples are then compared with their sources.
        progress: told what goes on.

    Raises:
        InputRefused: no model, no good pictures, unknown type.
        UsageError: a value out of range.
    """
    started, say = time.monotonic(), progress or Silent()
    check_choice(placement, PLACEMENTS, "placement")
    check_drawing(codes, candidates, keep)
    check_positive(hardest_of, "hardest_of")
    chosen = choose_model(work, part, model)
    owner, version, generator = chosen.part, chosen.version, chosen.generator
    if generator.parts.facts.view != "window":
        raise InputRefused(
            expected="a model of view 'window' to draw defects at native resolution",
            found=f"model {version.number} of view {generator.parts.facts.view!r}",
            action="Choose another model, or use generate-good with this one.",
        )
    types = types_of(generator, defect)
    choice = generator.choice(
        steps=steps,
        solver=solver,
        guidance_scale=guidance,
        codes=codes,
        candidates=candidates,
        keep=keep,
        feather=feather,
        overdraw=overdraw,
        trim=trim,
    )
    steps_for_calls(choice.solver.solver, choice.solver.steps)
    request = Request(
        part=owner.name,
        model=version.weights_sha256,
        types=types,
        count=count,
        seed=seed,
        choice=choice.facts(),
        placement=placement,
        strength=strength_range(strength, strength_to),
        limits=choose_limits(limits),
        region=owner.allowed_region_sha256,
        hardest_of=hardest_of,
    )
    with work.registry.read() as rows:
        before = len(rows.samples.indexes(request.sha256))
    tally = Tally()
    if not dry_run and before < count:
        hard = HardChoice(work, owner, generator, seed, say) if hardest_of > 1 else None
        job = Drawing(work, owner, version, generator, choice, request, say, tally, hard=hard)
        job.run()
        record_speed(work.registry, owner.id, tally.timed, _how(generator, version, request, choice, tally))
    report = _report(work, owner, version, request, choice, generator, before, tally, started, dry_run)
    if sheet is None or not report.kept:
        return report
    title = f"{part}: defects drawn by model {version.number}"
    equal = sheet_of_request(work, part, request.sha256, sheet, title=title)
    return replace(report, bit_equal=equal, sheet=str(sheet))


def check_drawing(codes: str | None, candidates: int | None, keep: float | None) -> None:
    """Refuse ways of drawing that there are not.

    Raises:
        UsageError: unknown codes, no candidate, or `keep` outside [0,1) or without anything pasted.
    """
    if codes is not None:
        check_choice(codes, (*CODE_SOURCES, PASTE), "codes")
    if candidates is not None:
        check_positive(candidates, "candidates")
    if keep is not None and not (codes == PASTE and 0.0 <= keep < 1.0):
        raise UsageError(
            expected=f"--keep from 0 to below 1, together with --codes {PASTE}",
            found=f"--keep {keep:g} with codes {codes or 'of the recipe'}",
            action="Correct the options.",
        )


def strength_range(low: float | None, high: float | None) -> float | tuple[float, float] | None:
    """One rank, a range of ranks, or None.

    Raises:
        UsageError: a rank outside [0,1], or the range ends before it begins.
    """
    if high is None:
        return low
    first = 0.0 if low is None else low
    if not 0.0 <= first <= high <= 1.0:
        raise UsageError(
            expected="a range of strengths within 0 and 1",
            found=f"{first} to {high}",
            action="Give the smaller one first.",
        )
    return first, high


def types_of(generator: Generator, defect: str | None) -> tuple[str, ...]:
    """The types a request draws in turn: the one asked for, or all that the model knows."""
    known = generator.types
    if not known:
        raise InputRefused(
            expected="a model that has learned defect types",
            found="one trained without masked defects",
            action="Add defect images with masks, train again; or make good windows with generate-good.",
        )
    if defect is None:
        return known
    check_choice(defect, known, "defect")
    return (defect,)


def _how(
    generator: Generator, version: ModelVersionRecord, request: Request, choice: DrawChoice, tally: Tally
) -> dict[str, Any]:
    """What a measured time is worth nothing without."""
    return {
        "device": device_name(generator.device),
        "model": version.number,
        "request": request.sha256,
        "window": generator.parts.facts.window,
        "batch": generator.settings.chunk,
        "solver": choice.solver.solver,
        "steps": choice.solver.steps,
        "redrawn": tally.redrawn,
        "failed": sum(tally.failed.values()),
    }


def _report(
    work: Workplace,
    part: PartRecord,
    version: ModelVersionRecord,
    request: Request,
    choice: DrawChoice,
    generator: Generator,
    before: int,
    tally: Tally,
    started: float,
    dry_run: bool,
) -> GenerateReport:
    by_type: dict[str, int] = {}
    contrasts: dict[str, list[float]] = {}
    with work.registry.read() as rows:
        for sample in rows.samples.stream(part.id, request_sha256=request.sha256):
            by_type[sample.defect_type] = by_type.get(sample.defect_type, 0) + 1
            if (value := sample.audit.get("contrast")) is not None:
                contrasts.setdefault(sample.defect_type, []).append(value)
    real = generator.parts.facts.contrasts
    kept, seconds = sum(by_type.values()), time.monotonic() - started
    return GenerateReport(
        part=part.name,
        model=version.number,
        request=request.sha256,
        asked=request.count,
        kept=kept,
        stored_before=before,
        failed=tally.failed,
        redrawn=tally.redrawn,
        sent_back=dict(sorted(tally.sent_back.items())),
        by_type=by_type,
        contrast={
            name: (float(np.median(values)), float(np.median(real[name])) if real.get(name) else float("nan"))
            for name, values in sorted(contrasts.items())
        },
        solver=choice.solver.solver,
        steps=choice.solver.steps,
        seconds=seconds,
        per_second=(kept - before) / seconds if seconds > 0 else 0.0,
        dry_run=dry_run,
    )
