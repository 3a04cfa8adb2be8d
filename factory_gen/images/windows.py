"""Windows: square cuts at native resolution, in and out of pictures of any size.

A picture smaller than the window is continued by mirroring to the right and below; the window then starts at 0.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch


def to_unit(pixels: np.ndarray, bit_depth: int, channels: int) -> np.ndarray:
    """Pixels (H,W) or (H,W,C), integer, to float32 (H,W,`channels`) in [-1,1].

    Grey becomes three equal channels and colour becomes its mean where the model asks for it.
    """
    values = pixels.astype(np.float32) * (2.0 / (2**bit_depth - 1)) - 1.0
    if values.ndim == 2:
        values = values[:, :, None]
    if values.shape[2] == channels:
        return values
    if channels == 3:
        return np.repeat(values, 3, axis=2)
    return values.mean(axis=2, keepdims=True)


def pad_to(array: np.ndarray, size: int) -> np.ndarray:
    """Mirror a (H,W[,C]) array to the right and below until both sides reach `size`."""
    height, width = array.shape[:2]
    below, right = max(0, size - height), max(0, size - width)
    if not (below or right):
        return array
    is_mask = array.dtype == np.bool_
    source = array.astype(np.uint8) if is_mask else array
    # Mirroring can give at most one picture more, so a very narrow picture is mirrored again and again.
    while below or right:
        step_b, step_r = min(below, source.shape[0] - 1), min(right, source.shape[1] - 1)
        flat = cv2.copyMakeBorder(source, 0, step_b, 0, step_r, cv2.BORDER_REFLECT_101)
        source = flat if source.ndim == flat.ndim else flat[:, :, None]
        below, right = below - step_b, right - step_r
    return source > 0 if is_mask else source


def cut(array: np.ndarray, top: int, left: int, size: int) -> np.ndarray:
    """Window (size,size[,C]) of an array whose sides are at least `size` (see `pad_to`)."""
    return array[top : top + size, left : left + size]


def place(centre: tuple[float, float], size: int, height: int, width: int) -> tuple[int, int]:
    """Corner (top, left) of a window around `centre` (y,x), moved inside a picture of height x width."""
    top = int(np.clip(round(centre[0] - size / 2), 0, max(0, height - size)))
    left = int(np.clip(round(centre[1] - size / 2), 0, max(0, width - size)))
    return top, left


def fill_smooth(window: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Blank a hole with the smooth continuation of what surrounds it (normalised convolution, coarse to fine).

    Args:
        window: (H,W,C) float32.
        hole: (H,W) bool, True where nothing may be known.

    Returns:
        (H,W,C) float32: the window outside the hole, a blur of the outside inside it; mid grey if all is hole.
    """
    if not hole.any():
        return window
    if hole.all():
        return np.zeros_like(window)
    known = (~hole).astype(np.float32)
    result = window.copy()
    missing = hole.copy()
    filled = np.zeros_like(window)
    for sigma in (3.0, 8.0, 24.0, 64.0):
        step = 1 if sigma <= 8 else 4
        weight = _blur(known, sigma, step)
        values = _blur(window * known[:, :, None], sigma, step).reshape(window.shape)
        able = missing & (weight > 0.05)
        filled[able] = values[able] / weight[able][:, None]
        missing &= ~able
        if not missing.any():
            break
    if missing.any():
        filled[missing] = window[~hole].mean(axis=0)
    result[hole] = filled[hole]
    # One more light blur hides the borders between the coarse and the fine fill.
    result[hole] = _blur(result, 2.0, 1).reshape(window.shape)[hole]
    return result


def _blur(array: np.ndarray, sigma: float, step: int) -> np.ndarray:
    """Gaussian blur, done on a picture `step` times smaller when it is wide."""
    if step == 1:
        return cv2.GaussianBlur(array, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    height, width = array.shape[:2]
    small = cv2.resize(array, (width // step, height // step), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_REFLECT_101)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def stack(windows: list[np.ndarray]) -> torch.Tensor:
    """List of (H,W,C) float arrays to a tensor (B,C,H,W) float32."""
    return torch.from_numpy(np.ascontiguousarray(np.stack(windows).transpose(0, 3, 1, 2)))


def unstack(windows_BCHW: torch.Tensor) -> np.ndarray:
    """Tensor (B,C,H,W) to a float32 array (B,H,W,C)."""
    return windows_BCHW.detach().float().cpu().numpy().transpose(0, 2, 3, 1)
