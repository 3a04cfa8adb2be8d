"""What a person changes in the catalogue by hand: a missing mask, the allowed region, millimetres per pixel."""

from __future__ import annotations

import numpy as np

from data_registry.errors import NotFound
from data_registry.records import DatasetVersionRecord, PartRecord
from factory_gen.checks import check_mask
from factory_gen.errors import InputRefused
from factory_gen.images.files import encode_mask
from pipelines.intake.notebook import open_notebook
from pipelines.intake.write import publish
from pipelines.wiring import Workplace, part_lock


def give_mask(work: Workplace, part: str, image_id: int, mask: np.ndarray) -> DatasetVersionRecord:
    """Store a drawn mask (H,W) bool on a defective picture, and the catalogue as a new version.

    Raises:
        InputRefused: the mask is empty.
        NotFound: no such picture of this part.
        Locked: another job writes to the part.
    """
    _require_painted(mask)
    with work.registry.read() as rows:
        owner, row = rows.parts.get(part), rows.images.get(image_id)
    if row.part_id != owner.id:
        raise NotFound(
            expected=f"a picture of {part}",
            found=f"picture {image_id}, of another part",
            action="Choose again.",
        )
    check_mask(mask, (row.height, row.width), "mask")
    with part_lock(work.settings, part, "draw a mask"), open_notebook() as notebook:
        sha256 = work.blobs.put(encode_mask(mask))
        with work.registry.write() as rows:
            rows.images.add_mask(image_id, sha256, "drawn")
        return publish(work, notebook, owner.id)


def set_region(work: Workplace, part: str, region: np.ndarray | None) -> PartRecord:
    """Store where defects may sit, (H,W) bool over the whole picture; None allows the whole part again.

    Raises:
        InputRefused: nothing was painted.
    """
    sha256 = None
    if region is not None:
        _require_painted(region)
        sha256 = work.blobs.put(encode_mask(region))
    with work.registry.write() as rows:
        rows.parts.set_allowed_region(rows.parts.get(part).id, sha256)
        return rows.parts.get(part)


def set_scale(work: Workplace, part: str, mm_per_pixel: float | None) -> PartRecord:
    """Store millimetres per pixel.

    Raises:
        BadRecord: not above 0.
    """
    with work.registry.write() as rows:
        rows.parts.set_mm_per_pixel(rows.parts.get(part).id, mm_per_pixel)
        return rows.parts.get(part)


def _require_painted(mask: np.ndarray) -> None:
    if not mask.any():
        raise InputRefused(expected="a painted area", found="nothing", action="Paint it, then save.")
