"""Pairs come back bit for bit and in order, and a fault of the disk is the caller's to hear."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_registry.errors import NoSpace
from data_registry.storage import BlobStore
from factory_gen.images.files import read_mask, read_picture
from pipelines.pictures.stored_pairs import WRITERS, store_pairs


def pairs(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(4)
    return [
        (rng.integers(0, 255, (33, 40), dtype=np.uint8), rng.random((33, 40)) < 0.3) for _ in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 3 * WRITERS + 1])
def test_pairs_come_back_in_order(tmp_path: Path, count: int) -> None:
    blobs, given = BlobStore(tmp_path), pairs(count)
    stored = store_pairs(blobs, given)
    assert len(stored) == count
    for (image, mask), (pixels, where) in zip(stored, given, strict=True):
        assert (read_picture(blobs.read(image), "p").pixels == pixels).all()
        assert (read_mask(blobs.read(mask), "m", size=where.shape) == where).all()


class FullStore(BlobStore):
    """A store whose disk is full."""

    def put(self, data: bytes) -> str:
        raise NoSpace(expected="room", found="none", action="Free some.")


def test_a_fault_of_the_disk_is_raised(tmp_path: Path) -> None:
    with pytest.raises(NoSpace):
        store_pairs(FullStore(tmp_path), pairs(2))
