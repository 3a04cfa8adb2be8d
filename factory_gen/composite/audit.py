"""The audit of one composite: unchanged outside the mask, visible inside it, on the part, no copy of a real defect."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from factory_gen.composite.paste import outside_is_equal
from factory_gen.images.masks import bounds, crop_around
from factory_gen.images.windows import to_unit
from factory_gen.metrics.contrast import NOTHING_THERE, change_contrast, measure_contrast
from factory_gen.metrics.neighbours import CopyCheck, defect_patches, near_copy
from factory_gen.metrics.spectrum import grain_ratio

# Texture alone varies by as much: a smaller change cannot be seen, and its mask would be a wrong label.
LEAST_CHANGE = NOTHING_THERE
SIGN_TOLERANCE = 0.25
PERFECT_ON_PART = 1.0
# Pixels around the mask that decide anything: the widest ring that is looked at, its gap and its filter's reach.
REACH = 32


@dataclass(frozen=True)
class AuditRules:
    """What a type's samples are held against.

    Attributes:
        contrast_floor: least contrast against the surroundings, learned from the type's real defects.
        copies: real defects of the type to compare with; None when there are none.
        shift: brightness step that the type's real defects have, in spreads of the surroundings; None without a clear
            sign.
    """

    contrast_floor: float
    copies: CopyCheck | None
    shift: float | None = None


@dataclass(frozen=True)
class Audit:
    """Findings about one composite.

    Attributes:
        passed: nothing to object to.
        reasons: what failed, from ``outside-changed``, ``faint``, ``unchanged``, ``wrong-sign``, ``off-part``,
            ``near-copy``.
        outside_sha256: hash of the pixels outside the mask, equal in source and result.
        contrast: of the result's defect against its surroundings; NaN where nothing surrounds it.
        contrast_floor: what the contrast was held against.
        fill: share of the mask that the defect fills (`metrics/contrast.py`); NaN where nothing surrounds it.
        change: mean change inside the mask, in spreads of the surroundings.
        on_part: share of the mask on the part.
        grain: fine grain inside the mask against that around it; 1 is alike.
        nearest_real: distance to the nearest real defect; NaN without references.
        copy_limit: distances below count as a copy.
    """

    passed: bool
    reasons: tuple[str, ...]
    outside_sha256: str
    contrast: float
    contrast_floor: float
    fill: float
    change: float
    on_part: float
    grain: float
    nearest_real: float
    copy_limit: float


def outside_hash(pixels: np.ndarray, mask: np.ndarray) -> str:
    """SHA-256 of the pixels outside the mask, row by row, hex."""
    top, _, bottom, _ = bounds(mask) if mask.any() else (0, 0, 0, 0)
    digest = hashlib.sha256()
    for outside in (pixels[:top], pixels[top:bottom][~mask[top:bottom]], pixels[bottom:]):
        digest.update(np.ascontiguousarray(outside).data)
    return digest.hexdigest()


def audit(
    source: np.ndarray,
    result: np.ndarray,
    mask: np.ndarray,
    bit_depth: int,
    region: np.ndarray,
    rules: AuditRules,
) -> Audit:
    """Examine a composite.

    Args:
        source, result: (H,W) or (H,W,3), uint8 or uint16.
        mask: (H,W) bool.
        bit_depth: significant bits.
        region: (H,W) bool, the part or the allowed region.
        rules: of the defect type.
    """
    outside_kept, outside_sha256 = outside_is_equal(source, result, mask), outside_hash(result, mask)
    # All else is decided near the defect, so the cost does not grow with the picture.
    near = crop_around(mask, REACH)
    source, result, mask, region = source[near], result[near], mask[near], region[near]
    channels = 1 if source.ndim == 2 else source.shape[2]
    before, after = to_unit(source, bit_depth, channels), to_unit(result, bit_depth, channels)
    stands_out = measure_contrast(after, mask, region=region)
    contrast = stands_out.value
    change = change_contrast(before, after, mask)
    on_part = float(region[mask].mean())
    nearest, limit = float("nan"), float("nan")
    reasons: list[str] = []
    if not outside_kept:
        reasons.append("outside-changed")
    if np.isfinite(contrast) and contrast < rules.contrast_floor:
        reasons.append("faint")
    if change < LEAST_CHANGE or (outside_kept and not (source != result).any()):
        reasons.append("unchanged")
    if rules.shift is not None and stands_out.shift * np.sign(rules.shift) < -SIGN_TOLERANCE:
        reasons.append("wrong-sign")
    if on_part < PERFECT_ON_PART:
        reasons.append("off-part")
    if rules.copies is not None:
        verdict = near_copy(rules.copies, defect_patches(after, mask))
        nearest, limit = verdict.distance, verdict.limit
        if verdict.is_copy:
            reasons.append("near-copy")
    return Audit(
        passed=not reasons,
        reasons=tuple(reasons),
        outside_sha256=outside_sha256,
        contrast=contrast,
        contrast_floor=rules.contrast_floor,
        fill=stands_out.fill,
        change=change,
        on_part=on_part,
        grain=grain_ratio(before, after, mask).fine,
        nearest_real=nearest,
        copy_limit=limit,
    )
