"""Pictures and their masks into the blob store, several at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from data_registry.storage import BlobStore
from factory_gen.images.files import encode_mask, encode_png

# A write waits for the disk, and the encoders let other threads run.
WRITERS = 4


def store_pairs(blobs: BlobStore, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[tuple[str, str]]:
    """Encode and store pictures (H,W[,3]) and masks (H,W) bool; gives the two hashes of each, in order.

    Raises:
        NoSpace: the disk is full.
    """

    def put(pair: tuple[np.ndarray, np.ndarray]) -> tuple[str, str]:
        pixels, mask = pair
        return blobs.put(encode_png(pixels)), blobs.put(encode_mask(mask))

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(put, pairs))
