"""From the results of all trainings to the report of a gate."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np

from factory_gen.gate.arms import BASELINES, JUDGED
from factory_gen.gate.causes import faint_shares, find_causes
from factory_gen.gate.compare import Comparison, compare
from factory_gen.gate.curves import PrecisionRecall, operating_point, precision_recall
from factory_gen.gate.decide import draw_groups
from factory_gen.gate.inspectors import COMMAND
from factory_gen.gate.scores import Tally
from factory_gen.machine import device_name
from factory_gen.sampler.generator import pick_device
from factory_gen.seeds import numpy_generator
from pipelines.inspection.bench import Bench
from pipelines.inspection.options import GateOptions
from pipelines.inspection.plan import AMOUNTS, CONTROL, Validation
from pipelines.inspection.report import GateReport, finite_bounds, point
from pipelines.inspection.runs import FINAL, Done, Run

UNSTORED = "linear"  # proves nothing about a data set
FEW_GROUPS = 10
_PARTS = 10
_CURVE_DRAWS = 500
Tallies = dict[str, list[Tally]]


def conclude(
    bench: Bench,
    how: GateOptions,
    validation: Validation,
    done: Mapping[Run, Done],
    reports: Path,
    command_line: str,
    started: float,
) -> GateReport:
    """Compare the arms and gather everything that a reader may want to know.

    Args:
        bench: with the pictures.
        how: as asked for.
        validation: what was chosen.
        done: the results of the final runs.
        reports: where the reports of earlier gates lie, for the curve over real defects.
        command_line: what the user typed.
        started: `time.monotonic` at the start.

    Raises:
        UsageError: fewer than two runs of an arm.
    """
    task = bench.task
    results = {arm: _results(done, arm) for arm in task.settings.arms}
    tallies: Tallies = {arm: [one.tally for one in found] for arm, found in results.items()}
    found = _compare(bench, how, tallies)
    decision, judged = found.decision, tallies[JUDGED]
    draws = min(_CURVE_DRAWS, task.settings.draws)
    weights = draw_groups(judged[0].clusters, draws, numpy_generator(0, "gate", "groups"))
    losses = [one.sample_losses for one in results[JUDGED]]
    faint = faint_shares(bench.real_defects(), bench.synthetic)
    shares = next(iter(validation.judged.values()))
    causes = find_causes(decision.verdict, found.per_type, losses, faint, shares)
    lift, low, high = finite_bounds(found)
    return GateReport(
        part=task.part.name,
        version=task.version.number,
        verdict=decision.verdict,
        metric=found.metric,
        lift=lift,
        lift_low=low,
        lift_high=high,
        against=decision.against,
        reason=decision.reason,
        next_step=causes.next_step,
        needed_defects=decision.needed_defects,
        arms=found.figures,
        lifts=found.lifts,
        per_type=found.per_type,
        others=found.others,
        shares=_by_split(validation.judged),
        shares_of_floors={arm: _by_split(found) for arm, found in validation.shares.items() if arm != JUDGED},
        share_chosen=validation.chosen if how.shares == "auto" else None,
        converged=validation.converged,
        control_half=validation.half,
        control_whole=validation.whole,
        losses={arm: _tenths(one) for arm, one in results.items() if one[0].losses},
        lost_types=causes.lost_types,
        hardest_samples=causes.hardest,
        faint=causes.faint,
        lift_by_synthetic=_by_amount(bench, how, done, tallies, found),
        lift_by_real=_by_references(bench, how, reports, found),
        operating_point=operating_point(tallies[decision.against], judged, weights, how.reject),
        curves={"precision_recall": _curves(tallies, decision.against, weights)},
        inspector=task.command if task.inspector == COMMAND and task.command else task.inspector,
        settings=task.settings.name,
        steps=task.settings.steps,
        seeds=how.seeds,
        splits=how.splits,
        train_on=how.train_on,
        references=how.references,
        finish=how.finish,
        generator=bench.origin.models,
        defects=judged[0].defects,
        groups=len(_scored_groups(bench, how)),
        seconds=time.monotonic() - started,
        machine=f"{device_name(pick_device(task.device))}, {how.processes(task.device)} processes side by side",
        command=command_line,
        factory_gen=installed("factory-gen"),
        stored=how.references is None and task.inspector != UNSTORED,
        notes=_notes(bench, how, validation),
    )


def _compare(bench: Bench, how: GateOptions, tallies: Tallies) -> Comparison:
    return compare(
        tallies,
        judged=JUDGED,
        baselines=[name for name in BASELINES if name in tallies],
        draws=bench.task.settings.draws,
        seed=0,
        reject=how.reject,
    )


def _curves(tallies: Tallies, against: str, weights: np.ndarray) -> dict[str, PrecisionRecall]:
    """Precision over recall without our data, with it, and with CutPaste where that was run."""
    shown = {"before": against, "after": JUDGED, "cutpaste": "cutpaste"}
    return {label: precision_recall(tallies[arm], weights) for label, arm in shown.items() if arm in tallies}


def _results(done: Mapping[Run, Done], arm: str, amount: float | None = None) -> list[Done]:
    """The final results of an arm, in the order of split and seed."""
    ordered = sorted(done, key=lambda run: (run.split, run.seed))
    return [done[run] for run in ordered if (run.stage, run.arm, run.amount) == (FINAL, arm, amount)]


def _by_split(shares: Mapping[int, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    return {str(split): dict(found) for split, found in shares.items()}


def _tenths(results: Sequence[Done]) -> list[float]:
    """Mean training loss of each tenth of the steps."""
    losses = [
        [float(part.mean()) for part in np.array_split(one.losses, _PARTS) if part.size] for one in results
    ]
    return [float(value) for value in np.mean(losses, axis=0)]


def _by_amount(
    bench: Bench, how: GateOptions, done: Mapping[Run, Done], tallies: Tallies, found: Comparison
) -> list[dict[str, float]]:
    """Lift over the control for each number of synthetic pictures per real defect, and for none."""
    if not how.curve or CONTROL not in tallies:
        return []
    points = [{"x": 0.0, "lift": 0.0, "low": 0.0, "high": 0.0}]
    for amount in AMOUNTS:
        some = [one.tally for one in _results(done, JUDGED, amount)]
        against = {CONTROL: tallies[CONTROL], "real": tallies["real"], JUDGED: some}
        lifts = compare(
            {arm: runs for arm, runs in against.items() if runs},
            judged=JUDGED,
            baselines=[CONTROL],
            draws=bench.task.settings.draws,
            seed=0,
            reject=how.reject,
        )
        points.append(point(amount, lifts.decision.lift))
    return points


def _by_references(
    bench: Bench, how: GateOptions, reports: Path, found: Comparison
) -> list[dict[str, float]]:
    """Lift for each number of real defects per type that gates on this version were run with so far."""
    all_of_them = max(sum(name in p.labels for p in bench.real_defects()) for name in bench.rows.types)
    points = {float(how.references or all_of_them): point(how.references or all_of_them, found.decision.lift)}
    task = bench.task
    for path in sorted(reports.glob(f"part{task.part.id}-v{task.version.number}-*.json")):
        try:
            other: dict[str, Any] = json.loads(path.read_text())
            ours = (task.inspector, task.settings.name, how.train_on, how.finish)
            alike = (
                other["inspector"],
                other["settings"],
                other["train_on"],
                other.get("finish", 0.0),
            ) == ours
            if alike and other["references"] is not None:
                figures = {"lift": other["lift"], "low": other["lift_low"], "high": other["lift_high"]}
                points.setdefault(float(other["references"]), {"x": other["references"], **figures})
        except (OSError, ValueError, KeyError):
            continue  # a report of another age
    return [points[key] for key in sorted(points)] if len(points) > 1 else []


def _scored_groups(bench: Bench, how: GateOptions) -> set[str]:
    """Held-out groups that any split was judged by."""
    sides = [bench.sides(split) for split in range(how.splits)]
    return {rows[0].group for side in sides for rows in (*side.test_good, *side.test_bad)}


def _notes(bench: Bench, how: GateOptions, validation: Validation) -> list[str]:
    notes = []
    seen, task = bench.origin.per_type, bench.task
    if how.references is not None and any(count > how.references for count in seen.values()):
        most = max(seen.values())
        notes.append(
            f"The generator was NOT trained on these {how.references} defects per type alone but on up to {most}: "
            "this few-shot figure flatters it."
        )
    if how.shares == "auto" and not validation.chosen:
        notes.append(
            "No type gained on the validation, so every type was given the largest share offered for the verdict."
        )
    spare = [rows[0] for split in range(how.splits) for rows in bench.sides(split).spare]
    if how.shares == "auto" and spare:
        judges = {row.sha256: row.group for row in spare}
        notes.append(
            f"The shares were chosen by {len(judges)} real defects of {len(set(judges.values()))} groups that the "
            "inspectors were not given: the fewer groups, the more the choice is luck."
        )
    if validation.converged is False:
        notes.append(
            "The control had not converged: over the second half of its steps it still rose from "
            f"{validation.half:.3f} to {validation.whole:.3f} on the validation. Use more steps (--settings full)."
        )
    groups = len(_scored_groups(bench, how))
    if groups < FEW_GROUPS:
        notes.append(f"Only {groups} groups are held out: the interval is a rough guess.")
    if task.inspector == UNSTORED:
        notes.append("The linear inspector is for trying things out: this verdict is not stored.")
    if how.references is not None:
        notes.append("A few-shot gate is a study: this verdict is not stored with the version.")
    return notes
