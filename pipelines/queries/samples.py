"""What pages read of generated samples: a page of them, newest first, and which there are."""

from __future__ import annotations

from dataclasses import dataclass

from data_registry.records import PartRecord, SampleRecord
from pipelines.wiring import Workplace

PAGE = 24
NEWEST = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSample:
    """A sample with the depth and the scale that its source picture was taken at."""

    sample: SampleRecord
    bit_depth: int
    mm_per_pixel: float | None
    source_sha256: str


def page(
    work: Workplace,
    part: PartRecord,
    *,
    before_id: int = NEWEST,
    limit: int = PAGE,
    defect_type: str | None = None,
    request_sha256: str | None = None,
) -> list[ShownSample]:
    """Samples with numbers below `before_id`, the newest first."""
    with work.registry.read() as rows:
        found = rows.samples.page(
            part.id, before_id=before_id, limit=limit, defect_type=defect_type, request_sha256=request_sha256
        )
        sources = {key: rows.images.get(key) for key in {one.source_image_id for one in found}}
    return [
        ShownSample(
            sample=one,
            bit_depth=sources[one.source_image_id].bit_depth,
            mm_per_pixel=sources[one.source_image_id].mm_per_pixel or part.mm_per_pixel,
            source_sha256=sources[one.source_image_id].sha256,
        )
        for one in found
    ]


def counts(work: Workplace, part: PartRecord) -> dict[str, int]:
    """Samples of each defect type."""
    found: dict[str, int] = {}
    with work.registry.read() as rows:
        for one in rows.samples.counts(part.id):
            found[one.defect_type] = found.get(one.defect_type, 0) + one.n
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A model that can draw: its number, the types it knows, how it is solved by default, its aliases."""

    number: int
    types: tuple[str, ...]
    solver: str
    steps: int
    guidance: float
    aliases: tuple[str, ...]


def models(work: Workplace, part: PartRecord) -> list[ModelFacts]:
    """Models that are ready, the newest first; read from the registry, nothing is loaded."""
    with work.registry.read() as rows:
        found = rows.models.list(part.id)
        known = sorted(
            {one.defect_type for one in rows.images.counts(part.id) if one.defect_type is not None}
        )
    ready = [one for one in found if one.status == "ready"]
    return [
        ModelFacts(
            number=one.number,
            types=tuple(known),
            solver=str(one.recipe.get("generate", {}).get("solver", "")),
            steps=int(one.recipe.get("generate", {}).get("steps", 4)),
            guidance=float(one.recipe.get("generate", {}).get("guidance", 1.0)),
            aliases=one.aliases,
        )
        for one in sorted(ready, key=lambda one: -one.number)
    ]
