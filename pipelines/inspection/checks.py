"""What is checked before a gate trains anything: that the hold-out is one.

A synthetic sample must come from a model that never saw a held-out group, neither itself nor through the model it was
fine-tuned from, and must be painted on a picture of the generator's side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from data_registry.records import ModelVersionRecord, PartRecord, SourceImageRecord
from factory_gen.errors import InputRefused
from pipelines.inspection.pictures import GateRows
from pipelines.pictures.part_images import first_of_each
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class Origin:
    """Where a version's samples come from.

    Attributes:
        models: numbers of the model versions that drew them.
        trained_on: hashes of the defective pictures that these models, or their parents, were trained on.
        per_type: how many of those there are per defect type.
        sources: hash of each picture that was painted on to its row.
    """

    models: tuple[int, ...]
    trained_on: frozenset[str]
    per_type: Mapping[str, int]
    sources: Mapping[str, SourceImageRecord]


def check_origin(work: Workplace, part: PartRecord, rows: GateRows) -> Origin:
    """Prove that nothing held out went into the samples.

    Raises:
        InputRefused: a sample on a held-out picture, or from a model that saw a held-out group or picture; a version
            without samples.
    """
    if not rows.members:
        raise InputRefused(
            expected="a version with samples", found="none", action="Run `factory-gen generate` first."
        )
    lineages = [dict(member["lineage"]) for member in rows.members]  # type: ignore[call-overload]
    held_groups, held_hashes, sources = _held_out(work, part, {line["source_sha256"] for line in lineages})
    painted = [line["source_image"] for line in lineages if line["source_sha256"] in held_hashes]
    if painted or any(line["source_sha256"] not in sources for line in lineages):
        raise _leak(f"{len(painted)} samples painted on held-out pictures, such as {painted[:1]}")
    numbers = sorted({int(line["model_version"]) for line in lineages})
    trained_on: set[str] = set()
    per_type: dict[str, int] = {}
    for model in _with_parents(work, part, numbers):
        for member in _trained_members(work, part, model):
            if member["group"] in held_groups or member["sha256"] in held_hashes:
                raise _leak(
                    f"model {model.number} trained on {member['relative_path']}, which is held out now"
                )
            if member["kind"] == "defect" and member["sha256"] not in trained_on:
                trained_on.add(member["sha256"])
                per_type[member["defect_type"]] = per_type.get(member["defect_type"], 0) + 1
    return Origin(tuple(numbers), frozenset(trained_on), per_type, sources)


def _held_out(
    work: Workplace, part: PartRecord, wanted: set[str]
) -> tuple[set[str], set[str], dict[str, SourceImageRecord]]:
    """Groups and hashes of the hold-out, and the rows of the wanted pictures of the other side."""
    groups: set[str] = set()
    hashes: set[str] = set()
    sources: dict[str, SourceImageRecord] = {}
    with work.registry.read() as registry:
        for row in registry.images.stream(part.id):
            if row.split == "holdout":
                groups.add(row.group)
                hashes.add(row.sha256)
            elif row.sha256 in wanted:
                sources[row.sha256] = row
    return groups, hashes, sources


def _with_parents(work: Workplace, part: PartRecord, numbers: list[int]) -> list[ModelVersionRecord]:
    with work.registry.read() as registry:
        known = {model.id: model for model in registry.models.list(part.id)}
    waiting = [model for model in known.values() if model.number in numbers]
    found: dict[int, ModelVersionRecord] = {}
    while waiting:
        model = waiting.pop()
        if model.id not in found:
            found[model.id] = model
            waiting += [known[model.parent_id]] if model.parent_id is not None else []
    return list(found.values())


def _trained_members(work: Workplace, part: PartRecord, model: ModelVersionRecord) -> list[dict[str, str]]:
    """What the model's catalogue version gave to its training: the members of the generator's split."""
    with work.registry.read() as registry:
        versions = {version.id: version for version in registry.datasets.list(part.id)}
    lines = work.blobs.read(versions[model.dataset_version_id].manifest_sha256).splitlines()
    members = [member for member in map(json.loads, lines) if member["split"] == "generator"]
    few = int(model.recipe.get("windows", {}).get("references", 0))
    if not few:
        return members
    masked = [(m["sha256"], m["defect_type"]) for m in members if m["kind"] == "defect" and m["mask_sha256"]]
    known = first_of_each(masked, few)
    return [member for member in members if member["kind"] != "defect" or member["sha256"] in known]


def _leak(found: str) -> InputRefused:
    return InputRefused(
        expected="synthetic samples of a generator that never saw the held-out parts",
        found=found,
        action="Train on the catalogue as it is now, generate again, and gate that version.",
    )
