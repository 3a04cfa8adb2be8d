"""`gate`: does a synthetic version help an inspector on the plant's own held-out defects? Yes, no, or not proven."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_registry.records import DatasetVersionRecord, PartRecord
from factory_gen.errors import InputRefused
from factory_gen.gate.settings import find_settings
from factory_gen.machine import device_name
from factory_gen.sampler.generator import pick_device
from pipelines.inspection.bench import Bench, Task
from pipelines.inspection.conclude import conclude
from pipelines.inspection.names import ResultNames
from pipelines.inspection.options import APART, GateOptions
from pipelines.inspection.plan import Validation, as_asked, final_runs
from pipelines.inspection.rehearsal import Rehearsal, notes_of, rows_of
from pipelines.inspection.report import GateReport, plain
from pipelines.inspection.runs import Done, Run, read
from pipelines.inspection.validation import ValidationPlan
from pipelines.inspection.workers import do_runs
from pipelines.progress import Progress, Silent
from pipelines.release.checks import refuse_empty
from pipelines.release.version import Wanted, freeze_version, write_version
from pipelines.wiring import Workplace

STAGE = "gate"
_CIRCUMSTANCES = frozenset({"seconds", "machine", "command"})
_LARGEST_WINDOW = 256


def run(
    work: Workplace,
    part: str,
    *,
    version: int | None = None,
    wanted: Wanted | None = None,
    options: GateOptions | None = None,
    command_line: str = "",
    progress: Progress | None = None,
) -> GateReport:
    """Train inspectors with and without a version and compare them on the hold-out.

    The verdict is stored with the version, except for a few-shot gate (`references`) and for the linear inspector,
    which say nothing about the data set as it would be used.

    Args:
        work: registry, blobs, and the folder where results are kept.
        part: the part's name.
        version: number of the synthetic version; None freezes the samples that may go, as an export does.
        wanted: which samples to freeze.
        options: how.
        command_line: what the user typed, for the report.
        progress: told how far it is and how long it will take.

    Raises:
        InputRefused: the hold-out was seen by the generator, or there is too little to train on.
        NotFound: no such part or version.
        UsageError: an option out of range.
    """
    started, say, how = time.monotonic(), progress or Silent(), options or GateOptions()
    bench, trainings = _prepare(work, part, version, wanted or Wanted(), how, say)
    task, types, folder = bench.task, bench.rows.types, _folder(work)
    asked = how.fixed_shares(types)
    if asked is not None:
        found = as_asked(asked, how.splits)
    else:
        validation = ValidationPlan(task.settings, types, _folds(bench, how), finish=how.finish)
        found = validation.choose(trainings.do(validation.runs(), len(_finals(task, how, as_asked({}, 1)))))
    done = trainings.do(_finals(task, how, found), 0)
    say.say("comparing")
    report = conclude(bench, how, found, done, folder, command_line, started)
    _report_file(folder, task, how.finish).write_text(json.dumps(plain(report), indent=1))
    if report.stored:
        _store(work, task, report)
    return report


def rehearse(
    work: Workplace,
    part: str,
    *,
    version: int | None = None,
    wanted: Wanted | None = None,
    options: GateOptions | None = None,
    command_line: str = "",
    progress: Progress | None = None,
) -> Rehearsal:
    """Do the gate's validation alone: the held-out pictures are not looked at, and no verdict is given.

    Args:
        work, part, version, wanted, options, command_line, progress: as of `run`.

    Raises:
        InputRefused, NotFound, UsageError: as `run`.
    """
    started, say, how = time.monotonic(), progress or Silent(), options or GateOptions()
    bench, trainings = _prepare(work, part, version, wanted or Wanted(), how, say)
    task, types = bench.task, bench.rows.types
    asked = how.fixed_shares(types)
    validation = ValidationPlan(task.settings, types, _folds(bench, how), how.seeds, how.finish, asked)
    done = trainings.do(validation.runs(), 0)
    found = validation.choose(done)
    means, spread = rows_of(validation.figures(done))
    sides = [bench.sides(split) for split in range(how.splits)]
    scored = {rows[0].sha256: rows[0].group for side in sides for rows in side.spare or side.bad}
    return Rehearsal(
        part=task.part.name,
        version=task.version.number,
        average_precision=means,
        spread=spread,
        shares={str(split): dict(shares) for split, shares in found.judged.items()},
        chosen=found.chosen,
        converged=found.converged,
        inspector=how.inspector,
        settings=how.settings,
        splits=how.splits,
        seeds=how.seeds,
        references=how.references,
        finish=how.finish,
        defects=len(scored),
        groups=len(set(scored.values())),
        seconds=round(time.monotonic() - started, 1),
        machine=device_name(pick_device(task.device)),
        command=command_line,
        notes=notes_of(
            found,
            spare=any(side.spare for side in sides),
            seen=not bench.origin.trained_on.isdisjoint(scored),
        ),
    )


class _Trainings:
    """Does what is not done yet, and says how long the rest will take."""

    def __init__(self, bench: Bench, names: ResultNames, how: GateOptions, say: Progress) -> None:
        self._bench, self._names, self._how, self._say = bench, names, how, say

    def do(self, runs: Sequence[Run], later: int) -> dict[Run, Done]:
        """The results of the runs; `later` more runs will follow."""
        paths = {run: self._names.path(run) for run in runs}
        kept = {run: read(path) if self._how.resume else None for run, path in paths.items()}
        left = {run: paths[run] for run, found in kept.items() if found is None}
        steps = self._bench.task.settings.steps
        self._say.start(STAGE, len(left) * steps, "training steps")
        if len(left) < len(runs):
            self._say.say(f"{len(runs) - len(left)} of {len(runs)} trainings are there already")
        began = time.monotonic()
        workers = self._how.processes(self._bench.task.device)
        work_through = do_runs(self._bench, left, workers, self._tell)
        for ended, run in enumerate(work_through, start=1):
            pace = (time.monotonic() - began) / ended
            minutes = pace * (len(left) - ended + later) / 60
            self._say.say(
                f"{ended} of {len(left)} trainings ({run.label}); about {minutes:.0f} min left in all"
            )
        self._say.finish(STAGE)
        found = {run: kept[run] or read(paths[run]) for run in runs}
        return {run: done for run, done in found.items() if done is not None}

    def _tell(self, steps: int) -> None:
        self._say.advance(STAGE, steps)


def _prepare(
    work: Workplace, part: str, version: int | None, wanted: Wanted, how: GateOptions, say: Progress
) -> tuple[Bench, _Trainings]:
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
    task = _task(work, owner, _version(work, owner, version, wanted), how)
    bench = Bench(work, task)
    names = ResultNames(bench, _folder(work) / f"part{task.part.id}-trainings")
    return bench, _Trainings(bench, names, how, say)


def _folder(work: Workplace) -> Path:
    return work.settings.home / "gate"


def _version(work: Workplace, part: PartRecord, number: int | None, wanted: Wanted) -> DatasetVersionRecord:
    if number is not None:
        with work.registry.read() as rows:
            return rows.datasets.get(part.id, number, "synthetic")
    with tempfile.NamedTemporaryFile(dir=work.settings.home, prefix=".version-") as spool:
        selection = write_version(work, part, wanted, spool.file)
        spool.flush()
        refuse_empty(selection, selection.types)
        return freeze_version(work, part, selection, Path(spool.name))


def _task(work: Workplace, part: PartRecord, version: DatasetVersionRecord, how: GateOptions) -> Task:
    lines = work.blobs.read(version.manifest_sha256).splitlines()
    numbers = [json.loads(line)["lineage"]["model_version"] for line in lines if b'"lineage"' in line]
    if not numbers:
        raise InputRefused(expected="a version with samples", found="none", action="Generate some first.")
    with work.registry.read() as rows:
        model = rows.models.get(part.id, max(numbers))
    windows = model.recipe.get("windows", {})
    return Task(
        part=part,
        version=version,
        settings=find_settings(how.settings),
        inspector=how.inspector,
        command=how.command,
        window=min(int(windows.get("size", 128)), _LARGEST_WINDOW),
        moves=tuple(windows.get("augment", ())),
        references=how.references,
        apart=how.train_on == APART,
        device=pick_device(work.settings.device).type,
    )


def _finals(task: Task, how: GateOptions, found: Validation) -> list[Run]:
    return final_runs(task.settings, found, how.splits, how.seeds, how.curve, how.finish)


def _folds(bench: Bench, how: GateOptions) -> list[Sequence[int]]:
    return [bench.validation_folds(split) for split in range(how.splits)]


def _report_file(folder: Path, task: Task, finish: float) -> Path:
    """Where the last report of exactly this gate is kept, whatever its seeds and splits."""
    facts = [
        task.version.manifest_sha256,
        task.settings.sha256,
        task.inspector,
        task.command or "",
        task.window,
        task.moves,
        task.references,
        task.apart,
        task.device,
        *([finish] if finish else []),
    ]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
    return folder / f"part{task.part.id}-v{task.version.number}-{digest}.json"


def _store(work: Workplace, task: Task, report: GateReport) -> None:
    kept = plain(report)
    with work.registry.write() as rows:
        last = rows.verdicts.latest(task.part.id, task.version.id)
        if last is not None and _says_the_same(last.report, kept):
            return  # as after a job that was killed behind this very row
        rows.verdicts.add(
            task.part.id,
            dataset_version_id=task.version.id,
            decision=report.verdict,
            metric=report.metric,
            lift=report.lift,
            lift_low=report.lift_low,
            lift_high=report.lift_high,
            settings_sha256=task.settings.sha256,
            report=kept,
        )


def _says_the_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two reports differ in nothing but when, where and by whom they were made."""
    texts = [
        json.dumps({key: value for key, value in report.items() if key not in _CIRCUMSTANCES}, sort_keys=True)
        for report in (one, other)
    ]
    return texts[0] == texts[1]
