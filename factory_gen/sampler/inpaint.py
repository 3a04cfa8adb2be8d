"""Draws defects into pictures of any size, many at a time.

All windows of a request are drawn together and agree where they overlap; several requests make one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from factory_gen.checks import check_choice, check_mask, check_pixels
from factory_gen.composite.paste import paste
from factory_gen.composite.trim import changed_part
from factory_gen.images.foreground import foreground
from factory_gen.images.masks import dilate
from factory_gen.images.masks import feather as soft_edge
from factory_gen.images.windows import pad_to, to_unit
from factory_gen.sampler.contrast_target import target_contrast
from factory_gen.sampler.parts import Parts
from factory_gen.sampler.window_draw import DefectTask, DrawChoice, draw_tasks
from factory_gen.sampler.window_plan import WindowPlace, plan_windows
from factory_gen.seeds import torch_generator
from factory_gen.stages import stage

# Distances in pixels from a mask's middle to its edge up to which, and from which on, the blend has one width.
THIN, THICK = 16.0, 40.0
WIDEST_EDGE = 6.0


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
        region: (H,W) bool, the part in the picture; found from the pixels when it is not given.
        pasted: like `pixels`, with a real defect under the mask, for codes "paste".
    """

    pixels: np.ndarray
    bit_depth: int
    mask: np.ndarray
    defect_type: str
    strength: float | None
    seed: int
    shift: float | None = None
    region: np.ndarray | None = None
    pasted: np.ndarray | None = None

    def __post_init__(self) -> None:
        check_pixels(self.pixels, "picture")
        check_mask(self.mask, self.pixels.shape[:2], "mask")


@dataclass(frozen=True)
class DrawnDefect:
    """A picture with its defect.

    Attributes:
        pixels: same shape and type as the source; equal to it outside the mask, bit for bit.
        mask: (H,W) bool, the request's; with `trim` what of it really changed.
        target: contrast that was aimed at, or None.
        windows: number of windows drawn.
    """

    pixels: np.ndarray
    mask: np.ndarray
    target: float | None
    windows: int


class _Canvas:
    """A request under work: the piece of its picture that the windows cover, in [-1,1].

    Where windows reach beyond the picture (one smaller than a window, or a part of a latent cell), it is continued.
    """

    def __init__(self, request: DefectRequest, parts: Parts, choice: DrawChoice) -> None:
        facts = parts.facts
        check_choice(request.defect_type, facts.types[1:], "defect")
        self.request, self.choice, self.size = request, choice, facts.window
        self.cell = parts.autoencoder.factor
        self.generator = torch_generator(request.seed, "defect")
        strength = request.strength
        if strength is None:
            strength = float(torch.rand(1, generator=self.generator))
        self.strength, self.kind = strength, facts.types.index(request.defect_type)
        self.target = target_contrast(facts.contrasts, request.defect_type, strength)
        self.places = plan_windows(self._padded(request.mask), self.size, self.cell)
        self.area = _covered(self.places, self.size)
        self.inside = _inside(self.area, request.mask.shape)
        self.canvas = to_unit(self._piece(request.pixels), request.bit_depth, facts.channels)
        self.pasted = request.pasted
        if request.pasted is not None:
            self.pasted = to_unit(self._piece(request.pasted), request.bit_depth, facts.channels)
        self.mask = np.zeros(self.canvas.shape[:2], dtype=bool)
        known = request.mask[self.inside]
        self.mask[: known.shape[0], : known.shape[1]] = known
        region = foreground(request.pixels) if request.region is None else request.region
        self.region = self._piece(region)

    def _padded(self, mask: np.ndarray) -> np.ndarray:
        """The mask (H,W) with room for whole windows and whole cells."""
        height, width = (-(-max(side, self.size) // self.cell) * self.cell for side in mask.shape)
        if (height, width) == mask.shape:
            return mask
        padded = np.zeros((height, width), dtype=bool)
        padded[: mask.shape[0], : mask.shape[1]] = mask
        return padded

    def _piece(self, array: np.ndarray) -> np.ndarray:
        """The covered piece of a (H,W[,C]) array over the picture."""
        if min(array.shape[:2]) < self.size:
            return whole_cells(pad_to(array, self.size), self.cell)[self.area]
        piece = array[self.inside]
        below, right = (s.stop - s.start - side for s, side in zip(self.area, piece.shape[:2], strict=True))
        return continued(piece, below, right)

    def task(self) -> DefectTask:
        """The work on the covered piece."""
        top, left = self.area[0].start, self.area[1].start
        return DefectTask(
            canvas=self.canvas,
            mask=self.mask,
            told=self.mask | (dilate(self.mask, self.choice.overdraw) & self.region),
            weight=soft_edge(self.mask, edge_width(self.mask, self.choice.feather)),
            region=self.region,
            places=[WindowPlace(place.top - top, place.left - left) for place in self.places],
            size=self.size,
            kind=self.kind,
            strength=self.strength,
            target=self.target,
            shift=self.request.shift,
            generator=self.generator,
            pasted=self.pasted,
        )

    def result(self, drawn: np.ndarray) -> DrawnDefect:
        """The finished picture."""
        source, mask = self.request.pixels[self.inside], self.request.mask[self.inside]
        pixels = self.request.pixels.copy()
        own = drawn[: mask.shape[0], : mask.shape[1]]
        result, whole = paste(source, own, mask, self.request.bit_depth), self.request.mask
        if self.choice.trim:
            kept = changed_part(source, result, mask)
            result = paste(source, own, kept, self.request.bit_depth)
            whole = np.zeros_like(whole)
            whole[self.inside] = kept
        pixels[self.inside] = result
        return DrawnDefect(pixels, whole, self.target, len(self.places))


def edge_width(mask: np.ndarray, least: float) -> float:
    """Width in pixels of the blend inside a mask's edge (H,W): `least`, and `WIDEST_EDGE` for thick masks.

    Masks of large areas are drawn by a broad hand, and the real look fades where they end. Small defects end where
    their masks do, so what is seen must, too, or the masks would be too large by the blend.
    """
    padded = np.pad(mask, 1, mode="edge").astype(np.uint8)
    thickness = float(cv2.distanceTransform(padded, cv2.DIST_L2, 5).max())
    share = float(np.clip((thickness - THIN) / (THICK - THIN), 0.0, 1.0))
    return least + share * max(0.0, WIDEST_EDGE - least)


def whole_cells(array: np.ndarray, cell: int) -> np.ndarray:
    """A (H,W[,C]) array continued by its last row and column until both sides are multiples of `cell`."""
    below, right = (-side % cell for side in array.shape[:2])
    return continued(array, below, right)


def continued(array: np.ndarray, below: int, right: int) -> np.ndarray:
    """A (H,W[,C]) array with its last row and column repeated `below` and `right` times."""
    rest = [(0, 0)] * (array.ndim - 2)
    return np.pad(array, [(0, below), (0, right), *rest], mode="edge") if below or right else array


def _covered(places: Sequence[WindowPlace], size: int) -> tuple[slice, slice]:
    tops, lefts = [place.top for place in places], [place.left for place in places]
    return slice(min(tops), max(tops) + size), slice(min(lefts), max(lefts) + size)


def _inside(area: tuple[slice, slice], size: tuple[int, ...]) -> tuple[slice, slice]:
    rows, columns = (slice(s.start, min(s.stop, side)) for s, side in zip(area, size, strict=True))
    return rows, columns


def draw_defects(
    parts: Parts, requests: Sequence[DefectRequest], choice: DrawChoice, *, batch: int = 64
) -> list[DrawnDefect]:
    """Draw all requests.

    Args:
        parts: the model.
        requests: pictures, masks, types, seeds.
        choice: solver, codes, candidates, margin, gain, feather, overdraw, trim.
        batch: windows drawn together; a defect of more windows is drawn alone.

    Returns:
        One `DrawnDefect` per request, in order.

    Raises:
        UsageError: a type that the model does not know, or a mask of another size than its picture.
    """
    with stage("composite"):
        canvases = [_Canvas(request, parts, choice) for request in requests]
    result: list[DrawnDefect] = []
    while len(result) < len(canvases):
        some = _next_batch(canvases[len(result) :], batch)
        drawn = draw_tasks(parts, [canvas.task() for canvas in some], choice)
        with stage("composite"):
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
