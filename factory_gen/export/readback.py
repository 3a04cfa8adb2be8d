"""Compare what a format's reader sees with the masks that were meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from factory_gen.errors import IntegrityError
from factory_gen.export.gate import Gate
from factory_gen.export.item import mask_digest
from factory_gen.export.layout import ReadMask
from factory_gen.export.manifest import MANIFEST, read_manifest
from factory_gen.export.masks_on_disk import read_mask_file

LEAST_IOU = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """How well the masks of one view survived.

    Attributes:
        view: the file or folder that was read.
        lossless: whether it can hold every mask exactly.
        masks: how many masks were compared.
        exact: how many came back with IoU 1.0.
        mean_iou, worst_iou: in [0,1].
        worst: the sample with the lowest IoU; None if all are exact.
        below: how many lie below `LEAST_IOU`.
    """

    view: str
    lossless: bool
    masks: int
    exact: int
    mean_iou: float
    worst_iou: float
    worst: str | None
    below: int


@dataclass(slots=True)
class _Tally:
    seen: set[str] = field(default_factory=set)
    exact: int = 0
    total: float = 0.0
    below: int = 0
    worst_iou: float = 1.0
    worst: str | None = None

    def add(self, name: str, iou: float) -> None:
        self.seen.add(name)
        self.exact += iou == 1.0
        self.total += iou
        self.below += iou < LEAST_IOU
        if iou < self.worst_iou:
            self.worst_iou, self.worst = iou, name


def compare(
    found: Iterable[ReadMask],
    truth: Mapping[str, bytes],
    masks: Mapping[str, Path],
    views: Mapping[str, bool],
) -> list[ReadBack]:
    """Compare masks that a reader saw with what was meant.

    Args:
        found: the masks, in any order.
        truth: {sample: digest of its mask}, see `mask_digest`.
        masks: {sample: its lossless mask PNG}, read only where a digest differs.
        views: {view: whether it can hold every mask exactly}.

    Raises:
        IntegrityError: a reader finds other samples than were written.
    """
    tallies = {view: _Tally() for view in views}
    for one in found:
        tally = tallies[one.view]
        if one.name not in truth or one.name in tally.seen:
            raise _other_samples(one.view, f"{one.name}, which is not one of them or comes twice")
        same = mask_digest(one.mask) == truth[one.name]
        tally.add(one.name, 1.0 if same else _iou(one.mask, read_mask_file(masks[one.name])))
    for view, tally in tallies.items():
        if missing := sorted(truth.keys() - tally.seen):
            raise _other_samples(view, f"{len(missing)} missing, the first is {missing[0]}")
    return [_summary(view, views[view], tally) for view, tally in tallies.items()]


def read_manifest_masks(root: Path) -> Iterator[ReadMask]:
    """Read the masks that the manifest names, as a trainer that goes by the manifest would."""
    for line in read_manifest(root / MANIFEST):
        image, mask = root / str(line["image"]), root / str(line["mask"])
        yield ReadMask(name=image.stem, view=MANIFEST, mask=read_mask_file(mask, image))


def judge(results: Iterable[ReadBack], gate: Gate) -> None:
    """Refuse what did not survive.

    Raises:
        IntegrityError: a view that can hold every mask lost something.
        GateNotPassed: another view lost more than is acceptable, and there is no override.
    """
    for result in results:
        if result.lossless and result.exact < result.masks:
            raise IntegrityError(
                expected=f"every mask in {result.view} to come back exactly",
                found=f"IoU {result.worst_iou:.4f} for {result.worst}",
                action="Check the disk and export again.",
            )
        if result.below:
            gate.fail(
                "read_back",
                expected=f"masks in {result.view} that come back with IoU {LEAST_IOU} or more",
                found=f"{result.below} of {result.masks} below; the worst is {result.worst}, "
                f"IoU {result.worst_iou:.4f}",
                action="Use a format that holds masks exactly (mvtec, anomalib, coco's RLE file).",
            )


def _iou(first: np.ndarray, second: np.ndarray) -> float:
    if first.shape != second.shape:
        return 0.0
    return float((first & second).sum() / max((first | second).sum(), 1))


def _summary(view: str, lossless: bool, tally: _Tally) -> ReadBack:
    count = len(tally.seen)
    return ReadBack(
        view=view,
        lossless=lossless,
        masks=count,
        exact=tally.exact,
        mean_iou=tally.total / max(count, 1),
        worst_iou=tally.worst_iou,
        worst=tally.worst,
        below=tally.below,
    )


def _other_samples(view: str, found: str) -> IntegrityError:
    return IntegrityError(
        expected=f"{view} to hold every written sample once",
        found=found,
        action="Check the disk and export again.",
    )
