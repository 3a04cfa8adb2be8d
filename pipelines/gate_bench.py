"""Does the trainings of a gate: one process's pictures in memory, and several such processes side by side."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_registry.records import DatasetVersionRecord, PartRecord, SourceImageRecord
from factory_gen.gate.arms import find_arm
from factory_gen.gate.batches import Plan, Pools
from factory_gen.gate.inspector import Training
from factory_gen.gate.inspectors import make_inspector
from factory_gen.gate.pictures import GatePicture, trim
from factory_gen.gate.settings import GateSettings
from factory_gen.gate.shares import FOLDS, class_mix, deal_groups
from factory_gen.gate.trial import run_trial
from factory_gen.seeds import derive, numpy_generator
from factory_gen.training.threads import use_threads
from pipelines.gate_checks import Origin, check_origin
from pipelines.gate_pictures import (
    GateRows,
    StoredPictures,
    choose_references,
    find_rows,
    load_picture,
    load_samples,
)
from pipelines.gate_runs import FINAL, HALF, Run, keep
from pipelines.settings import Settings, quiet_environment
from pipelines.wiring import Workplace, open_workplace

PIXEL_INSPECTORS = ("segmentation", "anomaly", "linear")
_WATCH_S = 2.0
_TELL_EVERY = 5


@dataclass(frozen=True)
class Task:
    """What all trainings of a gate have in common; can be sent to another process.

    Attributes:
        part, version: names and numbers.
        settings: how thorough.
        inspector, command: which inspector.
        window: side in pixels.
        moves: flips and turns that the part allows.
        references: real defects per type given to the inspectors; None for all.
        device: "cpu" or "cuda".
    """

    part: PartRecord
    version: DatasetVersionRecord
    settings: GateSettings
    inspector: str
    command: str | None
    window: int
    moves: tuple[str, ...]
    references: int | None
    device: str


class Bench:
    """One process's pictures, ready to train on.

    Args:
        work: registry and blobs.
        task: what is to be done.
    """

    def __init__(self, work: Workplace, task: Task) -> None:
        self.work, self.task = work, task
        self.rows: GateRows = find_rows(
            work,
            task.part,
            task.version,
            goods=task.settings.goods,
            pixels=task.inspector in PIXEL_INSPECTORS,
        )
        self.origin: Origin = check_origin(work, task.part, self.rows)
        self._resize = task.window if self.rows.whole else None
        self._inspector = make_inspector(task.inspector, task.command)
        self._good: list[GatePicture] = []
        self._synthetic: list[GatePicture] = []
        self._bad: dict[str, GatePicture] = {}

    def bad_rows(self, split: int) -> Sequence[tuple[SourceImageRecord, ...]]:
        """The real defects that the inspectors of a split are given."""
        if self.task.references is None:
            return self.rows.bad
        few = all(count <= self.task.references for count in self.origin.per_type.values())
        prefer = self.origin.trained_on if few else frozenset()
        return choose_references(self.rows.bad, self.task.references, split, prefer)

    def load(self) -> None:
        """Decode what is trained on; called once, before the first run."""
        if not self._good:
            self._good = [load_picture(self.work, rows, self._resize) for rows in self.rows.good]
            self._synthetic = load_samples(
                self.work, self.rows, self.origin.sources, self.task.window, self.rows.types
            )

    @property
    def synthetic(self) -> Sequence[GatePicture]:
        """The version's samples."""
        self.load()
        return self._synthetic

    def real_defects(self, split: int = 0) -> list[GatePicture]:
        """The real defects of a split, cut to what their windows may show."""
        found = []
        for rows in self.bad_rows(split):
            key = rows[0].sha256
            if key not in self._bad:
                picture = load_picture(self.work, rows, self._resize)
                self._bad[key] = picture if self.rows.whole else trim(picture, self.task.window)
            found.append(self._bad[key])
        return found

    def do(self, run: Run, folder: Path, tell: Any = None) -> None:
        """Train and score one run and keep its result."""
        self.load()
        settings = self.task.settings
        folds = self._folds(run)
        pools = Pools(self._real(run, folds), self._ours(run, folds))
        steps = settings.steps // 2 if run.stage == HALF else settings.steps
        training = Training(
            steps,
            settings.batch,
            self.task.window,
            settings.learning_rate,
            derive(run.seed, "gate", run.split, run.fold if run.fold is not None else "final"),
            self.task.device,
        )
        plan = Plan(
            self.task.window, settings.batch, settings.extra, class_mix(dict(run.shares)), self.task.moves
        )
        counted = _Counter(tell)
        trial = run_trial(
            self._inspector,
            pools,
            find_arm(run.arm),
            plan,
            training,
            self._test(run, folds),
            self.rows.types,
            groups=self._test_groups(run),
            tell=counted.step,
        )
        counted.flush()
        keep(folder, run, trial)

    def _folds(self, run: Run) -> dict[str, int]:
        """Group to fold; empty in the final stage."""
        if run.stage == FINAL:
            return {}
        return deal_groups([*self.real_defects(run.split), *self._good], FOLDS, run.split)

    def _real(self, run: Run, folds: dict[str, int]) -> list[GatePicture]:
        everything = [*self._good, *self.real_defects(run.split)]
        return [picture for picture in everything if not folds or folds[picture.group] != run.fold]

    def _ours(self, run: Run, folds: dict[str, int]) -> list[GatePicture]:
        """The samples that this run may see: none painted on a part that it is scored on, and no more than `amount`."""
        allowed = [p for p in self._synthetic if not folds or folds.get(p.group) != run.fold]
        if run.amount is None:
            return allowed
        real = self.real_defects(run.split)
        kept = []
        for name in self.rows.types:
            most = round(run.amount * sum(name in picture.labels for picture in real))
            of_type = [picture for picture in allowed if name in picture.labels]
            order = numpy_generator(run.split, "gate", "amount", name).permutation(len(of_type))
            kept += [of_type[int(place)] for place in order[:most]]
        return kept

    def _test(self, run: Run, folds: dict[str, int]) -> Sequence[GatePicture]:
        if run.stage == FINAL:
            return StoredPictures(self.work, [*self.rows.test_bad, *self.rows.test_good], self._resize)
        bad = [rows for rows in self.bad_rows(run.split) if folds[rows[0].group] == run.fold]
        good = [rows for rows in self.rows.good if folds[rows[0].group] == run.fold]
        step = max(1, len(good) // self.task.settings.validation_goods)
        return StoredPictures(self.work, [*bad, *good[::step]], self._resize)

    def _test_groups(self, run: Run) -> Sequence[str]:
        if run.stage == FINAL:
            return self.rows.test_groups
        return sorted({rows[0].group for rows in (*self.bad_rows(run.split), *self.rows.good)})


class _Counter:
    """Passes steps on in small bundles."""

    def __init__(self, tell: Any) -> None:
        self._tell, self._waiting = tell, 0

    def step(self, _step: int, _loss: float) -> None:
        self._waiting += 1
        if self._waiting >= _TELL_EVERY:
            self.flush()

    def flush(self) -> None:
        if self._tell is not None and self._waiting:
            self._tell(self._waiting)
        self._waiting = 0


def do_runs(bench: Bench, runs: Sequence[Run], folder: Path, workers: int, tell: Any) -> Iterator[Run]:
    """Do the runs and yield each when its result is on disk.

    Args:
        bench: this process's pictures; the other processes load their own.
        runs: what is left to do.
        folder: where results are kept.
        workers: processes side by side; 1 works in this one.
        tell: told how many more training steps were done.
    """
    if workers <= 1 or len(runs) <= 1:
        use_threads(bench.work.settings.threads)
        for run in runs:
            bench.do(run, folder, tell)
            yield run
        return
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    with ProcessPoolExecutor(
        min(workers, len(runs)), context, _start, (bench.work.settings, bench.task, told, os.getpid())
    ) as pool:
        waiting = {pool.submit(_do, run, folder): run for run in runs}
        listener = threading.Thread(target=_listen, args=(told, tell), daemon=True)
        listener.start()
        try:
            for future in as_completed(waiting):
                future.result()
                yield waiting[future]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            told.put(None)
            listener.join(timeout=_WATCH_S)


_here: dict[str, Any] = {}


def _start(settings: Settings, task: Task, told: Any, parent: int) -> None:
    """Open everything in a new process, and see to it that it ends with the first one."""
    quiet_environment(settings)
    use_threads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    work = open_workplace(settings)
    _here.update(bench=Bench(work.__enter__(), task), work=work, tell=told.put)


def _do(run: Run, folder: Path) -> None:
    _here["bench"].do(run, folder, _here["tell"])


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os._exit(1)


def _listen(told: Any, tell: Any) -> None:
    while True:
        try:
            steps = told.get(timeout=_WATCH_S)
        except queue.Empty:
            continue
        if steps is None:
            return
        tell(steps)
