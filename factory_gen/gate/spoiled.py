"""Sets made to harm: a gate that calls one of them a help cannot be trusted.

Each starts from CutPaste, which needs no generator, so that the check is about the gate alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from factory_gen.gate.cutpaste import cutpaste
from factory_gen.gate.pictures import GatePicture
from factory_gen.images.foreground import foreground
from factory_gen.images.masks import bounds
from factory_gen.seeds import numpy_generator

_MARGIN = 8


def pasted(real: Sequence[GatePicture], count: int, seed: int) -> list[GatePicture]:
    """`count` good pictures with a real defect each, types in turn; fewer where there was no room.

    Args:
        real: good pictures and defects with masks.
        count: how many.
        seed: of choice and place.
    """
    good = [picture for picture in real if picture.is_good]
    bad = [picture for picture in real if picture.masks]
    names = sorted({name for picture in bad for name in picture.masks})
    found = []
    for number in range(count):
        rng, name = numpy_generator(seed, "spoiled", number), names[number % len(names)]
        donors = [picture for picture in bad if name in picture.masks]
        source, target = donors[int(rng.integers(len(donors)))], good[int(rng.integers(len(good)))]
        if source.pixels.ndim != target.pixels.ndim or source.pixels.dtype != target.pixels.dtype:
            continue
        region = foreground(target.pixels)
        pixels, mask = cutpaste(target.pixels, source.pixels, source.masks[name], rng, region=region)
        if mask.any():
            found.append(
                GatePicture(f"pasted {number}", target.group, pixels, target.bit_depth, {name: mask})
            )
    return found


def shuffled_masks(pictures: Sequence[GatePicture], seed: int) -> list[GatePicture]:
    """Each picture with a mask somewhere else: its own, rolled by a third to two thirds of the picture both ways."""
    found = []
    for number, picture in enumerate(pictures):
        rng = numpy_generator(seed, "shuffled", number)
        moves = [int(rng.integers(side // 3, max(side // 3 + 1, 2 * side // 3))) for side in picture.size]
        masks = {name: np.roll(mask, moves, axis=(0, 1)) for name, mask in picture.masks.items()}
        found.append(replace(picture, masks=masks))
    return found


def invisible(pictures: Sequence[GatePicture], real: Sequence[GatePicture]) -> list[GatePicture]:
    """The masks on good pictures, where nothing is to be seen."""
    good = [picture for picture in real if picture.is_good]
    found = []
    for number, picture in enumerate(pictures):
        chosen = good[number % len(good)]
        masks = {name: _fitted(mask, chosen.size) for name, mask in picture.masks.items()}
        if all(mask.any() for mask in masks.values()):
            found.append(replace(picture, pixels=chosen.pixels, bit_depth=chosen.bit_depth, masks=masks))
    return found


def off_the_part(pictures: Sequence[GatePicture], real: Sequence[GatePicture]) -> list[GatePicture]:
    """The defects cut out under their masks and laid on a dark backdrop beside good parts."""
    good = [picture for picture in real if picture.is_good]
    found = []
    for number, picture in enumerate(pictures):
        chosen = good[number % len(good)]
        (name, mask), *_ = picture.masks.items()
        top, left, bottom, right = bounds(mask)
        width, tall = chosen.size[1], max(0, bottom - top - chosen.size[0])
        frame = [(0, tall), (0, right - left + 2 * _MARGIN), *[(0, 0)] * (chosen.pixels.ndim - 2)]
        pixels = np.pad(chosen.pixels, frame, constant_values=int(chosen.pixels.min()) // 4)
        moved = np.zeros(pixels.shape[:2], dtype=bool)
        shape = mask[top:bottom, left:right]
        start = width + _MARGIN
        moved[: shape.shape[0], start : start + shape.shape[1]] = shape
        pixels[moved] = picture.pixels[mask]
        found.append(replace(picture, pixels=pixels, bit_depth=chosen.bit_depth, masks={name: moved}))
    return found


Spoil = Callable[[Sequence[GatePicture], Sequence[GatePicture], int], list[GatePicture]]
SPOILED: dict[str, Spoil] = {
    "shuffled masks": lambda ours, _real, seed: shuffled_masks(ours, seed),
    "invisible defects": lambda ours, real, _seed: invisible(ours, real),
    "defects off the part": lambda ours, real, _seed: off_the_part(ours, real),
}


def _fitted(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask cut or continued to a size (H,W)."""
    result = np.zeros(size, dtype=bool)
    rows, columns = (min(one, other) for one, other in zip(mask.shape, size, strict=True))
    result[:rows, :columns] = mask[:rows, :columns]
    return result
