"""The scoring job: all scores of stored samples, costly ones included, and figures of the set as a whole.

A sample's picture and mask are read again and measured as they are stored; scores that it had are replaced.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_registry.records import SampleRecord
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage
from factory_gen.images.files import read_mask, read_picture
from factory_gen.images.foreground import foreground
from factory_gen.metrics.contrast import change_contrast
from factory_gen.metrics.features import FeatureNet
from factory_gen.metrics.neighbours import defect_patches, near_copy
from factory_gen.quality.limits import RealDefect
from factory_gen.quality.looks import measure_looks, nearest_rank, rank
from factory_gen.quality.scores import SampleScores
from factory_gen.quality.view import DefectView, describe, view_defect
from factory_gen.sampler.generator import pick_device
from factory_gen.training.threads import use_threads
from pipelines.pictures.part_images import load_image
from pipelines.progress import Progress, Silent
from pipelines.scoring.part_quality import BATCH, PartQuality, learn_quality, unit_picture
from pipelines.scoring.score_limits import LEARNED, choose_limits
from pipelines.scoring.score_report import ScoreReport, report_of
from pipelines.scoring.score_set import set_figures, varieties
from pipelines.scoring.score_track import keep_figures
from pipelines.training.model_choice import which
from pipelines.wiring import Workplace

STAGE = "scoring samples"
FAILED = "limits_failed"
_MOST_SOURCES = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scored:
    """Scored samples of one batch and their features (N,D)."""

    samples: list[RealDefect]
    features: np.ndarray


def run(
    work: Workplace,
    part: str,
    *,
    request: str | None = None,
    model: str | None = None,
    limits: str = LEARNED,
    seed: int = 0,
    progress: Progress | None = None,
) -> ScoreReport:
    """Score the samples of a part, store the scores, and measure the set.

    Args:
        work: where things are.
        part: name of the part.
        request: only samples of the generate request with this hash.
        model: only samples of this model version, a number or alias; without both, all samples.
        limits: "learned", "off", or a file of changes (`pipelines/scoring/score_limits.py`).
        seed: of the intervals.
        progress: told what goes on.

    Raises:
        NotFound: no such part or model.
        InputRefused: no such samples, or no real defects to learn from.
        UsageError: the limits speak of a score or type that there is not.
    """
    started, say, choice = time.monotonic(), progress or Silent(), choose_limits(limits)
    use_threads(work.settings.threads)
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        version = rows.models.get(owner.id, which(model)) if model is not None else None
        chosen = rows.samples.stream(
            owner.id, request_sha256=request, model_version_id=None if version is None else version.id
        )
        samples = list(chosen)
    if not samples:
        raise InputRefused(
            expected=f"generated samples of {part}",
            found="none" if request is None and model is None else "none of that request or model",
            action="Run `factory-gen generate`, or look with `factory-gen status`.",
        )
    net = FeatureNet(pick_device(work.settings.device))
    quality = learn_quality(work, owner, net, choice, say)
    say.start(STAGE, len(samples), "samples")
    scored, features = [], []
    for batch in _Batches(work, samples):
        found = _score(net, quality, batch)
        _store(work, [sample for sample, *_ in batch], found.samples, quality)
        scored += found.samples
        features.append(found.features)
        say.advance(STAGE, len(batch))
    say.finish(STAGE)
    made = np.concatenate(features)
    real, other = quality.held_out_features, quality.seen_features
    compared_with = "held-out real defects"
    if len(real) < len(other) and len(real) < BATCH:
        real, other, compared_with = other, real, "the generator split's real defects"
    report = report_of(
        part,
        quality,
        scored,
        figures=set_figures(made, real, other, seed=seed),
        variety=varieties(made, [one.defect_type for one in scored], quality.seen_features, quality.seen),
        compared_with=compared_with,
        seconds=time.monotonic() - started,
    )
    what = {"request": request, "model": None if version is None else version.number, **choice.facts}
    return replace(report, run_id=keep_figures(work, owner, report, what))


Loaded = tuple[SampleRecord, PartImage, np.ndarray, np.ndarray, np.ndarray]


class _Batches:
    """Samples with source, picture (H,W[,C]), mask and part region, a batch at a time; few sources in memory."""

    def __init__(self, work: Workplace, samples: Sequence[SampleRecord]) -> None:
        self.work, self.samples = work, samples
        self.sources: dict[int, tuple[PartImage, np.ndarray]] = {}

    def __iter__(self) -> Iterator[list[Loaded]]:
        for start in range(0, len(self.samples), BATCH):
            yield [self._load(sample) for sample in self.samples[start : start + BATCH]]

    def _load(self, sample: SampleRecord) -> Loaded:
        source, region = self._source(sample.source_image_id)
        name = f"sample {sample.id}"
        pixels = read_picture(
            self.work.blobs.read(sample.image_sha256), name, bit_depth=source.bit_depth
        ).pixels
        mask = read_mask(self.work.blobs.read(sample.mask_sha256), name, size=source.size)
        return sample, source, pixels, mask, region

    def _source(self, number: int) -> tuple[PartImage, np.ndarray]:
        if number not in self.sources:
            while len(self.sources) >= _MOST_SOURCES:
                self.sources.pop(next(iter(self.sources)))
            with self.work.registry.read() as rows:
                row = rows.images.get(number)
            image = load_image(self.work, row)
            self.sources[number] = image, foreground(image.pixels)
        return self.sources[number]


def _score(net: FeatureNet, quality: PartQuality, batch: Sequence[Loaded]) -> _Scored:
    types = [sample.defect_type for sample, *_ in batch]
    views: list[DefectView] = []
    cheap: list[SampleScores] = []
    for sample, source, pixels, mask, region in batch:
        picture = unit_picture(source, pixels)
        views.append(view_defect(picture, mask))
        looks = measure_looks(picture, mask, region)
        copies = quality.copies.get(sample.defect_type)
        nearest = (
            float("nan") if copies is None else near_copy(copies, defect_patches(picture, mask)).distance
        )
        cheap.append(
            replace(
                looks,
                visibility=rank(looks.contrast, quality.contrasts.get(sample.defect_type, ())),
                change=change_contrast(unit_picture(source), picture, mask),
                nearest_real=nearest,
                nearest_rank=nearest_rank(nearest, copies),
            )
        )
    maps = describe(net, views)
    type_fit, mask_fit = quality.fits.judge(maps, types)
    return _Scored(
        samples=[
            RealDefect(
                defect_type=name,
                group="",
                seen=False,
                scores=replace(one, type_fit=float(type_fit[i]), mask_fit=float(mask_fit[i])),
            )
            for i, (name, one) in enumerate(zip(types, cheap, strict=True))
        ],
        features=maps.pooled,
    )


def _store(
    work: Workplace, samples: Sequence[SampleRecord], scored: Sequence[RealDefect], quality: PartQuality
) -> None:
    scores = {}
    for sample, one in zip(samples, scored, strict=True):
        failures = quality.limits.failures(one.defect_type, one.scores)
        scores[sample.id] = {**one.scores.known(), FAILED: float(len(failures))}
    with work.registry.write() as rows:
        rows.samples.set_many_scores(scores)
