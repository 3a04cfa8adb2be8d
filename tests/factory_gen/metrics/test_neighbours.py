"""Copies of drawn defects are found whatever their place, turn, size and light; new defects are let through."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.images.demo_defects import draw_crack
from factory_gen.images.demo_part import segment_for
from factory_gen.metrics.neighbours import (
    PATCH_SIDE,
    CopyVerdict,
    defect_patches,
    learn_copy_check,
    near_copies,
    near_copy,
)

SIZE = 220
Drawn = tuple[np.ndarray, np.ndarray]


def crack(seed: int, *, ground: int = 0) -> Drawn:
    """A demo crack on its own texture: picture in grey levels, mask."""
    flaw = draw_crack(segment_for(224), np.random.default_rng(seed))
    shade = cv2.resize(flaw.shade, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(flaw.mask.astype(np.uint8), (SIZE, SIZE), interpolation=cv2.INTER_NEAREST) > 0
    texture = np.random.default_rng([ground, seed]).normal(120, 3, (SIZE, SIZE))
    return (texture * (1 + shade)).astype(np.float32), mask


def patches(drawn: Drawn) -> np.ndarray:
    return defect_patches(*drawn)


def moved(drawn: Drawn) -> Drawn:
    return tuple(np.roll(part, (9, -6), axis=(0, 1)) for part in drawn)  # type: ignore[return-value]


def turned(drawn: Drawn) -> Drawn:
    return tuple(np.ascontiguousarray(np.rot90(part)) for part in drawn)  # type: ignore[return-value]


def mirrored(drawn: Drawn) -> Drawn:
    return tuple(np.ascontiguousarray(part[:, ::-1]) for part in drawn)  # type: ignore[return-value]


def scaled(drawn: Drawn) -> Drawn:
    picture, mask = drawn
    large = cv2.resize(picture, None, fx=1.3, fy=1.3, interpolation=cv2.INTER_CUBIC)
    return large, cv2.resize(mask.astype(np.uint8), large.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0


def relit(drawn: Drawn) -> Drawn:
    return drawn[0] * 0.7 + 20, drawn[1]


@pytest.fixture(scope="module")
def real() -> list[Drawn]:
    return [crack(seed) for seed in range(24)]


@pytest.fixture(scope="module")
def verdict_of(real: list[Drawn]) -> Callable[[Drawn], CopyVerdict]:
    check = learn_copy_check(np.stack([patches(d) for d in real]), [f"part{i}" for i in range(len(real))])
    return lambda drawn: near_copy(check, patches(drawn))


@pytest.mark.parametrize("change", [moved, turned, mirrored, scaled, relit], ids=lambda f: f.__name__)
@pytest.mark.parametrize("index", [0, 7, 19])
def test_a_copy_is_found_however_it_was_changed(
    real: list[Drawn],
    verdict_of: Callable[[Drawn], CopyVerdict],
    change: Callable[[Drawn], Drawn],
    index: int,
) -> None:
    verdict = verdict_of(change(real[index]))
    assert verdict.is_copy
    assert verdict.index == index
    assert verdict.distance < verdict.limit
    assert verdict.rarer == 0.0


def test_a_copy_on_another_ground_is_still_a_copy(verdict_of: Callable[[Drawn], CopyVerdict]) -> None:
    verdict = verdict_of(crack(5, ground=99))
    assert verdict.is_copy
    assert verdict.index == 5


def test_new_defects_are_let_through(verdict_of: Callable[[Drawn], CopyVerdict]) -> None:
    verdicts = [verdict_of(crack(seed)) for seed in range(100, 130)]
    assert sum(verdict.is_copy for verdict in verdicts) <= 1
    assert np.median([verdict.rarer for verdict in verdicts]) == pytest.approx(0.5, abs=0.35)


def test_photos_of_one_part_do_not_set_the_limit(real: list[Drawn]) -> None:
    """Two exposures of each part: with the parts known the limit stays; taken for strangers it collapses."""
    both = np.stack([patches(d) for d in real] + [patches(relit(d)) for d in real])
    parts = [f"part{i}" for i in range(len(real))] * 2
    known = learn_copy_check(both, parts)
    unknown = learn_copy_check(both, [str(i) for i in range(len(both))])
    assert unknown.limit == pytest.approx(0.01), "the floor"
    assert known.limit > 3 * unknown.limit


@pytest.mark.parametrize(
    ("spread", "limit"), [(10.0, 0.1), (0.01, 0.01)], ids=["far apart: ceiling", "all alike: floor"]
)
def test_the_limit_keeps_its_bounds(spread: float, limit: float) -> None:
    rows = np.eye(12)[:, :10] * 0 + 1 + spread * np.random.default_rng(0).normal(size=(12, 10))
    check = learn_copy_check(rows, [str(i) for i in range(12)])
    assert check.limit == limit


def test_features_work_like_patches() -> None:
    rows = np.random.default_rng(1).normal(size=(10, 64))
    check = learn_copy_check(rows, [str(i) for i in range(10)])
    copy, new = near_copies(check, np.stack([rows[4] * 3, -rows.sum(axis=0)]))
    assert (copy.is_copy, copy.index, copy.distance) == (True, 4, pytest.approx(0, abs=1e-6))
    assert not new.is_copy


def test_one_part_only_still_guards_against_plain_copies(real: list[Drawn]) -> None:
    check = learn_copy_check(patches(real[0])[None], ["only"])
    assert np.isnan(check.real_distances).all()
    assert near_copy(check, patches(moved(real[0]))).is_copy
    assert not near_copy(check, patches(real[1])).is_copy


def test_patches_are_unit_vectors_in_eight_turns(real: list[Drawn]) -> None:
    found = patches(real[0])
    assert found.shape == (8, PATCH_SIDE * PATCH_SIDE)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(patches(turned(real[0]))[0], found[1], atol=0.02)


def test_a_defect_that_is_not_there_and_one_at_the_border() -> None:
    mask = np.zeros((60, 60), bool)
    mask[20:30, 20:30] = True
    assert (defect_patches(np.full((60, 60), 9.0), mask) == 0).all()
    corner = np.zeros((60, 60), bool)
    corner[:6, :6] = True
    colour = np.where(corner[..., None], 50.0, 100.0) * np.ones(3)
    assert np.isfinite(defect_patches(colour, corner)).all()
    assert np.isfinite(defect_patches(colour, np.ones((60, 60), bool))).all()


def test_what_does_not_fit_is_refused(real: list[Drawn]) -> None:
    with pytest.raises(UsageError, match="group for each"):
        learn_copy_check(np.zeros((0, 5)), [])
    with pytest.raises(UsageError, match="group for each"):
        learn_copy_check(np.ones((2, 5)), ["one"])
    check = learn_copy_check(np.ones((2, 5)), ["a", "b"])
    with pytest.raises(UsageError, match="same way"):
        near_copy(check, np.ones(6))
    with pytest.raises(UsageError):
        defect_patches(real[0][0], real[0][1][:-1])
