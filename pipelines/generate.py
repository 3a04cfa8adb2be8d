"""The generation job: defects with exact masks into good pictures, audited and stored.

A request is worked in chunks of fixed members. A chunk's samples are stored in one transaction, so a killed job goes on
with the first chunk that is missing and ends with the same bytes as an undisturbed one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from data_registry.records import ModelVersionRecord, NewSample, PartRecord, SourceImageRecord
from factory_gen.checks import check_choice
from factory_gen.composite.audit import Audit
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage
from factory_gen.images.files import encode_mask, encode_png
from factory_gen.matching.solvers.table import steps_for_calls
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.inpaint import DefectRequest, request_seed
from factory_gen.sampler.placement import PLACEMENTS, PlacedMask, place_mask
from factory_gen.sampler.recipe import CODE_SOURCES
from factory_gen.sampler.window_draw import DrawChoice
from factory_gen.seeds import numpy_generator
from pipelines.defect_knowledge import TypeKnowledge, learn_types
from pipelines.model_choice import choose_model
from pipelines.part_images import allowed_region, generator_images, load_image, spread
from pipelines.progress import Progress, Silent
from pipelines.wiring import Workplace

STAGE = "generating"
MOST_SOURCES = 4000


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
        by_type: kept samples per defect type.
        contrast: per type, median contrast of kept samples and of real defects.
        solver, steps: as used; steps are calls of the flow network per window.
        seconds: in all.
        per_second: samples drawn, audited and stored per second.
        dry_run: nothing was drawn.
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
    codes: str = "auto",
    placement: str = "learned",
    strength: float | None = None,
    dry_run: bool = False,
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
        codes: where z comes from.
        placement: "learned", "region" or "free".
        strength: contrast rank in [0,1] among real defects; None draws it.
        dry_run: only say what would be done.
        progress: told what goes on.

    Raises:
        InputRefused: no model, no good pictures, unknown type.
        UsageError: a value out of range.
    """
    started, say = time.monotonic(), progress or Silent()
    check_choice(placement, PLACEMENTS, "placement")
    check_choice(codes, CODE_SOURCES, "codes")
    chosen = choose_model(work, part, model)
    owner, version, generator = chosen.part, chosen.version, chosen.generator
    if generator.parts.facts.view != "window":
        raise InputRefused(
            expected="a model of view 'window' to draw defects at native resolution",
            found=f"model {version.number} of view {generator.parts.facts.view!r}",
            action="Choose another model, or use generate-good with this one.",
        )
    types = _types(generator, defect)
    choice = generator.choice(steps=steps, solver=solver, guidance_scale=guidance, codes=codes)
    steps_for_calls(choice.solver.solver, choice.solver.steps)
    request = _Request(
        part=owner.name,
        model=version.weights_sha256,
        types=types,
        count=count,
        seed=seed,
        choice=asdict(choice),
        placement=placement,
        strength=strength,
        region=owner.allowed_region_sha256,
    )
    with work.registry.read() as rows:
        before = len(rows.samples.indexes(request.sha256))
    tally = _Tally()
    if not dry_run and before < count:
        job = _Job(work, owner, version, generator, choice, request, say, tally)
        job.run()
    return _report(work, owner, version, request, choice, generator, before, tally, started, dry_run)


@dataclass(frozen=True)
class _Request:
    """Everything that decides the bytes of a request's samples."""

    part: str
    model: str
    types: tuple[str, ...]
    count: int
    seed: int
    choice: Mapping[str, Any]
    placement: str
    strength: float | None
    region: str | None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class _Tally:
    """Counts of one run."""

    def __init__(self) -> None:
        self.failed: dict[str, int] = {}
        self.redrawn = 0
        self.drawn = 0

    def fail(self, reason: str) -> None:
        self.failed[reason] = self.failed.get(reason, 0) + 1


@dataclass(frozen=True)
class _Draft:
    """One sample on its way: which picture, which mask, which attempt."""

    index: int
    attempt: int
    row: SourceImageRecord
    image: PartImage
    region: np.ndarray
    placed: PlacedMask
    defect_type: str
    seed: int


class _Job:
    def __init__(
        self,
        work: Workplace,
        part: PartRecord,
        version: ModelVersionRecord,
        generator: Generator,
        choice: DrawChoice,
        request: _Request,
        say: Progress,
        tally: _Tally,
    ) -> None:
        self.work, self.part, self.version, self.generator = work, part, version, generator
        self.choice, self.request, self.say, self.tally = choice, request, say, tally
        self.sources = spread(generator_images(work, part, kind="good"), MOST_SOURCES)
        if not self.sources:
            raise InputRefused(
                expected=f"good pictures of {part.name} in the generator split to draw defects into",
                found="none",
                action="Ingest good part images, then run the command again.",
            )
        self.knowledge: dict[str, TypeKnowledge] = learn_types(work, part, generator, request.types)

    def run(self) -> None:
        size = self.generator.settings.chunk
        with self.work.registry.read() as rows:
            present = rows.samples.indexes(self.request.sha256)
        self.say.start(STAGE, self.request.count, "samples")
        for start in range(0, self.request.count, size):
            members = range(start, min(start + size, self.request.count))
            if not any(index in present for index in members):
                self._chunk(list(members))
            self.say.advance(STAGE, len(members), redrawn=self.tally.redrawn)
        self.say.finish(STAGE)

    def _chunk(self, members: list[int]) -> None:
        """Draw the chunk's members, again with the next seed where the audit objects, and store what passed."""
        waiting, done, reasons = list(members), {}, dict[int, str]()
        for attempt in range(self.generator.settings.attempts):
            drafts = [d for index in waiting if (d := self._draft(index, attempt)) is not None]
            for index in set(waiting) - {d.index for d in drafts}:
                reasons[index] = "no-place"
            for draft, pixels, found in self._draw(drafts):
                if found.passed:
                    done[draft.index] = (draft, pixels, found)
                else:
                    reasons[draft.index] = found.reasons[0]
            waiting = [index for index in members if index not in done]
            if not waiting:
                break
            self.tally.redrawn += len(waiting)
        for index in waiting:
            self.tally.fail(reasons.get(index, "no-place"))
        self._store([done[index] for index in sorted(done)])

    def _draft(self, index: int, attempt: int) -> _Draft | None:
        """Choose picture, mask and place from the sample's own random stream."""
        rng = numpy_generator(self.request.seed, "draft", index, attempt)
        defect_type = self.request.types[index % len(self.request.types)]
        row = self.sources[int(rng.integers(len(self.sources)))]
        image = load_image(self.work, row)
        region = allowed_region(self.work, self.part, image.pixels, self.request.placement)
        placed = place_mask(self.knowledge[defect_type].placement, region, self.request.placement, rng)
        if placed is None:
            return None
        seed = request_seed(self.request.seed, index, attempt)
        return _Draft(index, attempt, row, image, region, placed, defect_type, seed)

    def _draw(self, drafts: list[_Draft]) -> list[tuple[_Draft, np.ndarray, Audit]]:
        requests = [
            DefectRequest(
                d.image.pixels, d.image.bit_depth, d.placed.mask, d.defect_type, self.request.strength, d.seed
            )
            for d in drafts
        ]
        drawn = self.generator.draw(requests, self.choice)
        self.tally.drawn += len(drawn)
        return [
            (
                d,
                one.pixels,
                self.knowledge[d.defect_type].examine(d.image, one.pixels, d.placed.mask, d.region),
            )
            for d, one in zip(drafts, drawn, strict=True)
        ]

    def _store(self, finished: list[tuple[_Draft, np.ndarray, Audit]]) -> None:
        samples = [
            NewSample(
                source_image_id=draft.row.id,
                image_sha256=self.work.blobs.put(encode_png(pixels)),
                mask_sha256=self.work.blobs.put(encode_mask(draft.placed.mask)),
                defect_type=draft.defect_type,
                mask_origin=dict(draft.placed.origin),
                model_version_id=self.version.id,
                recipe_sha256=self.version.recipe_sha256,
                request_sha256=self.request.sha256,
                index=draft.index,
                seed=draft.seed,
                solver=self.choice.solver.solver,
                steps=self.choice.solver.steps,
                attempts=draft.attempt + 1,
                audit=_plain(asdict(found)),
                scores={"contrast": found.contrast, "change": found.change, "grain": found.grain}
                if np.isfinite(found.contrast) and np.isfinite(found.grain)
                else {"change": found.change},
            )
            for draft, pixels, found in finished
        ]
        with self.work.registry.write() as rows:
            rows.samples.add_many(self.part.id, samples)


def _types(generator: Generator, defect: str | None) -> tuple[str, ...]:
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


def _plain(audit: dict[str, Any]) -> dict[str, Any]:
    """JSON-able copy of an audit: NaN becomes None."""
    return {
        key: None if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in audit.items()
    }


def _report(
    work: Workplace,
    part: PartRecord,
    version: ModelVersionRecord,
    request: _Request,
    choice: DrawChoice,
    generator: Generator,
    before: int,
    tally: _Tally,
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
