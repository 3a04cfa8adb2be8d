"""What the page of administration reads: requests against the gate, and what lies on the disk."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from data_registry.outcome_records import VerdictRecord
from data_registry.people_records import OverrideRecord
from pipelines.settings import Settings
from pipelines.wiring import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """One request to hand a version out against the gate: of which part and number, and what the gate said last."""

    request: OverrideRecord
    part: str
    version: int
    samples: int
    verdict: VerdictRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place on the disk: how many files, how many bytes, and where."""

    name: str
    files: int
    bytes: int
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFacts:
    """What lies under home, in bytes; `free` and `total` are of the disk that home is on."""

    free: int
    total: int
    places: tuple[Place, ...]


def open_requests(work: Workplace, limit: int = 60) -> list[RequestFacts]:
    """The newest requests that nobody has confirmed."""
    with work.registry.read() as rows:
        parts = {part.id: part.name for part in rows.parts.list()}
        versions = {part_id: {one.id: one for one in rows.datasets.list(part_id)} for part_id in parts}
        return [
            RequestFacts(
                request=one,
                part=parts[one.part_id],
                version=versions[one.part_id][one.dataset_version_id].number,
                samples=sum(versions[one.part_id][one.dataset_version_id].counts.values()),
                verdict=rows.verdicts.latest(one.part_id, one.dataset_version_id),
            )
            for one in rows.overrides.open(limit)
        ]


def storage_of(settings: Settings) -> StorageFacts:
    """Count what lies on the disk; a walk over all stored files, seconds for each few hundred thousand."""
    disk = shutil.disk_usage(_nearest(settings.home))
    places = [
        ("stored bytes", settings.blobs_dir),
        ("models", settings.models_dir),
        ("exports", settings.home / "exports"),
        ("MLflow", settings.mlflow_dir),
        ("gate", settings.home / "gate"),
        ("logs", settings.logs_dir),
    ]
    counted = [_place(name, path) for name, path in places]
    if settings.registry_url.startswith("sqlite"):
        files = [one for one in settings.home.glob("registry.db*") if one.is_file()]
        size = sum(one.stat().st_size for one in files)
        counted.append(Place(name="registry", files=len(files), bytes=size, path=settings.home))
    return StorageFacts(free=disk.free, total=disk.total, places=tuple(counted))


def _place(name: str, path: Path) -> Place:
    files, size = 0, 0
    waiting = [path] if path.is_dir() else []
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                    continue
                try:
                    size += entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:  # a job has just put it in its place
                    continue
                files += 1
    return Place(name=name, files=files, bytes=size, path=path)


def _nearest(path: Path) -> Path:
    """The folder, or the first one above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())
