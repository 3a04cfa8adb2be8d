"""Pictures of one physical part, found by their looks: the fall-back when nobody says which belong together.

Thumbnails are compared by normalised correlation, twice: as they are, and with the mean picture of the whole
catalogue taken away. The second one keeps different parts apart that stand in the same place under the same lamp.
Measured on the magnetic tiles with their known groups: at 0.95, 99.9 % of the pairs are right, and a third of all
pairs is found (the others were taken at another exposure). So this prevents the crudest leaks and replaces no list.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

Pairs = tuple[np.ndarray, np.ndarray]  # two (n,) arrays of numbers

ALIKE = 0.95
_PLAIN_ALIKE = 0.98  # without a mean picture to take away, a higher bar
_ENOUGH_FOR_MEAN = 20  # pictures from which the mean picture says something
_STRICTER = (0.95, 0.98, 0.99, 0.995)
# comparisons; beyond (10,000 pictures), only neighbouring names are compared, which also bounds the memory to 80 MB
_PAIR_BUDGET = 100_000_000
_MAX_SHARE, _SMALL_GROUP = 0.25, 12


@dataclass(frozen=True, slots=True)
class AlikeGroups:
    """Who looks like whom.

    Attributes:
        label: (N,) int64; pictures with the same number look alike.
        threshold: correlation that was asked for; None when no threshold tells the pictures apart.
    """

    label: np.ndarray
    threshold: float | None


def group_alike(blocks: Callable[[], Iterable[np.ndarray]], count: int) -> AlikeGroups:
    """Join pictures that look alike.

    Args:
        blocks: called for each pass; yields thumbnails in order, (n, pixels) uint8, a few hundred at a time.
        count: N, number of pictures.

    Returns:
        Labels. When more than a quarter of all pictures would fall into one group, the threshold is raised; when
        that does not help, every picture stays alone and `threshold` is None.
    """
    for threshold in _STRICTER:
        label = _join(alike_pairs(blocks, count, threshold), count)
        largest = int(np.bincount(label).max()) if count else 0
        if largest <= max(_SMALL_GROUP, _MAX_SHARE * count):
            return AlikeGroups(label, threshold)
    return AlikeGroups(np.arange(count), None)


def alike_pairs(
    blocks: Callable[[], Iterable[np.ndarray]], count: int, threshold: float = ALIKE
) -> Iterator[Pairs]:
    """Yield the pairs that look alike, as arrays of left and right numbers, left < right.

    Arguments as in `group_alike`.
    """
    if count < 2:
        return
    use_mean = count >= _ENOUGH_FOR_MEAN
    mean = _mean_picture(blocks) if use_mean else None
    bar = threshold if use_mean else max(threshold, _PLAIN_ALIKE)
    reach = max(_PAIR_BUDGET // count, 1)  # pictures back
    earlier: deque[tuple[int, np.ndarray, np.ndarray]] = deque()
    start = 0
    for block in blocks():
        plain = _normalised(block)
        rest = plain if mean is None else _unit(plain - mean)
        earlier.append((start, plain, rest))
        while start - earlier[0][0] > reach:
            earlier.popleft()
        for other_start, other_plain, other_rest in earlier:
            close = (other_rest @ rest.T >= bar) & (other_plain @ plain.T >= bar)
            left, right = np.nonzero(close)
            left, right = left + other_start, right + start
            if (left < right).any():
                yield left[left < right], right[left < right]
        start += len(block)


def _mean_picture(blocks: Callable[[], Iterable[np.ndarray]]) -> np.ndarray:
    total, count = 0.0, 0
    for block in blocks():
        total = total + _normalised(block).sum(axis=0, dtype=np.float64)
        count += len(block)
    return np.asarray(total / count, dtype=np.float32)


def _normalised(block: np.ndarray) -> np.ndarray:
    """(n, pixels) float32 with zero mean and unit length; a picture of one grey becomes zero, like nothing else."""
    values = block.astype(np.float32)
    return _unit(values - values.mean(axis=1, keepdims=True))


def _unit(values: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(np.where(length > 1e-6, values / np.maximum(length, 1e-6), 0.0), dtype=np.float32)


def _join(pairs: Iterable[Pairs], count: int) -> np.ndarray:
    """Union-find: (count,) int64, each member labelled by the first of its group."""
    parent = np.arange(count)

    def first(member: int) -> int:
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = int(parent[member])
        return member

    for left, right in pairs:
        members, places = np.unique(np.concatenate([left, right]), return_inverse=True)
        firsts = np.array([first(int(member)) for member in members])[places]
        # a catalogue of look-alikes has millions of pairs and few groups: each two groups are joined once
        for i, j in np.unique(np.stack([firsts[: len(left)], firsts[len(left) :]], axis=1), axis=0):
            low, high = sorted((first(int(i)), first(int(j))))
            parent[high] = low
    return np.array([first(member) for member in range(count)], dtype=np.int64)
