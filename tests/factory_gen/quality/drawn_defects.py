"""Real defects of three types on a drawn surface: dark dents, bright scratches, rough stains."""

from __future__ import annotations

import cv2
import numpy as np

SIZE = 140
TYPES = ("dent", "scratch", "stain")


def shape(kind: str, seed: int) -> np.ndarray:
    """A mask (SIZE,SIZE) bool that is typical of the type."""
    rng = np.random.default_rng((seed, 1))
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    x, y = (int(v) for v in rng.integers(50, 90, 2))
    if kind == "scratch":
        turn = rng.uniform(0, np.pi)
        reach = np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(20, 30)
        ends = [(int(x + sign * reach[0]), int(y + sign * reach[1])) for sign in (-1, 1)]
        cv2.line(canvas, *ends, 1, 3)
    else:
        axes = (int(rng.integers(9, 15)), int(rng.integers(9, 15)))
        cv2.ellipse(canvas, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return canvas > 0


def draw(kind: str, seed: int, mask: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Picture (SIZE,SIZE,1) float32 and mask of one defect; `mask` puts the type's looks into another shape."""
    mask = shape(kind, seed) if mask is None else mask
    rng = np.random.default_rng((seed, 2))
    grain = rng.normal(0, 0.05, (SIZE, SIZE)).astype(np.float32)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0)
    if kind == "stain":
        rough = cv2.GaussianBlur(rng.normal(0, 1, (SIZE, SIZE)).astype(np.float32), (0, 0), 1.2)
        picture = grain + soft * (0.7 * rough)
    else:
        picture = grain + soft * (-0.4 if kind == "dent" else 0.5) * float(rng.uniform(0.8, 1.2))
    return np.clip(picture, -1, 1)[:, :, None].astype(np.float32), mask
