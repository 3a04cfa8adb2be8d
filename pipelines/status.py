"""`status`: what is stored, for one part or all, and the next step. Flat tables, one row per fact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from data_registry.outcome_records import HELPS
from data_registry.records import ImageCount, ModelVersionRecord, PartRecord, SampleCount
from data_registry.session import Work
from pipelines.wiring import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLine:
    """One part at a glance; `mask_wanted` counts defective pictures that still need a mask."""

    part: str
    good: int
    defective: int
    mask_wanted: int
    generator_groups: int
    holdout_groups: int
    models: int
    samples: int
    exports: int
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLine:
    """Pictures of one part, type and split; `defect_type` is "good" for good ones."""

    part: str
    defect_type: str
    split: str
    pictures: int
    with_mask: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One frozen data set version."""

    part: str
    version: str
    members: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLine:
    """One trained model."""

    part: str
    model: int
    aliases: tuple[str, ...]
    status: str
    recipe: str
    seed: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLine:
    """Samples of one type by one model, and what people decided on them."""

    part: str
    defect_type: str
    model: int
    samples: int
    ok: int
    ng: int
    undecided: int
    not_reviewed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLine:
    """One folder that was handed out."""

    part: str
    format: str
    out_dir: str
    override_reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What is stored; `next_step` is a sentence when there is no part at all."""

    next_step: str
    parts: tuple[PartLine, ...]
    pictures: tuple[ImageLine, ...]
    versions: tuple[VersionLine, ...]
    models: tuple[ModelLine, ...]
    samples: tuple[SampleLine, ...]
    exports: tuple[ExportLine, ...]


def run(work: Workplace, part: str | None = None) -> StatusReport:
    """Read what the registry holds of one part, or of all.

    Raises:
        NotFound: no part of that name.
    """
    with work.registry.read() as rows:
        parts = rows.parts.list() if part is None else [rows.parts.get(part)]
        states = [_state(rows, one) for one in parts]
    return StatusReport(
        next_step="" if states else "Run `factory-gen ingest FOLDER --part NAME`, or `factory-gen demo`.",
        parts=tuple(state.line for state in states),
        pictures=tuple(line for state in states for line in state.pictures),
        versions=tuple(line for state in states for line in state.versions),
        models=tuple(line for state in states for line in state.models),
        samples=tuple(line for state in states for line in state.samples),
        exports=tuple(line for state in states for line in state.exports),
    )


@dataclass(frozen=True, slots=True)
class _PartState:
    """All lines of one part."""

    line: PartLine
    pictures: list[ImageLine]
    versions: list[VersionLine]
    models: list[ModelLine]
    samples: list[SampleLine]
    exports: list[ExportLine]


def _state(rows: Work, part: PartRecord) -> _PartState:
    counts = rows.images.counts(part.id)
    groups = rows.images.group_counts(part.id)
    models = rows.models.list(part.id)
    samples = rows.samples.counts(part.id)
    exports = rows.exports.list(part.id)
    verdict = rows.verdicts.latest(part.id)
    wanted = sum(one.n for one in counts if one.kind == "defect" and not one.has_mask)
    line = PartLine(
        part=part.name,
        good=sum(one.n for one in counts if one.kind == "good"),
        defective=sum(one.n for one in counts if one.kind == "defect"),
        mask_wanted=wanted,
        generator_groups=groups.get("generator", 0),
        holdout_groups=groups.get("holdout", 0),
        models=len(models),
        samples=sum(one.n for one in samples),
        exports=len(exports),
        next_step=next_step(
            part.name,
            counts,
            models,
            sum(one.n for one in samples),
            verdict.decision if verdict else None,
            len(exports),
        ),
    )
    return _PartState(
        line=line,
        pictures=_pictures(part.name, counts),
        versions=[
            VersionLine(
                part=part.name,
                version=f"{one.kind} {one.number}",
                members=one.counts.get("images", sum(one.counts.values())),
                created_at=one.created_at,
            )
            for one in rows.datasets.list(part.id)
        ],
        models=[_model(part.name, one) for one in models],
        samples=_samples(part.name, samples, {one.id: one.number for one in models}),
        exports=[
            ExportLine(
                part=part.name,
                format=one.format,
                out_dir=one.out_dir,
                override_reason=one.override_reason,
                created_at=one.created_at,
            )
            for one in exports
        ],
    )


def next_step(
    part: str,
    counts: list[ImageCount],
    models: list[ModelVersionRecord],
    samples: int,
    verdict: str | None,
    exports: int,
) -> str:
    """Return the sentence that tells a person what to do next with a part; `verdict` is the gate's last one."""
    if not any(one.kind == "good" for one in counts):
        return f"Ingest good pictures: `factory-gen ingest FOLDER --part {part}`."
    with_mask = any(one.has_mask for one in counts)
    if not any(model.status == "ready" for model in models):
        missing = "" if with_mask else " Without defects and masks it learns whole good pictures only."
        return f"Train: `factory-gen train --part {part}`.{missing}"
    if not with_mask:
        return "Ingest defective pictures with masks, then train again: defects are painted from these."
    if not samples:
        kind = next(one.defect_type for one in counts if one.has_mask)
        return f"Generate: `factory-gen generate --part {part} --defect {kind} --count 200`."
    if not exports and verdict is None:
        return f"Find out whether they help: `factory-gen gate --part {part}`."
    if not exports and verdict != HELPS:
        return f"The gate says '{verdict}': see `factory-gen kpi --part {part}`, generate anew, and ask it again."
    if not exports:
        return f"Hand out: `factory-gen export --part {part} --format mvtec --out FOLDER`."
    return "All steps done once; ingest more pictures or generate more at any time."


def _pictures(part: str, counts: list[ImageCount]) -> list[ImageLine]:
    totals: dict[tuple[str, str], tuple[int, int]] = {}
    for one in counts:
        key = (one.defect_type or one.kind, one.split)
        n, masked = totals.get(key, (0, 0))
        totals[key] = (n + one.n, masked + (one.n if one.has_mask else 0))
    return [
        ImageLine(part=part, defect_type=name, split=split, pictures=n, with_mask=masked)
        for (name, split), (n, masked) in totals.items()
    ]


def _model(part: str, model: ModelVersionRecord) -> ModelLine:
    return ModelLine(
        part=part,
        model=model.number,
        aliases=model.aliases,
        status=model.status,
        recipe=model.recipe_name,
        seed=model.seed,
        created_at=model.created_at,
    )


def _samples(part: str, counts: list[SampleCount], numbers: dict[int, int]) -> list[SampleLine]:
    by_review: dict[tuple[str, int], dict[str | None, int]] = {}
    for one in counts:
        key = (one.defect_type, numbers[one.model_version_id])
        by_review.setdefault(key, {})[one.latest_review] = one.n
    return [
        SampleLine(
            part=part,
            defect_type=name,
            model=number,
            samples=sum(found.values()),
            ok=found.get("ok", 0),
            ng=found.get("ng", 0),
            undecided=found.get("undecided", 0),
            not_reviewed=found.get(None, 0),
        )
        for (name, number), found in by_review.items()
    ]
