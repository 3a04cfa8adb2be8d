"""Load what a version's manifest lists, one picture at a time, and prove again what the audit said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from factory_gen.composite.paste import outside_is_equal
from factory_gen.export.gate import Gate
from factory_gen.export.item import ExportItem, GoodImage
from factory_gen.export.layout import Format
from factory_gen.images.files import encode_png, read_mask, read_picture
from pipelines.release.version import read_version
from pipelines.wiring import Workplace


def load_items(work: Workplace, manifest: Path, gate: Gate) -> Iterator[ExportItem]:
    """Yield the samples of a version.

    Each picture is compared with its source image once more: outside the mask not one bit may differ.

    Raises:
        GateNotPassed: a picture differs outside its mask, and `gate` has no reason to go on.
        Integrity: stored bytes are missing or changed.
    """
    for member in read_version(manifest, "sample"):
        yield _item(work, member, gate)


def load_goods(work: Workplace, manifest: Path, fmt: Format) -> Iterator[GoodImage]:
    """Yield the good pictures of a version with their original bytes.

    Where the format's readers would not see the picture as this product does (turned by EXIF, CMYK, a file type they
    skip), it is decoded to PNG instead, which is noted.

    Raises:
        Integrity: stored bytes are missing or changed.
    """
    for member in read_version(manifest, "good"):
        yield _good(work, member, fmt)


def _item(work: Workplace, member: dict[str, Any], gate: Gate) -> ExportItem:
    name, lineage = member["name"], member["lineage"]
    image_png = work.blobs.read(member["image_sha256"])
    result = read_picture(image_png, name)
    mask = read_mask(work.blobs.read(member["mask_sha256"]), name, size=(result.height, result.width))
    source = read_picture(work.blobs.read(lineage["source_sha256"]), lineage["source_image"])
    if not outside_is_equal(source.pixels, result.pixels, mask):
        gate.fail(
            "unchanged_outside_mask",
            expected=f"{name} to equal {lineage['source_image']} in every bit outside its mask",
            found="pixels that differ",
            action="Mark the sample as NG and generate another one.",
        )
    return ExportItem(
        name=name, image_png=image_png, mask=mask, defect_type=lineage["defect_type"], lineage=lineage
    )


def _good(work: Workplace, member: dict[str, Any], fmt: Format) -> GoodImage:
    data = work.blobs.read(member["source_sha256"])
    suffix = PurePosixPath(member["source_image"]).suffix.lower()
    stored = "original bytes"
    if suffix not in fmt.good_suffixes or member["conversions"]:
        data = encode_png(read_picture(data, member["source_image"]).pixels)
        suffix, stored = ".png", "decoded to PNG"
    return GoodImage(
        name=member["name"],
        suffix=suffix,
        data=data,
        height=member["height"],
        width=member["width"],
        source_image=member["source_image"],
        source_sha256=member["source_sha256"],
        stored=stored,
    )
