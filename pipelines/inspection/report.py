"""What a gate found, as one object: for the registry, for a JSON file, and in short for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from factory_gen.gate.compare import Comparison
from factory_gen.gate.curves import PrecisionRecall
from factory_gen.gate.decide import Lift
from pipelines.inspection.rehearsal import Rehearsal

_SHOWN = (
    "pixel_ap_macro",
    "pixel_ap",
    "f1_max",
    "aupro",
    "image_ap_macro",
    "image_auroc",
    "recall",
    "false_reject",
)


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """What a gate found.

    Attributes:
        part, version: what was judged.
        verdict: "helps", "not proven" or "harms".
        metric: the figure that decided; `lift`, `lift_low`, `lift_high` over the arm `against`, with 95 % interval.
        reason: one sentence.
        next_step: what to do now.
        needed_defects: held-out real defects in all that would settle it, where that helps.
        arms: arm to figure to (mean, standard deviation over runs).
        lifts: arm to its lift over `against`; `per_type` and `others` are the judged arm's.
        shares: split to type to the share of its extra slots that the judged arm fills with our samples; the rest
            shows real windows of the type. `shares_of_floors` has the same of other arms with a choice, by arm.
        share_chosen: False where no type gained on the validation and all were given the largest share offered.
        converged: whether the control gained no more in its second half of the steps; `control_half` and
            `control_whole` are its figures on the validation.
        losses: arm to the mean training loss of each tenth of the steps.
        lost_types, hardest_samples, faint: see `factory_gen.gate.causes.Causes`.
        lift_by_synthetic, lift_by_real: curves of {x, lift, low, high}.
        operating_point, curves: for the money page and the plots.
        inspector, settings, steps, seeds, splits, train_on, references, finish: how it was done.
        generator: numbers of the model versions that drew the samples.
        defects, groups: held out.
        seconds, machine, command, factory_gen: when and where; `notes` says what a reader should know.
    """

    part: str
    version: int
    verdict: str
    metric: str
    lift: float
    lift_low: float
    lift_high: float
    against: str
    reason: str
    next_step: str
    needed_defects: int | None
    arms: Mapping[str, Mapping[str, tuple[float, float]]]
    lifts: Mapping[str, Lift]
    per_type: Mapping[str, Lift]
    others: Mapping[str, Lift]
    shares: Mapping[str, Mapping[str, float]]
    shares_of_floors: Mapping[str, Mapping[str, Mapping[str, float]]]
    share_chosen: bool | None
    converged: bool | None
    control_half: float | None
    control_whole: float | None
    losses: Mapping[str, Sequence[float]]
    lost_types: Sequence[str]
    hardest_samples: Sequence[tuple[str, float]]
    faint: Mapping[str, float]
    lift_by_synthetic: Sequence[Mapping[str, float]]
    lift_by_real: Sequence[Mapping[str, float]]
    operating_point: Mapping[str, object]
    curves: Mapping[str, Mapping[str, PrecisionRecall]]
    inspector: str
    settings: str
    steps: int
    seeds: int
    splits: int
    train_on: str
    references: int | None
    finish: float
    generator: Sequence[int]
    defects: int
    groups: int
    seconds: float
    machine: str
    command: str
    factory_gen: str
    stored: bool
    notes: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class GateSummary:
    """The same in short, as the terminal shows it."""

    part: str
    version: int
    verdict: str
    reason: str
    arms: Sequence[Mapping[str, object]]
    lift_over_the_baseline: Sequence[Mapping[str, object]]
    per_type: Sequence[Mapping[str, object]]
    share_of_synthetic: Mapping[str, str]
    hardest_samples: Sequence[str]
    notes: Sequence[str]
    time: str
    next: str


def summary(report: GateReport) -> GateSummary:
    """The report in short."""
    names = [name for name in _SHOWN if all(name in found for found in report.arms.values())]
    return GateSummary(
        part=report.part,
        version=report.version,
        verdict=report.verdict,
        reason=report.reason,
        arms=[
            {"arm": arm, **{name: "{:.3f} +- {:.3f}".format(*found[name]) for name in names}}
            for arm, found in report.arms.items()
        ],
        lift_over_the_baseline=[_row("arm", arm, lift) for arm, lift in report.lifts.items()],
        per_type=[_row("type", name, lift) for name, lift in report.per_type.items()],
        share_of_synthetic={
            name: ", ".join(f"{found[name]:g}" for found in report.shares.values())
            for name in next(iter(report.shares.values()), {})
        },
        hardest_samples=[f"{key} (loss {loss:.2f})" for key, loss in report.hardest_samples],
        notes=report.notes,
        time=f"{report.seconds / 60:.1f} min on {report.machine}",
        next=report.next_step,
    )


def _row(heading: str, name: str, lift: Lift) -> dict[str, object]:
    return {
        heading: name,
        "lift": f"{lift.lift:+.3f}",
        "low": f"{lift.low:+.3f}",
        "high": f"{lift.high:+.3f}",
    }


def point(x: float, lift: Lift) -> dict[str, float]:
    """One point of a curve of lifts."""
    return {"x": x, "lift": lift.lift, "low": lift.low, "high": lift.high}


def plain(report: GateReport | Rehearsal) -> dict[str, Any]:
    """A report as JSON-able values; what is not a finite number becomes None."""
    return dict(_plain(asdict(report)))


def finite_bounds(found: Comparison) -> tuple[float, float, float]:
    """Lift, low and high, in order even where the resamplings lie to one side of the lift."""
    lift = found.decision.lift
    return lift.lift, min(lift.low, lift.lift), max(lift.high, lift.lift)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
