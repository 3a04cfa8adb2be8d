"""`delete part`: what a part has left behind everywhere, listed first and destroyed on a second word.

Rows go first and in one transaction; bytes after them, from a list on disk, so a killed deletion goes on with the next
call. Models are destroyed, nothing is "unlearned". The trail of who did what stays, with hashes and counts alone.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from data_registry.chunks import in_chunks
from data_registry.errors import NotFound
from data_registry.records import PartRecord
from data_registry.session import Work
from factory_gen.export.tree import hash_folder, tree_sha256
from pipelines.training import tracking_aliases
from pipelines.wiring import Workplace

_PLANS = "deleting"


@dataclass(frozen=True, kw_only=True)
class DeleteReport:
    """What belongs to a part.

    Attributes:
        part: name.
        destroyed: whether it is gone; False only lists it.
        rows: table to the number of rows.
        blobs: stored pictures, masks and manifests that no other part names.
        bytes: what these and the folders take up.
        folders: models, checkpoints, results of gates and benches, readings.
        exports: handed-out folders that are still as they were written; they go too.
        left: what is not touched, and why.
        mlflow_runs: runs that MLflow has of it.
        next_step: what to do.
    """

    part: str
    destroyed: bool
    rows: Mapping[str, int]
    blobs: int
    bytes: int
    folders: Sequence[str]
    exports: Sequence[str]
    left: Sequence[str]
    mlflow_runs: int
    next_step: str


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What is to go, as it is kept on disk while it goes; fields as in the report, `blobs` by their names."""

    rows: dict[str, int]
    blobs: list[str]
    bytes: int
    folders: list[str]
    exports: list[str]
    left: list[str]


def run(work: Workplace, part: str, *, actor: str, sure: bool = False) -> DeleteReport:
    """List everything that is derived from a part; with `sure`, destroy it.

    Args:
        work: where things are.
        part: name of the part.
        actor: who wants it, for the trail.
        sure: destroy it.

    Raises:
        NotFound: no such part, and no deletion of it that was stopped.
        RegistryError: the registry refuses; nothing is gone then.
    """
    plan_file = _plan_file(work, part)
    if plan_file.exists() and _is_gone(work, part):
        return _finish(work, part, _Plan(**json.loads(plan_file.read_text())), plan_file, actor)
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        counts = rows.removal.counts(owner.id)
        named = sorted(set(rows.removal.blobs(owner.id)))
        kept, changed = _exports(rows, owner)
    folders = [str(path) for path in _folders(work, owner)]
    plan = _Plan(
        rows=counts,
        blobs=named,
        bytes=_size(work, named, [*folders, *kept]),
        folders=folders,
        exports=kept,
        left=[*changed, *_copies(work)],
    )
    if not sure:
        return _report(part, plan, destroyed=False, blobs=len(named), runs=0)
    _write(plan_file, plan)
    with work.registry.write() as rows:
        rows.audit.add(actor=actor, action="delete part", subject=f"part {part}", details=_trail(plan))
        rows.removal.delete(owner.id)
    return _finish(work, part, plan, plan_file, actor)


def _finish(work: Workplace, part: str, plan: _Plan, plan_file: Path, actor: str) -> DeleteReport:
    """Everything but the rows; each step does nothing where it was done before."""
    gone = 0
    for chunk in in_chunks(plan.blobs):
        with work.registry.read() as rows:
            others = rows.references.named(chunk)
        gone += sum(work.blobs.destroy(sha256) for sha256 in chunk if sha256 not in others)
    for folder in (*plan.folders, *plan.exports):
        path = Path(folder)
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    runs = tracking_aliases.forget(work.settings, part)
    with work.registry.write() as rows:
        rows.audit.add(
            actor=actor, action="part is gone", subject=f"part {part}", details={"blobs": gone, "runs": runs}
        )
    plan_file.unlink()
    return _report(part, plan, destroyed=True, blobs=gone, runs=runs)


def _folders(work: Workplace, part: PartRecord) -> Iterator[Path]:
    """What jobs keep of a part outside the blob store: everything is named by the part's number."""
    home, models = work.settings.home, work.settings.models_dir
    for folder, pattern in (
        (models, f"part{part.id}-model*"),
        (models / "training", f"{part.id}-*"),
        (home / "gate", f"part{part.id}-*"),
        (home / "bench", f"*-part{part.id}-*"),
        (home / "monitor", f"part{part.id}-*"),
    ):
        yield from sorted(folder.glob(pattern))
    with work.registry.read() as rows:
        for retraining in rows.retraining.runs(part.id):
            recipe = home / "retrain" / f"run{retraining.id}.toml"
            if recipe.exists():
                yield recipe
    artifacts = tracking_aliases.artifacts_of(work.settings, part.name)
    if artifacts.is_dir():
        yield artifacts


def _exports(rows: Work, part: PartRecord) -> tuple[list[str], list[str]]:
    """Exported folders that are exactly what was written, and what is said of the others."""
    kept, changed = [], []
    for export in {one.out_dir: one for one in rows.exports.list(part.id)}.values():
        folder = Path(export.out_dir)
        if not folder.is_dir():
            changed.append(f"{folder}: exported there, not there any more; copies are in your hands")
        elif tree_sha256(hash_folder(folder)) == export.tree_sha256:
            kept.append(str(folder))
        else:
            changed.append(
                f"{folder}: exported and changed since, so it may hold files of yours; delete it by hand"
            )
    return kept, changed


def _copies(work: Workplace) -> list[str]:
    """Copies of the registry from before an upgrade still hold the part's rows."""
    return [
        f"{path}: a copy of the registry; delete it by hand" for path in work.settings.home.glob("*.before-*")
    ]


def _size(work: Workplace, blobs: Sequence[str], folders: Sequence[str]) -> int:
    paths: list[Path] = []
    for folder in map(Path, folders):
        paths += list(folder.rglob("*")) if folder.is_dir() else [folder]
    stored = sum(work.blobs.size(sha256) for sha256 in blobs)
    return stored + sum(path.stat().st_size for path in paths if path.is_file())


def _trail(plan: _Plan) -> dict[str, object]:
    """What the trail keeps: counts and places, no names of pictures."""
    return asdict(plan) | {"blobs": len(plan.blobs)}


def _plan_file(work: Workplace, part: str) -> Path:
    # the part's name comes from outside, so it never becomes a path itself
    return work.settings.home / _PLANS / f"{part.encode().hex()[:120]}.json"


def _write(path: Path, plan: _Plan) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    with half.open("w") as file:
        json.dump(asdict(plan), file)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def _is_gone(work: Workplace, part: str) -> bool:
    try:
        with work.registry.read() as rows:
            rows.parts.get(part)
    except NotFound:
        return True
    return False


def _report(part: str, plan: _Plan, *, destroyed: bool, blobs: int, runs: int) -> DeleteReport:
    return DeleteReport(
        part=part,
        destroyed=destroyed,
        rows=plan.rows,
        blobs=blobs,
        bytes=plan.bytes,
        folders=plan.folders,
        exports=plan.exports,
        left=plan.left,
        mlflow_runs=runs,
        next_step="`factory-gen verify` proves that the rest is sound."
        if destroyed
        else f"Nothing was changed. To destroy all of it: `factory-gen delete part {part} --yes`.",
    )
