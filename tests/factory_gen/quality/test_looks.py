"""The cheap scores tell a planted fault from a good defect; drawn pictures, limits learned from drawn real ones."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from factory_gen.images.masks import dilate, erode
from factory_gen.metrics.neighbours import defect_patches, learn_copy_check, near_copy
from factory_gen.quality.limits import RealDefect, ScoreLimits, learn_limits
from factory_gen.quality.looks import measure_looks, nearest_rank, rank
from factory_gen.quality.scores import SampleScores

SIZE = 96
PART = np.ones((SIZE, SIZE), bool)


def blob(seed: int) -> np.ndarray:
    rng = np.random.default_rng((seed, 1))
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    axes = tuple(int(v) for v in rng.integers(9, 16, 2))
    centre = tuple(int(v) for v in rng.integers(38, 58, 2))
    cv2.ellipse(canvas, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return canvas > 0


def grain(seed: int) -> np.ndarray:
    return np.random.default_rng((seed, 2)).normal(0, 0.06, (SIZE, SIZE)).astype(np.float32)


def dent(mask: np.ndarray, seed: int, depth: float = 0.3) -> np.ndarray:
    """A dent with soft edges under the surface's own grain: (H,W,1)."""
    depth *= float(np.random.default_rng((seed, 3)).uniform(0.8, 1.2))
    shade = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.5)
    return (grain(seed) - depth * shade)[:, :, None]


@pytest.fixture(scope="module")
def limits() -> ScoreLimits:
    reals = []
    for seed in range(60):
        mask = blob(seed)
        scores = measure_looks(dent(mask, seed), mask, PART)
        reals.append(RealDefect(defect_type="dent", group=f"g{seed % 10}", seen=True, scores=scores))
    return learn_limits(reals)


def good(mask: np.ndarray, seed: int) -> np.ndarray:
    return dent(mask, seed)


def faint(mask: np.ndarray, seed: int) -> np.ndarray:
    return dent(mask, seed, depth=0.02)


def ringed(mask: np.ndarray, seed: int) -> np.ndarray:
    ring = dilate(mask, 1) & ~erode(mask, 1)
    return dent(mask, seed) + 0.25 * ring[:, :, None].astype(np.float32)


def cut_out(mask: np.ndarray, seed: int) -> np.ndarray:
    return np.where(mask, grain(seed) - 0.9, grain(seed))[:, :, None].astype(np.float32)


def polished(mask: np.ndarray, seed: int) -> np.ndarray:
    smooth = cv2.GaussianBlur(dent(mask, seed)[:, :, 0], (0, 0), 2.5)
    return np.where(mask, smooth, dent(mask, seed)[:, :, 0])[:, :, None].astype(np.float32)


def sanded(mask: np.ndarray, seed: int) -> np.ndarray:
    return (dent(mask, seed)[:, :, 0] + mask * 4 * grain(seed + 1))[:, :, None].astype(np.float32)


@pytest.mark.parametrize(
    ("draw", "reason"),
    [(faint, "faint"), (ringed, "rim"), (cut_out, "seam"), (polished, "grain"), (sanded, "grain")],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_planted_fault_is_found_and_named(
    limits: ScoreLimits, draw: Callable[[np.ndarray, int], np.ndarray], reason: str
) -> None:
    found = [
        limits.failures("dent", measure_looks(draw(blob(seed), seed), blob(seed), PART))
        for seed in range(100, 120)
    ]
    assert np.mean([reason in reasons for reasons in found]) >= 0.9


def test_good_defects_pass(limits: ScoreLimits) -> None:
    found = [
        limits.failures("dent", measure_looks(good(blob(seed), seed), blob(seed), PART))
        for seed in range(100, 140)
    ]
    assert np.mean([not reasons for reasons in found]) >= 0.85


def test_the_crop_changes_nothing() -> None:
    mask = blob(5)
    whole = measure_looks(dent(mask, 5), mask, PART)
    large = np.pad(dent(mask, 5), ((200, 200), (150, 150), (0, 0)), mode="reflect")
    again = measure_looks(large, np.pad(mask, ((200, 200), (150, 150))), np.ones(large.shape[:2], bool))
    assert again.known() == pytest.approx(whole.known(), rel=1e-3)


def test_an_exact_copy_ranks_below_every_real_pair() -> None:
    pictures = [dent(blob(seed), seed) for seed in range(20)]
    patches = [defect_patches(picture, blob(seed)) for seed, picture in enumerate(pictures)]
    copies = learn_copy_check(np.stack(patches), [f"g{seed}" for seed in range(20)])
    copy, other = (
        near_copy(copies, patches[7]),
        near_copy(copies, defect_patches(dent(blob(77), 77), blob(77))),
    )
    assert copy.is_copy
    assert nearest_rank(copy.distance, copies) == 0
    assert nearest_rank(other.distance, copies) > 0
    assert np.isnan(nearest_rank(0.1, None))


@pytest.mark.parametrize(
    ("value", "known", "share"),
    [(2.5, [1, 2, 3, 4], 0.5), (0, [1, 2], 0.0), (9, [1, float("nan")], 1.0)],
)
def test_rank_is_the_share_below(value: float, known: list[float], share: float) -> None:
    assert rank(value, known) == share


def test_an_unknown_value_or_table_has_no_rank() -> None:
    assert np.isnan(rank(1.0, []))
    assert np.isnan(rank(SampleScores().contrast, [1.0]))
