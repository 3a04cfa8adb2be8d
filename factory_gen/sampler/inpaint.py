"""Draws defects into pictures of any size, many at a time.

Each request is worked window by window; the n-th windows of all requests are drawn as one batch, and a later window
sees what the earlier ones have drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from factory_gen.checks import check_choice, check_mask, check_pixels
from factory_gen.composite.paste import paste
from factory_gen.images.foreground import foreground
from factory_gen.images.windows import cut, pad_to, to_unit
from factory_gen.sampler.contrast_target import target_contrast
from factory_gen.sampler.parts import Parts
from factory_gen.sampler.window_draw import DrawChoice, WindowTask, draw_windows
from factory_gen.sampler.window_plan import WindowPlace, blend_weight, plan_windows, region_to_draw
from factory_gen.seeds import torch_generator


@dataclass(frozen=True)
class DefectRequest:
    """One defect to draw.

    Attributes:
        pixels: the source picture, (H,W) or (H,W,3), uint8 or uint16.
        bit_depth: significant bits per channel.
        mask: (H,W) bool, where the defect goes.
        defect_type: one of the model's types.
        strength: contrast asked for as a rank in [0,1] among the real defects; None draws one at random.
        seed: decides everything random about this defect.
        shift: brightness step that the type's real defects typically have, in spreads of the surroundings; None
            when they have no clear sign.
    """

    pixels: np.ndarray
    bit_depth: int
    mask: np.ndarray
    defect_type: str
    strength: float | None
    seed: int
    shift: float | None = None

    def __post_init__(self) -> None:
        check_pixels(self.pixels, "picture")
        check_mask(self.mask, self.pixels.shape[:2], "mask")


@dataclass(frozen=True)
class DrawnDefect:
    """A picture with its defect.

    Attributes:
        pixels: same shape and type as the source; equal to it outside the mask, bit for bit.
        target: contrast that was aimed at, or None.
        windows: number of windows drawn.
    """

    pixels: np.ndarray
    target: float | None
    windows: int


class _Canvas:
    """A request under work: the picture in [-1,1], padded to at least a window."""

    def __init__(self, request: DefectRequest, parts: Parts, feather: float) -> None:
        facts = parts.facts
        check_choice(request.defect_type, facts.types[1:], "defect")
        self.request, self.feather, self.size = request, feather, facts.window
        self.generator = torch_generator(request.seed, "defect")
        strength = request.strength
        if strength is None:
            strength = float(torch.rand(1, generator=self.generator))
        self.strength, self.kind = strength, facts.types.index(request.defect_type)
        self.target = target_contrast(facts.contrasts, request.defect_type, strength)
        self.canvas = pad_to(to_unit(request.pixels, request.bit_depth, facts.channels), self.size).copy()
        self.mask = np.zeros(self.canvas.shape[:2], dtype=bool)
        height, width = request.mask.shape
        self.mask[:height, :width] = request.mask
        self.region = pad_to(foreground(request.pixels), self.size)
        self.done = np.zeros_like(self.mask)
        self.places = plan_windows(self.mask, self.size)

    def task(self, place: WindowPlace) -> WindowTask | None:
        """The window's work, or None when earlier windows have done it all."""
        mask, done = (cut(a, place.top, place.left, self.size) for a in (self.mask, self.done))
        fresh = region_to_draw(mask, done)
        if not (mask & ~done).any():
            return None
        return WindowTask(
            window=cut(self.canvas, place.top, place.left, self.size).copy(),
            mask=mask.copy(),
            fresh=fresh,
            weight=blend_weight(mask, done, self.feather),
            region=cut(self.region, place.top, place.left, self.size),
            kind=self.kind,
            strength=self.strength,
            target=self.target,
            shift=self.request.shift,
            generator=self.generator,
        )

    def accept(self, place: WindowPlace, window: np.ndarray, mask: np.ndarray) -> None:
        """Put a drawn window back."""
        area = slice(place.top, place.top + self.size), slice(place.left, place.left + self.size)
        self.canvas[area] = window
        self.done[area] |= mask

    def result(self) -> DrawnDefect:
        """The finished picture."""
        height, width = self.request.mask.shape
        pixels = paste(
            self.request.pixels, self.canvas[:height, :width], self.request.mask, self.request.bit_depth
        )
        return DrawnDefect(pixels, self.target, len(self.places))


def draw_defects(
    parts: Parts, requests: Sequence[DefectRequest], choice: DrawChoice, *, feather: float, batch: int = 64
) -> list[DrawnDefect]:
    """Draw all requests.

    Args:
        parts: the model.
        requests: pictures, masks, types, seeds.
        choice: solver, codes, candidates, margin, gain.
        feather: width in pixels of the blend inside the mask's edge.
        batch: windows drawn together.

    Returns:
        One `DrawnDefect` per request, in order.

    Raises:
        UsageError: a type that the model does not know, or a mask of another size than its picture.
    """
    canvases = [_Canvas(request, parts, feather) for request in requests]
    rounds = max((len(canvas.places) for canvas in canvases), default=0)
    for number in range(rounds):
        waiting = [(c, c.places[number]) for c in canvases if number < len(c.places)]
        work = [(c, place, task) for c, place in waiting if (task := c.task(place)) is not None]
        for start in range(0, len(work), batch):
            some = work[start : start + batch]
            windows = draw_windows(parts, [task for _, _, task in some], choice)
            for (canvas, place, task), window in zip(some, windows, strict=True):
                canvas.accept(place, window, task.mask)
    return [canvas.result() for canvas in canvases]


def request_seed(seed: int, index: int, attempt: int) -> int:
    """The seed of the n-th sample's attempt: the same whatever else is drawn with it."""
    return int(
        torch.randint(0, 2**62, (1,), generator=torch_generator(seed, "sample", index, attempt)).item()
    )
