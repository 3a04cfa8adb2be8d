"""Guards for shapes, types and ranges: what was expected, what was found, what to do."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from factory_gen.errors import UsageError


def check_pixels(pixels: np.ndarray, name: str) -> None:
    """Raise `UsageError` unless `pixels` is (H,W), (H,W,1) or (H,W,3) of uint8 or uint16."""
    good_shape = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3))
    if not good_shape or pixels.dtype not in (np.uint8, np.uint16):
        raise UsageError(
            expected=f"{name} of shape (H,W) or (H,W,3), uint8 or uint16",
            found=f"shape {pixels.shape}, {pixels.dtype}",
            action="Read the picture with factory_gen.images.files.read_picture.",
        )


def check_mask(mask: np.ndarray, size: tuple[int, int], name: str) -> None:
    """Raise `UsageError` unless `mask` is a bool array of `size` (H,W) with at least one True."""
    if mask.dtype != np.bool_ or mask.shape != size:
        raise UsageError(
            expected=f"{name}: bool of shape {size}",
            found=f"{mask.dtype} of shape {mask.shape}",
            action="Give a mask of the same size as its picture.",
        )
    if not mask.any():
        raise UsageError(
            expected=f"{name} with at least one defect pixel",
            found="an empty mask",
            action="Paint the place where the defect should go.",
        )


def check_choice(value: str, choices: Iterable[str], name: str) -> None:
    """Raise `UsageError` unless `value` is one of `choices`."""
    known = sorted(choices)
    if value not in known:
        raise UsageError(
            expected=f"{name} to be one of {', '.join(known)}",
            found=repr(value),
            action=f"Choose one of the listed values for {name}.",
        )


def check_positive(value: float, name: str) -> None:
    """Raise `UsageError` unless `value` is finite and above zero."""
    if not (0 < value < float("inf")):
        raise UsageError(expected=f"{name} above 0", found=str(value), action=f"Give a positive {name}.")
