"""What the page of data sets reads: versions with their verdicts, and exports with what reading them back showed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data_registry.outcome_records import HELPS, VerdictRecord
from data_registry.people_records import OverrideRecord
from data_registry.records import DatasetVersionRecord, ExportRecord, PartRecord
from factory_gen.export.formats import FORMATS
from pipelines.release.exported_folders import size_of
from pipelines.wiring import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """One version; `verdict` is the gate's last on it, None before one and for catalogues.

    `request` is the last one to hand it out against the gate.
    """

    version: DatasetVersionRecord
    verdict: VerdictRecord | None
    request: OverrideRecord | None = None

    @property
    def members(self) -> int:
        """Pictures in it."""
        return self.version.counts.get("images", sum(self.version.counts.values()))

    @property
    def may_go(self) -> bool:
        """Whether the gate lets it go."""
        return self.verdict is not None and self.verdict.decision == HELPS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFacts:
    """One export: of which version, and the size of its folder in bytes, None where it is gone."""

    record: ExportRecord
    version: int
    size: int | None

    @property
    def exact(self) -> bool:
        """Whether every mask came back as it was from every view that can hold it."""
        return all(
            view["exact"] == view["masks"] for view in self.record.read_back.values() if view.get("lossless")
        )


def format_names() -> tuple[str, ...]:
    """Names of the export formats."""
    return tuple(FORMATS)


def versions_of(work: Workplace, part: PartRecord) -> list[VersionFacts]:
    """All versions of a part, newest first, synthetic ones before catalogues."""
    with work.registry.read() as rows:
        found = [
            VersionFacts(
                version=one,
                verdict=rows.verdicts.latest(part.id, one.id) if one.kind == "synthetic" else None,
                request=rows.overrides.latest(part.id, one.id) if one.kind == "synthetic" else None,
            )
            for one in rows.datasets.list(part.id)
        ]
    return sorted(found, key=lambda one: (one.version.kind, one.version.number), reverse=True)


def exports_of(work: Workplace, part: PartRecord) -> list[ExportFacts]:
    """All exports of a part, newest first."""
    with work.registry.read() as rows:
        numbers = {one.id: one.number for one in rows.datasets.list(part.id)}
        records = rows.exports.list(part.id)
    return [
        ExportFacts(record=one, version=numbers[one.dataset_version_id], size=size_of(Path(one.out_dir)))
        for one in reversed(records)
    ]
