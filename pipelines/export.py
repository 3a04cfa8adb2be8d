"""`export`: the samples of a part as a data set that an inspection trainer reads."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from data_registry.outcome_records import VerdictRecord
from data_registry.records import DatasetVersionRecord, PartRecord
from factory_gen.errors import UsageError
from factory_gen.export.formats import find_format
from factory_gen.export.gate import Gate
from factory_gen.export.layout import Format
from factory_gen.export.readback import ReadBack
from factory_gen.export.staging import refuse_foreign
from factory_gen.export.write import READ, WRITE, Order, Written, write_export
from pipelines.errors import from_os_error
from pipelines.progress import Progress, Silent
from pipelines.release.checks import (
    check_room,
    check_split,
    check_verdict,
    confirmed_reason,
    refuse_empty,
    verdict_sentence,
)
from pipelines.release.pictures import load_goods, load_items
from pipelines.release.version import (
    Selection,
    Wanted,
    copy_version,
    freeze_version,
    known_version,
    write_version,
)
from pipelines.wiring import Workplace

WITH_GOOD = ("sources", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was exported, or would be.

    Attributes:
        part, format, out: as asked for; `out` is absolute.
        dry_run: nothing was written or recorded.
        already_there: `out` held exactly this export before.
        dataset_version: number of the frozen synthetic version; None on a dry run.
        images: synthetic pictures, `types` by defect type, `models` by model version.
        good_images: real good pictures beside them.
        left_out: samples that fit but did not go, by reason.
        megabytes: about what the pictures take up.
        read_back: what the format's reader saw of the masks.
        override_reason: the recorded reason; None where no check failed. `overridden` counts failures by check.
        manifest_sha256, tree_sha256: hashes of the manifest and of the whole folder; None on a dry run.
    """

    part: str
    format: str
    out: Path
    dry_run: bool
    already_there: bool
    dataset_version: int | None
    images: int
    types: dict[str, int]
    models: dict[int, int]
    good_images: int
    left_out: dict[str, int]
    megabytes: float
    read_back: tuple[ReadBack, ...]
    override_reason: str | None
    overridden: dict[str, int]
    manifest_sha256: str | None
    tree_sha256: str | None


@dataclass(frozen=True, slots=True)
class _Job:
    """One export with everything that was decided about it."""

    work: Workplace
    part: PartRecord
    fmt: Format
    gate: Gate
    target: Path
    with_good: bool
    selection: Selection

    @property
    def need_bytes(self) -> int:
        """What the pictures take up."""
        return self.selection.sample_bytes + (self.selection.good_bytes if self.with_good else 0)


def run(
    work: Workplace,
    part: str,
    *,
    format: str,
    out: Path,
    request: str | None = None,
    model: str | None = None,
    defect: str | None = None,
    version: int | None = None,
    override: str | None = None,
    with_good: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ExportReport:
    """Freeze the samples that may go as a version, write them, read them back, and record the export.

    A version goes only when the gate's last verdict on it is "helps". A refused one stays frozen, so that the gate
    can be asked about it by its number.

    Args:
        work: registry and blobs.
        part: the part's name.
        format: a name in `FORMATS`.
        out: the folder to make.
        request: only samples of the generate request with this hash.
        model: only samples of this model version (number or alias).
        defect: only samples of this defect type.
        version: the members of this synthetic version, frozen before, whatever was reviewed since; no other choice
            goes with it.
        override: the reason for going on where a check forbids the export; one that a second person has confirmed
            for this very version counts without being given.
        with_good: "sources" to let good pictures of the generator's split go along, "none" not to; None leaves it
            to the format.
        dry_run: only say what would be written.
        progress: told about each picture.

    Raises:
        GateNotPassed: nothing to export, no verdict that it helps, or another check forbids it.
        InputRefused: `out` holds something else.
        IntegrityError, Integrity: bytes are not what they should be; the export stops, override or not.
        NoSpace: no room; nothing is left behind.
        NotFound: no such part or model.
        NotPermitted: `out` cannot be written.
        UsageError: an unknown format or value.
    """
    fmt, target = find_format(format), out.expanduser().absolute()
    goods_go, wanted = _goods_go(fmt, with_good), Wanted(request=request, model=model, defect=defect)
    with work.registry.read() as rows:
        found = rows.parts.get(part)
    try:
        refuse_foreign(target)
        with tempfile.NamedTemporaryFile(dir=work.settings.home, prefix=".version-") as spool:
            selection = _select(work, found, wanted, version, spool.file)
            spool.flush()
            manifest = Path(spool.name)
            known = known_version(work, found, manifest)
            gate = Gate(override if override is not None else confirmed_reason(work, found, known))
            job = _Job(work, found, fmt, gate, target, goods_go, selection)
            _check(job)
            if dry_run:
                _ask_gate(job, known)
                return _report(job, None, None)
            frozen = freeze_version(work, found, selection, manifest)
            return _publish(job, frozen, _ask_gate(job, frozen), manifest, progress or Silent())
    except OSError as error:
        raise from_os_error(error) or error from error


def _goods_go(fmt: Format, asked: str | None) -> bool:
    if asked is None:
        return fmt.wants_good
    if asked not in WITH_GOOD:
        raise UsageError(
            expected=f"good pictures from {' or '.join(WITH_GOOD)}",
            found=repr(asked),
            action="Choose one of these.",
        )
    return asked == "sources"


def _select(
    work: Workplace, part: PartRecord, wanted: Wanted, version: int | None, out: IO[bytes]
) -> Selection:
    """Write the manifest of what is asked for: samples that may go now, or a version as it was frozen."""
    if version is None:
        return write_version(work, part, wanted, out)
    if wanted != Wanted():
        raise UsageError(
            expected="a version, or a choice among the samples",
            found="both",
            action="Leave out the request, the model and the defect type: a version has its members.",
        )
    with work.registry.read() as rows:
        frozen = rows.datasets.get(part.id, version, "synthetic")
    return copy_version(work, part, frozen, out)


def _check(job: _Job) -> None:
    with job.work.registry.read() as rows:
        known_types = [count.defect_type for count in rows.samples.counts(job.part.id)]
    refuse_empty(job.selection, known_types)
    check_split(job.selection, job.gate)
    check_room(job.need_bytes, job.target)


def _ask_gate(job: _Job, version: DatasetVersionRecord | None) -> VerdictRecord | None:
    """Return the last verdict on a version; refuse one that is not shown to help."""
    verdict = None
    if version is not None:
        with job.work.registry.read() as rows:
            verdict = rows.verdicts.latest(job.part.id, version.id)
    check_verdict(job.part.name, version.number if version else None, verdict, job.gate)
    return verdict


def _publish(
    job: _Job,
    version: DatasetVersionRecord,
    verdict: VerdictRecord | None,
    manifest: Path,
    progress: Progress,
) -> ExportReport:
    """Write the folder of a frozen version and record the export: bytes before rows."""
    order = Order(
        part=job.part.name,
        version=version.number,
        fmt=job.fmt,
        target=job.target,
        types=tuple(sorted(job.selection.types)),
        notes=_notes(job, verdict),
    )
    goods = load_goods(job.work, manifest, job.fmt) if job.with_good else ()
    tell = _start_stages(job, progress)
    written = write_export(order, load_items(job.work, manifest, job.gate), goods, job.gate, on_step=tell)
    for stage in (WRITE, READ):
        progress.finish(stage)
    _record(job, version, written)
    return _report(job, version, written)


def _start_stages(job: _Job, progress: Progress) -> Callable[[str], None]:
    """Announce both stages; returns what is called after every step of one."""
    goods = job.selection.goods if job.with_good else 0
    progress.start(WRITE, job.selection.images + goods, "pictures")
    progress.start(READ, job.selection.images * (1 + len(job.fmt.views)), "masks")
    return progress.advance


def _notes(job: _Job, verdict: VerdictRecord | None) -> tuple[str, ...]:
    # Nothing else that may differ between two exports of one version belongs here: the card must stay the same.
    said = verdict_sentence(verdict)
    notes = (f"{said[0].upper()}{said[1:]}.",)
    if job.with_good and not job.selection.goods:
        return (
            *notes,
            "There is no good picture in the generator's split: add good pictures before training.",
        )
    return notes


def _record(job: _Job, version: DatasetVersionRecord, written: Written) -> None:
    """Add the export's row, unless a repeated command finds it there."""
    facts = {"dataset_version_id": version.id, "format": job.fmt.name, "out_dir": str(job.target)}
    hashes = {"manifest_sha256": written.manifest_sha256, "tree_sha256": written.tree_sha256}
    with job.work.registry.write() as rows:
        known = rows.exports.list(job.part.id)
        if any(all(getattr(row, key) == value for key, value in (facts | hashes).items()) for row in known):
            return
        rows.exports.add(
            job.part.id,
            dataset_version_id=version.id,
            format=job.fmt.name,
            out_dir=str(job.target),
            manifest_sha256=written.manifest_sha256,
            tree_sha256=written.tree_sha256,
            override_reason=job.gate.reason,
            read_back={result.view: asdict(result) for result in written.read_back},
        )


def _report(job: _Job, version: DatasetVersionRecord | None, written: Written | None) -> ExportReport:
    return ExportReport(
        part=job.part.name,
        format=job.fmt.name,
        out=job.target,
        dry_run=written is None,
        already_there=written is not None and written.already_there,
        dataset_version=version.number if version else None,
        images=job.selection.images,
        types=dict(sorted(job.selection.types.items())),
        models=dict(sorted(job.selection.models.items())),
        good_images=job.selection.goods if job.with_good else 0,
        left_out=dict(sorted(job.selection.left_out.items())),
        megabytes=job.need_bytes / 1e6,
        read_back=written.read_back if written else (),
        override_reason=job.gate.reason,
        overridden=dict(job.gate.overridden),
        manifest_sha256=written.manifest_sha256 if written else None,
        tree_sha256=written.tree_sha256 if written else None,
    )
