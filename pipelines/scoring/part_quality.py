"""What `factory-gen score` learns from a part's real defects before it looks at a sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_registry.records import PartRecord, SourceImageRecord
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage
from factory_gen.images.windows import to_unit
from factory_gen.metrics.features import FeatureNet
from factory_gen.metrics.neighbours import CopyCheck, defect_patches, learn_copy_check, near_copies
from factory_gen.quality.fits import Fits, learn_fits
from factory_gen.quality.limits import RealDefect, ScoreLimits
from factory_gen.quality.looks import nearest_rank, rank
from factory_gen.quality.view import DefectMaps, describe, view_defect
from factory_gen.sampler.contrast_target import visibility_floor
from pipelines.pictures.part_images import generator_images, load_image, spread
from pipelines.progress import Progress
from pipelines.scoring.real_looks import MOST_REALS, looks_of_rows
from pipelines.scoring.sample_check import part_limits
from pipelines.scoring.score_limits import LimitChoice
from pipelines.wiring import Workplace

STAGE = "learning from real defects"
# The maps of this many defects are in memory together, a third of a megabyte each.
MOST_MAPS = 600
BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartQuality:
    """A part's judges and yardsticks.

    Fields:
        seen, held_out: scored real defects of the generator split and of the hold-out.
        limits: for every type and score.
        contrasts: per type, contrasts of the seen ones.
        copies: per type, the seen ones that a sample must not come too near.
        fits: judges of type and mask.
        accuracy: share of seen ones that judges of other groups take for their own type.
        seen_features, held_out_features: (N,D) of the whole views.
    """

    seen: Sequence[RealDefect]
    held_out: Sequence[RealDefect]
    limits: ScoreLimits
    contrasts: Mapping[str, Sequence[float]]
    copies: Mapping[str, CopyCheck]
    fits: Fits
    accuracy: float
    seen_features: np.ndarray
    held_out_features: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reals:
    """Real defects of one split: scores so far, patches (N,8,P), maps."""

    reals: list[RealDefect]
    patches: np.ndarray
    maps: DefectMaps

    @property
    def types(self) -> list[str]:
        return [real.defect_type for real in self.reals]


def learn_quality(
    work: Workplace, part: PartRecord, net: FeatureNet, choice: LimitChoice, say: Progress
) -> PartQuality:
    """Score the real defects of both splits, train the judges, learn the limits. Held-out defects teach nothing.

    Raises:
        InputRefused: no masked real defect in the generator split.
        UsageError: the changes of the limits speak of a type that there is not.
    """
    seen_rows = spread(generator_images(work, part, kind="defect"), min(MOST_REALS, MOST_MAPS))
    if not seen_rows:
        raise InputRefused(
            expected=f"real defects of {part.name} with masks in the generator split",
            found="none",
            action="Ingest some; scores are learned from them.",
        )
    with work.registry.read() as rows:
        held = list(rows.images.stream(part.id, kind="defect", split="holdout", with_mask=True))
    known = {row.defect_type for row in seen_rows}
    held_rows = spread([row for row in held if row.defect_type in known], MOST_MAPS)
    say.start(STAGE, len(seen_rows) + len(held_rows), "defects")
    seen, held_out = (_gather(work, part, rows, net, say) for rows in (seen_rows, held_rows))
    learned = learn_fits(seen.maps, seen.types, [real.group for real in seen.reals])
    copies = _learn_copies(seen)
    contrasts = {name: _contrasts(seen.reals, name) for name in copies}
    nearest = _nearest_of_seen(seen, copies)
    seen_reals = _completed(seen, contrasts, copies, nearest, learned.type_fit, learned.mask_fit)
    held_reals = _completed(
        held_out,
        contrasts,
        copies,
        _nearest(held_out, copies),
        *learned.fits.judge(held_out.maps, held_out.types),
    )
    say.finish(STAGE)
    floors = {name: visibility_floor(contrasts, name) for name in contrasts}
    return PartQuality(
        seen=seen_reals,
        held_out=held_reals,
        limits=part_limits(seen_reals, floors, copies, choice),
        contrasts=contrasts,
        copies=copies,
        fits=learned.fits,
        accuracy=learned.accuracy,
        seen_features=seen.maps.pooled,
        held_out_features=held_out.maps.pooled,
    )


def unit_picture(image: PartImage, pixels: np.ndarray | None = None) -> np.ndarray:
    """A picture's own pixels, or others of its kind, as (H,W,C) float32 in [-1,1]."""
    values = image.pixels if pixels is None else pixels
    return to_unit(values, image.bit_depth, 1 if values.ndim == 2 else values.shape[2])


def _gather(
    work: Workplace, part: PartRecord, rows: Sequence[SourceImageRecord], net: FeatureNet, say: Progress
) -> _Reals:
    patches, maps = [np.zeros((0, 8, 32 * 32), np.float32)], [describe(net, [])]
    for some in _batches(rows):
        images = [load_image(work, row) for row in some]
        pairs = [(unit_picture(image), image.mask) for image in images if image.mask is not None]
        patches.append(np.stack([defect_patches(picture, mask) for picture, mask in pairs]))
        maps.append(describe(net, [view_defect(picture, mask) for picture, mask in pairs]))
        say.advance(STAGE, len(some))
    return _Reals(
        reals=looks_of_rows(work, part, rows), patches=np.concatenate(patches), maps=join_maps(maps)
    )


def join_maps(several: Sequence[DefectMaps]) -> DefectMaps:
    """The maps of several batches as one."""
    return DefectMaps(
        maps=np.concatenate([one.maps for one in several]),
        share=np.concatenate([one.share for one in several]),
        inside=np.concatenate([one.inside for one in several]),
        pooled=np.concatenate([one.pooled for one in several]),
    )


def _batches(rows: Sequence[SourceImageRecord]) -> Iterator[Sequence[SourceImageRecord]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _contrasts(reals: Sequence[RealDefect], name: str) -> tuple[float, ...]:
    own = [real.scores.contrast for real in reals if real.defect_type == name]
    return tuple(sorted(value for value in own if np.isfinite(value)))


def _learn_copies(seen: _Reals) -> dict[str, CopyCheck]:
    types = np.array(seen.types)
    groups = np.array([real.group for real in seen.reals])
    return {
        str(name): learn_copy_check(seen.patches[types == name], groups[types == name].tolist())
        for name in np.unique(types)
    }


def _nearest_of_seen(seen: _Reals, copies: Mapping[str, CopyCheck]) -> np.ndarray:
    """Distance (N,) of each to the nearest of another group."""
    types, nearest = np.array(seen.types), np.full(len(seen.reals), np.nan)
    for name, check in copies.items():
        nearest[types == name] = check.real_distances
    return nearest


def _nearest(reals: _Reals, copies: Mapping[str, CopyCheck]) -> np.ndarray:
    return np.array(
        [
            near_copies(copies[real.defect_type], patch[None])[0].distance
            for real, patch in zip(reals.reals, reals.patches, strict=True)
        ]
    )


def _completed(
    reals: _Reals,
    contrasts: Mapping[str, Sequence[float]],
    copies: Mapping[str, CopyCheck],
    nearest: np.ndarray,
    type_fit: np.ndarray,
    mask_fit: np.ndarray,
) -> list[RealDefect]:
    """The real defects with all their scores."""
    return [
        replace(
            real,
            scores=replace(
                real.scores,
                visibility=rank(real.scores.contrast, contrasts[real.defect_type]),
                nearest_real=float(nearest[i]),
                nearest_rank=nearest_rank(float(nearest[i]), copies[real.defect_type]),
                type_fit=float(type_fit[i]),
                mask_fit=float(mask_fit[i]),
            ),
        )
        for i, real in enumerate(reals.reals)
    ]
