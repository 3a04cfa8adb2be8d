"""The gate's pictures from registry and blobs: what an inspector may train on, and what it is judged by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import overload

import cv2
import numpy as np

from data_registry.records import DatasetVersionRecord, PartRecord, SourceImageRecord
from factory_gen.errors import InputRefused
from factory_gen.gate.pictures import GatePicture, trim
from factory_gen.gate.shares import deal_groups
from factory_gen.images.files import read_mask, read_picture
from factory_gen.seeds import numpy_generator
from pipelines.pictures.part_images import spread
from pipelines.wiring import Workplace

MOST_GOOD = 1000
_KEPT = 8


@dataclass(frozen=True)
class GateRows:
    """Which pictures a gate works with, still undecoded; one entry per picture, its rows one per defect type.

    Attributes:
        good, bad: of the generator's side.
        test_good, test_bad: held out.
        members: the version's samples, as the manifest lists them.
        whole: pictures are resized to one window each, since masks are missing.
    """

    good: Sequence[tuple[SourceImageRecord, ...]]
    bad: Sequence[tuple[SourceImageRecord, ...]]
    test_good: Sequence[tuple[SourceImageRecord, ...]]
    test_bad: Sequence[tuple[SourceImageRecord, ...]]
    members: Sequence[dict[str, object]]
    whole: bool

    @property
    def types(self) -> tuple[str, ...]:
        """Defect types of the generator's side."""
        return tuple(sorted({str(row.defect_type) for rows in self.bad for row in rows}))

    @property
    def test_groups(self) -> tuple[str, ...]:
        """Held-out groups."""
        return tuple(sorted({rows[0].group for rows in (*self.test_good, *self.test_bad)}))


def find_rows(
    work: Workplace, part: PartRecord, version: DatasetVersionRecord | None, *, pixels: bool
) -> GateRows:
    """Look up everything that a gate needs.

    Args:
        work, part, version: which; without a version there are no samples.
        pixels: whether the inspector needs masks; pictures without one are then left out.

    Raises:
        InputRefused: a side has no good or no defective pictures.
    """
    with work.registry.read() as rows:
        everything = list(rows.images.stream(part.id))
    found = {
        (split, kind): per_picture(row for row in everything if (row.split, row.kind) == (split, kind))
        for split in ("generator", "holdout")
        for kind in ("good", "defect")
    }
    unmasked = any(row.mask_sha256 is None for row in everything if row.kind == "defect")
    if pixels:
        for key in (("generator", "defect"), ("holdout", "defect")):
            found[key] = [rows for rows in found[key] if all(row.mask_sha256 for row in rows)]
    known = {row.defect_type for rows in found["generator", "defect"] for row in rows}
    test_bad = [rows for rows in found["holdout", "defect"] if {row.defect_type for row in rows} <= known]
    sides = (found["generator", "good"], found["generator", "defect"], found["holdout", "good"], test_bad)
    for name, side in zip(("good", "defective", "good held-out", "defective held-out"), sides, strict=True):
        if not side:
            raise InputRefused(
                expected=f"{name} pictures of {part.name}" + (" with masks" if pixels else ""),
                found="none",
                action="Ingest them; both splits need good and defective pictures.",
            )
    lines = [] if version is None else work.blobs.read(version.manifest_sha256).splitlines()
    members = [member for member in map(json.loads, lines) if member["kind"] == "sample"]
    return GateRows(*sides, members, unmasked and not pixels)


@dataclass(frozen=True)
class Sides:
    """What one split trains on and what it is judged by; no group is on both sides.

    Attributes:
        good, bad: for the inspectors.
        test_good, test_bad: scored.
        spare: defects of the inspectors' side that they are not given, as few real ones are asked for, of groups that
            show none of those given; they can judge the validation.
    """

    good: Sequence[tuple[SourceImageRecord, ...]]
    bad: Sequence[tuple[SourceImageRecord, ...]]
    test_good: Sequence[tuple[SourceImageRecord, ...]]
    test_bad: Sequence[tuple[SourceImageRecord, ...]]
    spare: Sequence[tuple[SourceImageRecord, ...]] = ()


def sides_of(rows: GateRows, split: int, *, apart: bool, goods: int) -> Sides:
    """The two sides of a split.

    Args:
        rows: everything.
        split: number of the split.
        apart: whether inspectors train on one half of the held-out groups and are judged by the other, so that
            generator, training and judging have no group in common; else they train on the generator's side.
        goods: good pictures to score at most, evenly over all.
    """
    if not apart:
        return Sides(_some(rows.good, MOST_GOOD), rows.bad, _some(rows.test_good, goods), rows.test_bad)
    held = (*rows.test_good, *rows.test_bad)
    folds = deal_groups([(one[0].group, labels_of(one)) for one in held], 2, split)
    halves = [
        [[one for one in side if folds[one[0].group] == fold] for side in (rows.test_good, rows.test_bad)]
        for fold in (0, 1)
    ]
    return Sides(_some(halves[0][0], MOST_GOOD), halves[0][1], _some(halves[1][0], goods), halves[1][1])


def labels_of(rows: Sequence[SourceImageRecord]) -> tuple[str, ...]:
    """Defect types that one picture's rows name."""
    return tuple(sorted({str(row.defect_type) for row in rows if row.defect_type}))


class StoredPictures(Sequence[GatePicture]):
    """Pictures that are decoded when they are looked at; the last few are remembered."""

    def __init__(
        self, work: Workplace, rows: Sequence[tuple[SourceImageRecord, ...]], resize: int | None
    ) -> None:
        self._rows = rows
        self._load = lru_cache(maxsize=_KEPT)(lambda place: load_picture(work, rows[place], resize))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> GatePicture: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[GatePicture]: ...

    def __getitem__(self, place: int | slice) -> GatePicture | Sequence[GatePicture]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._load(place)


def load_picture(work: Workplace, rows: Sequence[SourceImageRecord], resize: int | None) -> GatePicture:
    """Decode one picture with the masks of all its rows, resized to `resize` x `resize` where that is given."""
    first = rows[0]
    picture = read_picture(work.blobs.read(first.sha256), first.relative_path, bit_depth=first.bit_depth)
    size = (picture.height, picture.width)
    masks = {
        str(row.defect_type): read_mask(work.blobs.read(row.mask_sha256), row.relative_path, size=size)
        for row in rows
        if row.mask_sha256 is not None
    }
    masks = {name: mask for name, mask in masks.items() if mask.any()}
    made = GatePicture(
        f"image {first.id}", first.group, picture.pixels, picture.bit_depth, masks, labels_of(rows)
    )
    return made if resize is None else _shrunk(made, resize)


def load_samples(
    work: Workplace,
    rows: GateRows,
    sources: Mapping[str, SourceImageRecord],
    window: int,
    types: Sequence[str],
) -> list[GatePicture]:
    """Decode the version's samples of the given types, cut to what their windows may show.

    Args:
        work: blobs.
        rows: with the members.
        sources: hash of a source picture to its row.
        window: side of a window.
        types: defect types that count.
    """
    found = []
    for member in rows.members:
        lineage = dict(member["lineage"])  # type: ignore[call-overload]
        name = f"sample {lineage['sample_id']}"
        if lineage["defect_type"] not in types:
            continue
        source = sources[lineage["source_sha256"]]
        data = work.blobs.read(str(member["image_sha256"]))
        picture = read_picture(data, name, bit_depth=source.bit_depth)
        size = (picture.height, picture.width)
        mask = read_mask(work.blobs.read(str(member["mask_sha256"])), name, size=size)
        made = GatePicture(
            name,
            source.group,
            picture.pixels,
            picture.bit_depth,
            {lineage["defect_type"]: mask},
        )
        found.append(_shrunk(made, window) if rows.whole else trim(made, window))
    return found


def choose_references(
    bad: Sequence[tuple[SourceImageRecord, ...]], count: int, seed: int, prefer: frozenset[str] = frozenset()
) -> list[tuple[SourceImageRecord, ...]]:
    """`count` defects of each type, at random, those whose hash is in `prefer` first.

    Args:
        bad: pictures to choose from.
        count: per type.
        seed: of the choice.
        prefer: hashes of pictures that the generator was trained on.
    """
    order = numpy_generator(seed, "gate", "references").permutation(len(bad))
    mixed = sorted((bad[int(place)] for place in order), key=lambda rows: rows[0].sha256 not in prefer)
    left = {str(row.defect_type): count for rows in bad for row in rows}
    chosen = []
    for rows in mixed:
        if all(left[str(row.defect_type)] > 0 for row in rows):
            chosen.append(rows)
            for row in rows:
                left[str(row.defect_type)] -= 1
    return chosen


def per_picture(rows: Iterable[SourceImageRecord]) -> list[tuple[SourceImageRecord, ...]]:
    """The rows of each picture together: one per defect type that it shows."""
    found: dict[str, list[SourceImageRecord]] = {}
    for row in rows:
        found.setdefault(row.sha256, []).append(row)
    return [tuple(together) for together in found.values()]


def _some(rows: Sequence[tuple[SourceImageRecord, ...]], most: int) -> list[tuple[SourceImageRecord, ...]]:
    kept = {row.id for row in spread([together[0] for together in rows], most)}
    return [together for together in rows if together[0].id in kept]


def _shrunk(picture: GatePicture, side: int) -> GatePicture:
    pixels = cv2.resize(picture.pixels, (side, side), interpolation=cv2.INTER_AREA)
    masks = {}
    for name, mask in picture.masks.items():
        small = cv2.resize(mask.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        masks[name] = small >= min(0.5, float(small.max()))
    return GatePicture(picture.key, picture.group, pixels, picture.bit_depth, masks, picture.labels)
