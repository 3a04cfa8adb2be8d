"""The only source of randomness: a purpose, a seed and an index make one `torch.Generator`.

Every draw in the product takes its generator from here, so that the same request gives the same bytes and a
training that was killed at step n continues with the very batches it would have seen.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch


def derive(seed: int, *path: int | str) -> int:
    """Hash a seed and a path of names and indexes to a 63-bit integer.

    Args:
        seed: the user's seed, any integer.
        path: what the number is for, such as ``("flow", 120)``; order matters.

    Returns:
        An integer in [0, 2^63).
    """
    text = "/".join(str(part) for part in (seed, *path))
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def torch_generator(seed: int, *path: int | str) -> torch.Generator:
    """Make a CPU generator for one purpose (see `derive`)."""
    return torch.Generator().manual_seed(derive(seed, *path))


def numpy_generator(seed: int, *path: int | str) -> np.random.Generator:
    """Make a numpy generator for one purpose (see `derive`)."""
    return np.random.default_rng(derive(seed, *path))


def numpy_from(generator: torch.Generator) -> np.random.Generator:
    """Make a numpy generator that is decided by, and advances, a torch one."""
    number = int(torch.randint(0, 2**62, (1,), generator=generator).item())
    return np.random.default_rng(number)
