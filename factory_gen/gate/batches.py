"""Batches of windows for one arm.

A batch has base slots and extra slots. Base slots: mostly good windows, the rest real defects as often as they occur.
Extra slots: a defect type by the class mix, from the arm's source; where a type gets a share below 1, a real window of
that type fills the rest. Every slot has random numbers of its own, which do not depend on the arm, so two arms differ
in what the extra slots show and in nothing else, and with share 0 an arm is the control, down to the pixel.

Shape legend: B windows, S side of a window, C = 3 channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from factory_gen.errors import InputRefused
from factory_gen.gate.arms import BASE, CUTPASTE, PERLIN, REAL, SYNTHETIC, Arm
from factory_gen.gate.augment import vary
from factory_gen.gate.cutpaste import cutpaste
from factory_gen.gate.perlin import perlin
from factory_gen.gate.pictures import GatePicture, defect_types
from factory_gen.images.foreground import foreground
from factory_gen.images.windows import cut, pad_to, place, to_unit
from factory_gen.seeds import numpy_generator

CHANNELS = 3
# Of the base slots. An inspector that sees a defect in most windows finds one in most good pictures, too.
GOOD = 0.85
_SHIFT = 0.35  # a defect's pixel lies this far from the window's middle at most, in sides


@dataclass(frozen=True)
class Batch:
    """Windows for one training step.

    Attributes:
        pixels: (B,S,S,C) float32 in [-1,1].
        mask: (B,S,S) bool, True on any defect.
        kinds: (B,) int64, 0 is good, else 1 + place in the stream's types.
        keys: of the pictures they were cut from.
        sources: what filled each slot, a constant of `factory_gen/gate/arms.py`.
        masked: (B,) bool, False where the picture has a label but no mask.
    """

    pixels: np.ndarray
    mask: np.ndarray
    kinds: np.ndarray
    keys: tuple[str, ...]
    sources: tuple[str, ...]
    masked: np.ndarray


@dataclass(frozen=True)
class Pools:
    """All pictures that one run may train on.

    Attributes:
        real: the plant's, good and defective.
        synthetic: ours.
        region: where a defect may sit on a good picture; the part itself by default.
    """

    real: Sequence[GatePicture]
    synthetic: Sequence[GatePicture] = ()
    region: Callable[[GatePicture], np.ndarray] = field(default=lambda picture: foreground(picture.pixels))


@dataclass(frozen=True)
class Plan:
    """How batches are filled.

    Attributes:
        window: side of a window in pixels.
        batch: windows per step.
        extra: share of the batch that the arm fills.
        mix: defect type to its share of the extra slots; what the sum lacks to 1 is drawn like a base slot.
        moves: flips and turns that the part allows.
        shares: defect type to the share of its extra slots that the arm's own source fills; all of them by default.
        real_from: from this step on the extra slots show real windows alone, None for never.
    """

    window: int
    batch: int
    extra: float
    mix: Mapping[str, float]
    moves: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    real_from: int | None = None


@dataclass(frozen=True)
class _Piece:
    pixels: np.ndarray
    mask: np.ndarray
    bit_depth: int
    kind: str | None
    key: str
    source: str
    masked: bool = True


class BatchStream:
    """The batches of one run: the same seed and arm give the same batches, whatever was drawn before.

    Args:
        pools: pictures to draw from.
        arm: what fills the extra slots.
        plan: how.
        seed: of every draw.
        types: defect types in the order of `Batch.kinds`; those of the pools by default.

    Raises:
        InputRefused: no good picture or no real defect.
    """

    def __init__(
        self, pools: Pools, arm: Arm, plan: Plan, seed: int, types: Sequence[str] | None = None
    ) -> None:
        self.arm, self.plan, self.seed = arm, plan, seed
        self.types = tuple(types) if types is not None else defect_types(pools.real)
        self._good = [picture for picture in pools.real if picture.is_good]
        self._bad = [picture for picture in pools.real if not picture.is_good]
        if not self._good or not self._bad:
            raise InputRefused(
                expected="good pictures and real defects to train an inspector on",
                found=f"{len(self._good)} good and {len(self._bad)} defective",
                action="Ingest both, or let more groups go to the generator's split.",
            )
        self._real = {name: [p for p in self._bad if name in p.labels] for name in self.types}
        self._cuttable = {name: [p for p in found if p.masks] for name, found in self._real.items()}
        self._synthetic = {name: [p for p in pools.synthetic if name in p.labels] for name in self.types}
        self._region = pools.region
        self._regions: dict[str, np.ndarray] = {}

    def batch(self, step: int) -> Batch:
        """The windows of one step."""
        extra = round(self.plan.extra * self.plan.batch)
        finishing = self.plan.real_from is not None and step >= self.plan.real_from
        pieces = []
        for slot in range(self.plan.batch):
            rng = numpy_generator(self.seed, "gate", step, slot)
            pieces.append(self._finish(self._extra(rng, finishing) if slot < extra else self._base(rng), rng))
        return Batch(
            np.stack([piece.pixels for piece in pieces]),
            np.stack([piece.mask for piece in pieces]),
            np.array([self._kind(piece) for piece in pieces], dtype=np.int64),
            tuple(piece.key for piece in pieces),
            tuple(piece.source for piece in pieces),
            np.array([piece.masked for piece in pieces]),
        )

    def _kind(self, piece: _Piece) -> int:
        return 0 if piece.kind is None else 1 + self.types.index(piece.kind)

    def _base(self, rng: np.random.Generator) -> _Piece:
        if rng.random() < GOOD:
            return self._window(self._good[int(rng.integers(len(self._good)))], None, rng, BASE)
        picture = self._bad[int(rng.integers(len(self._bad)))]
        return self._window(picture, picture.labels[int(rng.integers(len(picture.labels)))], rng, BASE)

    def _extra(self, rng: np.random.Generator, finishing: bool) -> _Piece:
        # These draws come first and are made in every arm, so that the class mix is the same down to the slot.
        (name, place), turn = self._draw_type(rng.random()), rng.random()
        source = self.arm.fills[int(turn * len(self.arm.fills))]
        if name is None or source == BASE:
            return self._base(rng)
        if finishing or place >= self.plan.shares.get(name, 1.0):
            source = REAL
        if source == SYNTHETIC and self._synthetic[name]:
            return self._window(self._pick(self._synthetic[name], rng), name, rng, SYNTHETIC)
        if source == PERLIN:
            return self._drawn(name, rng)
        if source == CUTPASTE and self._cuttable[name]:
            return self._pasted(name, rng)
        return self._window(self._pick(self._real[name], rng), name, rng, REAL)

    def _draw_type(self, number: float) -> tuple[str | None, float]:
        """The type whose part of [0,1) holds the number, and where in that part it lies, in [0,1)."""
        total = 0.0
        for name in self.types:
            part = self.plan.mix.get(name, 0.0) if self._real[name] else 0.0
            if number < total + part:
                return name, (number - total) / part
            total += part
        return None, 0.0

    def _pasted(self, name: str, rng: np.random.Generator) -> _Piece:
        defect = self._window(self._pick(self._cuttable[name], rng), name, rng, CUTPASTE)
        good, region = self._good_window(rng)
        if good.pixels.shape != defect.pixels.shape or good.pixels.dtype != defect.pixels.dtype:
            return defect
        pixels, mask = cutpaste(
            good.pixels, defect.pixels, defect.mask, rng, region=region, moves=self.plan.moves
        )
        return _Piece(pixels, mask, good.bit_depth, name if mask.any() else None, defect.key, CUTPASTE)

    def _drawn(self, name: str, rng: np.random.Generator) -> _Piece:
        good, region = self._good_window(rng)
        pixels, mask = perlin(good.pixels, rng, region=region)
        return _Piece(pixels, mask, good.bit_depth, name if mask.any() else None, good.key, PERLIN)

    def _good_window(self, rng: np.random.Generator) -> tuple[_Piece, np.ndarray]:
        picture = self._pick(self._good, rng)
        if picture.key not in self._regions:
            self._regions[picture.key] = pad_to(self._region(picture), self.plan.window)
        top, left = self._corner(picture, None, rng)
        region = cut(self._regions[picture.key], top, left, self.plan.window)
        return self._cut(picture, top, left, None, BASE), region

    def _pick(self, pictures: Sequence[GatePicture], rng: np.random.Generator) -> GatePicture:
        return pictures[int(rng.integers(len(pictures)))]

    def _window(
        self, picture: GatePicture, name: str | None, rng: np.random.Generator, source: str
    ) -> _Piece:
        top, left = self._corner(picture, name, rng)
        return self._cut(picture, top, left, name, source)

    def _corner(self, picture: GatePicture, name: str | None, rng: np.random.Generator) -> tuple[int, int]:
        """A random place, or one that shows a random pixel of the type's defect."""
        side = self.plan.window
        height, width = (max(length, side) for length in picture.size)
        if name is None or name not in picture.masks:
            return int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        ys, xs = np.nonzero(picture.masks[name])
        pick, shift = int(rng.integers(len(ys))), rng.uniform(-_SHIFT, _SHIFT, size=2) * side
        return place((ys[pick] + shift[0], xs[pick] + shift[1]), side, height, width)

    def _cut(self, picture: GatePicture, top: int, left: int, name: str | None, source: str) -> _Piece:
        side = self.plan.window
        pixels = cut(pad_to(picture.pixels, side), top, left, side)
        mask = cut(pad_to(picture.mask, side), top, left, side)
        return _Piece(pixels, mask, picture.bit_depth, name, picture.key, source, picture.has_masks)

    def _finish(self, piece: _Piece, rng: np.random.Generator) -> _Piece:
        values = to_unit(piece.pixels, piece.bit_depth, CHANNELS) * 0.5 + 0.5
        values, mask = vary(values, piece.mask, self.plan.moves, rng)
        kind = piece.kind if mask.any() or not piece.masked else None
        return _Piece(values * 2.0 - 1.0, mask, 0, kind, piece.key, piece.source, piece.masked)
