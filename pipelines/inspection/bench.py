"""Does the trainings of a gate, with one process's pictures in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data_registry.records import DatasetVersionRecord, PartRecord, SourceImageRecord
from factory_gen.gate.arms import SYNTHETIC, find_arm
from factory_gen.gate.batches import Plan, Pools
from factory_gen.gate.inspector import Training
from factory_gen.gate.inspectors import make_inspector
from factory_gen.gate.pictures import GatePicture, trim
from factory_gen.gate.settings import GateSettings
from factory_gen.gate.shares import FOLDS, class_mix, deal_groups
from factory_gen.gate.trial import run_trial
from factory_gen.seeds import derive, numpy_generator
from pipelines.inspection.checks import Origin, check_origin
from pipelines.inspection.pictures import (
    GateRows,
    Sides,
    StoredPictures,
    choose_references,
    find_rows,
    labels_of,
    load_picture,
    load_samples,
    sides_of,
)
from pipelines.inspection.runs import FINAL, Run, keep, steps_of
from pipelines.wiring import Workplace

PIXEL_INSPECTORS = ("segmentation", "anomaly", "linear")
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
        apart: inspectors train on half of the held-out groups instead of the generator's side.
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
    apart: bool
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
            pixels=task.inspector in PIXEL_INSPECTORS,
        )
        self.origin: Origin = check_origin(work, task.part, self.rows)
        self._resize = task.window if self.rows.whole else None
        self._inspector = make_inspector(task.inspector, task.command)
        self._synthetic: list[GatePicture] = []
        self._decoded: dict[str, GatePicture] = {}
        self._sides: dict[int, Sides] = {}

    def sides(self, split: int) -> Sides:
        """What a split trains on and is judged by."""
        if split not in self._sides:
            found = sides_of(self.rows, split, apart=self.task.apart, goods=self.task.settings.goods)
            if self.task.references is not None:
                few = all(count <= self.task.references for count in self.origin.per_type.values())
                prefer = self.origin.trained_on if few else frozenset()
                chosen = choose_references(found.bad, self.task.references, split, prefer)
                given = {rows[0].group for rows in chosen}
                spare = [rows for rows in found.bad if rows[0].group not in given]
                found = replace(found, bad=chosen, spare=spare)
            self._sides[split] = found
        return self._sides[split]

    @property
    def synthetic(self) -> Sequence[GatePicture]:
        """The version's samples, decoded once."""
        if not self._synthetic:
            self._synthetic = load_samples(
                self.work, self.rows, self.origin.sources, self.task.window, self.rows.types
            )
        return self._synthetic

    def real_defects(self, split: int = 0) -> list[GatePicture]:
        """The real defects of a split, cut to what their windows may show."""
        return [self._decode(rows) for rows in self.sides(split).bad]

    def real_goods(self, split: int = 0) -> list[GatePicture]:
        """The good pictures of a split."""
        return [self._decode(rows) for rows in self.sides(split).good]

    def _decode(self, rows: tuple[SourceImageRecord, ...]) -> GatePicture:
        key = rows[0].sha256
        if key not in self._decoded:
            picture = load_picture(self.work, rows, self._resize)
            self._decoded[key] = picture if self.rows.whole else trim(picture, self.task.window)
        return self._decoded[key]

    def do(self, run: Run, path: Path, tell: Any = None) -> None:
        """Train and score one run and keep its result."""
        settings = self.task.settings
        folds = self._folds(run)
        arm, steps = find_arm(run.arm), steps_of(run, settings)
        pools = Pools(self._real(run, folds), self._ours(run, folds) if SYNTHETIC in arm.fills else ())
        training = Training(
            steps,
            settings.batch,
            self.task.window,
            settings.learning_rate,
            derive(run.seed, "gate", run.split, run.fold if run.fold is not None else "final"),
            self.task.device,
            self.task.moves,
        )
        plan = Plan(
            self.task.window,
            settings.batch,
            settings.extra,
            class_mix(self.rows.types),
            self.task.moves,
            dict(run.shares),
            round(steps * (1 - run.finish)) if run.finish else None,
        )
        counted = _Counter(tell)
        trial = run_trial(
            self._inspector,
            pools,
            arm,
            plan,
            training,
            self._test(run, folds),
            self.rows.types,
            groups=self._test_groups(run),
            tell=counted.step,
        )
        counted.flush()
        keep(path, run, trial)

    def validation_folds(self, split: int) -> Sequence[int]:
        """The folds that the validation scores in turn; one where spare defects judge it."""
        return (0,) if self.sides(split).spare else tuple(range(FOLDS))

    def _folds(self, run: Run) -> dict[str, int]:
        """Group to fold; empty in the final stage."""
        if run.stage == FINAL:
            return {}
        sides = self.sides(run.split)
        found = dict.fromkeys((rows[0].group for rows in sides.bad), 1) if sides.spare else {}
        found |= dict.fromkeys((rows[0].group for rows in sides.spare), 0)
        rest = [rows for rows in (*sides.bad, *sides.good) if rows[0].group not in found]
        return found | deal_groups([(rows[0].group, labels_of(rows)) for rows in rest], FOLDS, run.split)

    def _real(self, run: Run, folds: dict[str, int]) -> list[GatePicture]:
        everything = [*self.real_goods(run.split), *self.real_defects(run.split)]
        return [picture for picture in everything if not folds or folds[picture.group] != run.fold]

    def _ours(self, run: Run, folds: dict[str, int]) -> list[GatePicture]:
        """The samples that this run may see: none painted on a part that it is scored on, and no more than `amount`."""
        allowed = [p for p in self.synthetic if not folds or folds.get(p.group) != run.fold]
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
        sides = self.sides(run.split)
        if run.stage == FINAL:
            return StoredPictures(self.work, [*sides.test_bad, *sides.test_good], self._resize)
        bad = [rows for rows in sides.spare or sides.bad if folds[rows[0].group] == run.fold]
        good = [rows for rows in sides.good if folds[rows[0].group] == run.fold]
        step = max(1, len(good) // self.task.settings.validation_goods)
        return StoredPictures(self.work, [*bad, *good[::step]], self._resize)

    def _test_groups(self, run: Run) -> Sequence[str]:
        """All groups that runs comparable with this one may score."""
        if run.stage == FINAL:
            return self.rows.test_groups
        sides = self.sides(run.split)
        return sorted({rows[0].group for rows in (*sides.bad, *sides.good, *sides.spare)})


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
