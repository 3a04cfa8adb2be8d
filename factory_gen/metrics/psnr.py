"""PSNR: how exactly pixels come back, over whole pictures and inside the defect masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from factory_gen.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class PsnrScore:
    """Signal to noise in dB; inf for equal pixels, nan where there was nothing to compare.

    Fields:
        overall: over every pixel of the set.
        inside: over the pixels under the masks only.
    """

    overall: float
    inside: float


def psnr(before: np.ndarray, after: np.ndarray, *, peak: float, where: np.ndarray | None = None) -> float:
    """PSNR in dB of arrays of one shape.

    Squared errors are pooled over everything given (not averaged per picture), so a set gets one honest figure
    that no perfect picture can lift.

    Args:
        before, after: any equal shapes, such as (H,W), (N,H,W) or (N,C,H,W).
        peak: largest possible difference: 255 for 8 bit, 2 for [-1, 1].
        where: bool, broadcastable to the shape; counts only where True.

    Raises:
        UsageError: the shapes differ or the peak is not positive.
    """
    if before.shape != after.shape or not peak > 0:
        raise UsageError(
            expected=f"two arrays of one shape {before.shape} and a positive peak",
            found=f"shape {after.shape}, peak {peak}",
            action="Compare a picture with its own reconstruction.",
        )
    squares = (before.astype(np.float64) - after.astype(np.float64)) ** 2
    if where is not None:
        squares = squares[np.broadcast_to(where, squares.shape)]
    if squares.size == 0:
        return float("nan")
    error = squares.mean()
    return float("inf") if error == 0 else float(10.0 * np.log10(peak**2 / error))


def measure_psnr(
    before_NCHW: np.ndarray, after_NCHW: np.ndarray, masks_NHW: np.ndarray, *, peak: float = 2.0
) -> PsnrScore:
    """PSNR of N windows (N,C,H,W) against their reconstructions, overall and under masks (N,H,W) bool.

    Windows without a defect have an empty mask and count overall only.
    """
    return PsnrScore(
        overall=psnr(before_NCHW, after_NCHW, peak=peak),
        inside=psnr(before_NCHW, after_NCHW, peak=peak, where=masks_NHW[:, None]),
    )
