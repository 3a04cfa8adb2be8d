"""Freeze what an export holds: the samples that may go, and the good pictures beside them, as one JSONL manifest.

The manifest is the data set version. The export reads nothing else but stored bytes, so the same version gives the
same files whatever is reviewed, generated or ingested later.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from data_registry.chunks import CHUNK
from data_registry.records import DatasetVersionRecord, PartRecord, SampleRecord, SourceImageRecord
from factory_gen.export.manifest import json_line
from factory_gen.export.names import safe_names, stem
from pipelines.wiring import Workplace

MOST_GOOD = 200  # enough for a trainer to start at once, few enough to hand out
_KEPT_SOURCES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which samples are asked for; None asks for all.

    Attributes:
        request: hash of a generate request.
        model: number or alias of a model version.
        defect: defect type.
    """

    request: str | None = None
    model: str | None = None
    defect: str | None = None


@dataclass(slots=True, kw_only=True)
class Selection:
    """What was written into a version's manifest.

    Attributes:
        types: samples by defect type.
        models: samples by model version number.
        left_out: samples that fit but may not go, by reason.
        from_holdout: samples whose source image belongs to the hold-out.
        goods: good pictures of the generator's split beside them.
        sample_bytes, good_bytes: what their stored files take up.
    """

    types: Counter[str] = field(default_factory=Counter)
    models: Counter[int] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    from_holdout: int = 0
    goods: int = 0
    sample_bytes: int = 0
    good_bytes: int = 0

    @property
    def images(self) -> int:
        """Number of samples."""
        return sum(self.types.values())


def write_version(work: Workplace, part: PartRecord, wanted: Wanted, out: IO[bytes]) -> Selection:
    """Write the manifest of the samples that may go, in the order of their numbers, and of the good pictures.

    A sample may go if it passed its audit and its latest review is not NG.

    Raises:
        NotFound: no such model.
    """
    selection = Selection()
    numbers, names = _model_numbers(work, part), _names(work, part)
    source = _sources(work)
    for sample in _samples(work, part, wanted):
        reason = _reason_to_stay(sample)
        if reason:
            selection.left_out[reason] += 1
            continue
        image = source(sample.source_image_id)
        model = numbers[sample.model_version_id]
        name = stem(names[sample.defect_type], selection.types[sample.defect_type])
        out.write(json_line(_member(sample, image, model, name)))
        selection.types[sample.defect_type] += 1
        selection.models[model] += 1
        selection.from_holdout += image.split != "generator"
        selection.sample_bytes += work.blobs.size(sample.image_sha256) + work.blobs.size(sample.mask_sha256)
    for image in _spread_goods(work, part):
        out.write(json_line(_good(image, selection.goods)))
        selection.goods += 1
        selection.good_bytes += work.blobs.size(image.sha256)
    return selection


def copy_version(
    work: Workplace, part: PartRecord, version: DatasetVersionRecord, out: IO[bytes]
) -> Selection:
    """Write the manifest of a frozen version as it is, whatever has been reviewed or made since.

    Raises:
        Integrity: the manifest's bytes are not there, or are not what was stored.
    """
    selection = Selection()
    for line in work.blobs.read(version.manifest_sha256).splitlines(keepends=True):
        out.write(line)
        member = json.loads(line)
        if member["kind"] == "good":
            selection.goods += 1
            selection.good_bytes += work.blobs.size(member["source_sha256"])
            continue
        lineage = member["lineage"]
        selection.types[lineage["defect_type"]] += 1
        selection.models[lineage["model_version"]] += 1
        selection.from_holdout += _is_held_out(work, part, lineage["source_image"])
        selection.sample_bytes += work.blobs.size(member["image_sha256"]) + work.blobs.size(
            member["mask_sha256"]
        )
    return selection


def freeze_version(
    work: Workplace, part: PartRecord, selection: Selection, manifest: Path
) -> DatasetVersionRecord:
    """Publish a written manifest as a synthetic version; the same manifest again gives the same version.

    The bytes are stored before the row that names them.

    Raises:
        NoSpace: no room for the manifest.
    """
    sha256 = work.blobs.put_file(manifest)
    types = dict(sorted(selection.types.items()))
    with work.registry.write() as rows:
        return rows.datasets.add(part.id, kind="synthetic", manifest_sha256=sha256, counts=types)


def known_version(work: Workplace, part: PartRecord, manifest: Path) -> DatasetVersionRecord | None:
    """The version that these samples are already, None if nothing has frozen them."""
    with manifest.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with work.registry.read() as rows:
        return rows.datasets.find(part.id, "synthetic", sha256)


def read_version(path: Path, kind: str) -> Iterator[dict[str, Any]]:
    """Yield a manifest's members of a kind, "sample" or "good", one at a time."""
    with path.open("rb") as lines:
        for line in lines:
            member = json.loads(line)
            if member["kind"] == kind:
                yield member


def _is_held_out(work: Workplace, part: PartRecord, relative_path: str) -> bool:
    with work.registry.read() as rows:
        image = rows.images.by_path(part.id, relative_path)
    return image is None or image.split != "generator"


def _reason_to_stay(sample: SampleRecord) -> str | None:
    if sample.audit.get("passed") is not True:
        return "audit not passed"
    return "reviewed NG" if sample.latest_review == "ng" else None


def _member(sample: SampleRecord, image: SourceImageRecord, model: int, name: str) -> dict[str, object]:
    return {
        "kind": "sample",
        "name": name,
        "image_sha256": sample.image_sha256,
        "mask_sha256": sample.mask_sha256,
        "lineage": {
            "sample_id": sample.id,
            "source_image": image.relative_path,
            "source_sha256": image.sha256,
            "defect_type": sample.defect_type,
            "mask_origin": sample.mask_origin,
            "model_version": model,
            "recipe_sha256": sample.recipe_sha256,
            "request_sha256": sample.request_sha256,
            "index": sample.index,
            "seed": sample.seed,
            "solver": sample.solver,
            "steps": sample.steps,
            "attempts": sample.attempts,
            "audit": sample.audit,
        },
    }


def _good(image: SourceImageRecord, number: int) -> dict[str, object]:
    return {
        "kind": "good",
        "name": stem("good", number),
        "source_image": image.relative_path,
        "source_sha256": image.sha256,
        "height": image.height,
        "width": image.width,
        "conversions": image.conversions,
    }


def _samples(work: Workplace, part: PartRecord, wanted: Wanted) -> Iterator[SampleRecord]:
    """All samples that fit, a page per transaction, so that nobody waits for the registry meanwhile."""
    model_id = None
    if wanted.model is not None:
        with work.registry.read() as rows:
            model_id = rows.models.get(part.id, wanted.model).id
    last = 0
    while True:
        with work.registry.read() as rows:
            page = rows.samples.page(
                part.id,
                after_id=last,
                limit=CHUNK,
                defect_type=wanted.defect,
                request_sha256=wanted.request,
                model_version_id=model_id,
            )
        if not page:
            return
        yield from page
        last = page[-1].id


def _spread_goods(work: Workplace, part: PartRecord) -> Iterator[SourceImageRecord]:
    """At most `MOST_GOOD` good pictures of the generator's split, evenly over all of them."""
    with work.registry.read() as rows:
        counts = rows.images.counts(part.id)
        total = sum(count.n for count in counts if count.kind == "good" and count.split == "generator")
        picked = (
            {place * total // MOST_GOOD for place in range(MOST_GOOD)} if total > MOST_GOOD else range(total)
        )
        images = rows.images.stream(part.id, kind="good", split="generator")
        yield from (image for place, image in enumerate(images) if place in picked)


def _sources(work: Workplace) -> Callable[[int], SourceImageRecord]:
    """A look-up of source images by number that remembers the last few thousand."""

    @lru_cache(maxsize=_KEPT_SOURCES)
    def find(image_id: int) -> SourceImageRecord:
        with work.registry.read() as rows:
            return rows.images.get(image_id)

    return find


def _model_numbers(work: Workplace, part: PartRecord) -> dict[int, int]:
    with work.registry.read() as rows:
        return {model.id: model.number for model in rows.models.list(part.id)}


def _names(work: Workplace, part: PartRecord) -> dict[str, str]:
    """Safe names for all defect types that the part has samples of, so that a filter does not change them."""
    with work.registry.read() as rows:
        return safe_names(count.defect_type for count in rows.samples.counts(part.id))
