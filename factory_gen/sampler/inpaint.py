"""Draws defects into pictures of any size, many at a time.

All windows of a request are drawn together and agree where they overlap; several requests make one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from factory_gen.checks import check_choice, check_mask, check_pixels
from factory_gen.composite.paste import paste
from factory_gen.images.foreground import foreground
from factory_gen.images.masks import feather as soft_edge
from factory_gen.images.windows import pad_to, to_unit
from factory_gen.sampler.contrast_target import target_contrast
from factory_gen.sampler.parts import Parts
from factory_gen.sampler.window_draw import DefectTask, DrawChoice, draw_tasks
from factory_gen.sampler.window_plan import WindowPlace, plan_windows
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
    """A request under work: the picture in [-1,1], padded to at least a window and to whole latent cells."""

    def __init__(self, request: DefectRequest, parts: Parts, feather: float) -> None:
        facts = parts.facts
        check_choice(request.defect_type, facts.types[1:], "defect")
        self.request, self.feather, self.size = request, feather, facts.window
        self.cell = parts.autoencoder.factor
        self.generator = torch_generator(request.seed, "defect")
        strength = request.strength
        if strength is None:
            strength = float(torch.rand(1, generator=self.generator))
        self.strength, self.kind = strength, facts.types.index(request.defect_type)
        self.target = target_contrast(facts.contrasts, request.defect_type, strength)
        pixels = to_unit(request.pixels, request.bit_depth, facts.channels)
        self.canvas = whole_cells(pad_to(pixels, self.size), self.cell).copy()
        self.mask = np.zeros(self.canvas.shape[:2], dtype=bool)
        height, width = request.mask.shape
        self.mask[:height, :width] = request.mask
        self.region = whole_cells(pad_to(foreground(request.pixels), self.size), self.cell)
        self.places = plan_windows(self.mask, self.size, self.cell)
        self.area = _covered(self.places, self.size)

    def task(self) -> DefectTask:
        """The work on the piece that the windows cover."""
        top, left = self.area[0].start, self.area[1].start
        mask = self.mask[self.area]
        return DefectTask(
            canvas=self.canvas[self.area],
            mask=mask,
            weight=soft_edge(mask, self.feather),
            region=self.region[self.area],
            places=[WindowPlace(place.top - top, place.left - left) for place in self.places],
            size=self.size,
            kind=self.kind,
            strength=self.strength,
            target=self.target,
            shift=self.request.shift,
            generator=self.generator,
        )

    def result(self, drawn: np.ndarray) -> DrawnDefect:
        """The finished picture."""
        self.canvas[self.area] = drawn
        height, width = self.request.mask.shape
        pixels = paste(
            self.request.pixels, self.canvas[:height, :width], self.request.mask, self.request.bit_depth
        )
        return DrawnDefect(pixels, self.target, len(self.places))


def whole_cells(array: np.ndarray, cell: int) -> np.ndarray:
    """A (H,W[,C]) array continued by its last row and column until both sides are multiples of `cell`."""
    below, right = (-side % cell for side in array.shape[:2])
    rest = [(0, 0)] * (array.ndim - 2)
    return np.pad(array, [(0, below), (0, right), *rest], mode="edge") if below or right else array


def _covered(places: Sequence[WindowPlace], size: int) -> tuple[slice, slice]:
    tops, lefts = [place.top for place in places], [place.left for place in places]
    return slice(min(tops), max(tops) + size), slice(min(lefts), max(lefts) + size)


def draw_defects(
    parts: Parts, requests: Sequence[DefectRequest], choice: DrawChoice, *, feather: float, batch: int = 64
) -> list[DrawnDefect]:
    """Draw all requests.

    Args:
        parts: the model.
        requests: pictures, masks, types, seeds.
        choice: solver, codes, candidates, margin, gain.
        feather: width in pixels of the blend inside the mask's edge.
        batch: windows drawn together; a defect of more windows is drawn alone.

    Returns:
        One `DrawnDefect` per request, in order.

    Raises:
        UsageError: a type that the model does not know, or a mask of another size than its picture.
    """
    canvases = [_Canvas(request, parts, feather) for request in requests]
    result: list[DrawnDefect] = []
    while len(result) < len(canvases):
        some = _next_batch(canvases[len(result) :], batch)
        drawn = draw_tasks(parts, [canvas.task() for canvas in some], choice)
        result += [canvas.result(one) for canvas, one in zip(some, drawn, strict=True)]
    return result


def _next_batch(canvases: Sequence[_Canvas], batch: int) -> Sequence[_Canvas]:
    """The first of them, as many as have `batch` windows together; at least one."""
    count, windows = 1, len(canvases[0].places)
    while count < len(canvases) and windows + len(canvases[count].places) <= batch:
        windows += len(canvases[count].places)
        count += 1
    return canvases[:count]


def request_seed(seed: int, index: int, attempt: int) -> int:
    """The seed of the n-th sample's attempt: the same whatever else is drawn with it."""
    return int(
        torch.randint(0, 2**62, (1,), generator=torch_generator(seed, "sample", index, attempt)).item()
    )
