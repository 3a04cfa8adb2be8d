"""Look-alikes are joined, different parts in the same place are not, and a hopeless catalogue is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from pipelines.intake import look_alikes
from pipelines.intake.look_alikes import alike_pairs, group_alike

RNG = np.random.default_rng(3)


def blocks_of(thumbs: np.ndarray, size: int = 512) -> Callable[[], Iterator[np.ndarray]]:
    def blocks() -> Iterator[np.ndarray]:
        for start in range(0, len(thumbs), size):
            yield thumbs[start : start + size]

    return blocks


def parts(count: int, shots: int, *, shared: float = 0.0, noise: float = 3.0) -> np.ndarray:
    """(count * shots, 1024) uint8: each part photographed `shots` times in a row, over a shared background."""
    background = RNG.normal(size=1024) * shared
    own = RNG.normal(size=(count, 1, 1024)) * 30
    return np.clip(128 + background + own + RNG.normal(size=(count, shots, 1024)) * noise, 0, 255).reshape(
        -1, 1024
    ).astype(np.uint8)  # fmt: skip


@pytest.mark.parametrize("count, shots, shared", [(3, 2, 0.0), (30, 3, 0.0), (30, 3, 60.0), (300, 3, 60.0)])
def test_shots_of_one_part_are_joined_and_parts_stay_apart(count: int, shots: int, shared: float) -> None:
    thumbs = parts(count, shots, shared=shared)
    alike = group_alike(blocks_of(thumbs, 100), len(thumbs))
    np.testing.assert_array_equal(alike.label, np.arange(count * shots) // shots * shots)
    assert alike.threshold == 0.95


def test_aligned_parts_without_marks_of_their_own_stay_apart() -> None:
    same = np.clip(128 + RNG.normal(size=1024) * 40 + RNG.normal(size=(200, 1024)) * 2, 0, 255).astype(
        np.uint8
    )
    assert len(np.unique(group_alike(blocks_of(same), 200).label)) == 200


def test_when_everything_looks_alike_nothing_is_joined() -> None:
    # one strong mode of light: every picture is like half of all others at any threshold
    light = np.sign(RNG.normal(size=(100, 1))) * np.linspace(-100, 100, 1024)
    thumbs = np.clip(128 + light, 0, 255).astype(np.uint8)
    alike = group_alike(blocks_of(thumbs), 100)
    assert alike.threshold is None
    np.testing.assert_array_equal(alike.label, np.arange(100))


def test_pairs_are_found_across_blocks_and_only_once() -> None:
    thumbs = parts(40, 1)
    thumbs = np.concatenate([thumbs, thumbs])
    found = [np.stack(pair, axis=1) for pair in alike_pairs(blocks_of(thumbs, 7), 80)]
    assert np.concatenate(found).tolist() == [[n, n + 40] for n in range(40)]


def test_in_a_huge_catalogue_only_near_names_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_alikes, "_PAIR_BUDGET", 80 * 20)
    near, far = parts(40, 2), np.concatenate([parts(40, 1)] * 2)
    assert len(np.unique(group_alike(blocks_of(near, 10), 80).label)) == 40
    assert len(np.unique(group_alike(blocks_of(far, 10), 80).label)) == 80


@pytest.mark.parametrize("count", [0, 1])
def test_no_pictures_and_one_picture_are_no_pairs(count: int) -> None:
    assert group_alike(blocks_of(parts(1, 1)[:count]), count).label.tolist() == list(range(count))


def test_pictures_of_one_grey_are_like_nothing() -> None:
    flat = np.full((30, 1024), 128, dtype=np.uint8)
    assert len(np.unique(group_alike(blocks_of(flat), 30).label)) == 30
