"""From the rows of a prior bench to its result file: curves, calls and time at equal quality, spread over seeds."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from factory_gen.bench.arms import ARMS, GAUSSIAN, GAUSSIAN_CODE, LEDIFLOW
from factory_gen.bench.compare import (
    CurvePoint,
    best,
    calls_near_best,
    equal_quality,
    mean_curve,
    spread,
)
from factory_gen.bench.held_out import AUTOENCODED, SETS
from factory_gen.bench.measure import TEST, VALIDATION
from factory_gen.bench.settings import PriorBench

TABLES = ("time", "steps")
MEASURES = ("kid", "cmmd")


@dataclass(frozen=True)
class PriorReport:
    """What the bench found.

    Attributes:
        part: name.
        calls_ratio_equal_quality: Gaussian prior to LeDiFlow at the Gaussian's best KID, mean over seeds and sets at
            equal training time; 0 counts for a seed and set in which LeDiFlow never got there.
        time_ratio_equal_quality: the same for milliseconds per window, decoding included.
        best_ratio_gaussian, best_ratio_gaussian_code: LeDiFlow's best KID over theirs; under 1 is better.
        spreads: the four figures with their spread over seeds and sets.
        near_best: arm to set to (calls of the Gaussian within 5 % of its own best, fewest calls of that arm that reach
            the same quality or None), on the mean curves at equal training time.
        equal_quality: every seed, set and table.
        arms: per table, arm and set the mean curve over seeds, own best, fewest calls near the own and the best
            arm's best; steps and seconds of training.
        floor: KID x1000 of real training windows against the test split.
        seeds, machine, command, settings: how it was made.
    """

    part: str
    calls_ratio_equal_quality: float
    time_ratio_equal_quality: float
    best_ratio_gaussian: float
    best_ratio_gaussian_code: float | None
    spreads: Mapping[str, Any]
    near_best: Mapping[str, Any]
    equal_quality: Sequence[Mapping[str, Any]]
    arms: Mapping[str, Any]
    floor: Mapping[str, float]
    seeds: int
    machine: str
    command: str
    settings: Mapping[str, Any]


def assemble(
    folder: Path, part: str, plan: PriorBench, seeds: int, floor: Mapping[str, float], command: str
) -> PriorReport:
    """Read every finished arm of `folder` and compare."""
    runs = {
        (name, seed): json.loads((folder / f"seed{seed}" / f"{name}.json").read_text())
        for name in plan.arms
        for seed in range(seeds)
    }
    equal = [
        {"table": table, "set": kind, "seed": seed, **asdict(equal_quality(*_pair(runs, table, kind, seed)))}
        for table in TABLES
        for kind in SETS
        for seed in range(seeds)
    ]
    timed = [row for row in equal if row["table"] == "time"]
    figures = {
        "calls_ratio_equal_quality": [row["calls_ratio"] for row in timed],
        "time_ratio_equal_quality": [row["time_ratio"] for row in timed],
        "best_ratio_gaussian": _best_ratios(runs, GAUSSIAN, seeds),
    }
    if GAUSSIAN_CODE in plan.arms:
        figures["best_ratio_gaussian_code"] = _best_ratios(runs, GAUSSIAN_CODE, seeds)
    spreads = {name: asdict(spread(values)) for name, values in figures.items()}
    arms = _arms(runs, plan, seeds)
    return PriorReport(
        part=part,
        calls_ratio_equal_quality=spreads["calls_ratio_equal_quality"]["mean"],
        time_ratio_equal_quality=spreads["time_ratio_equal_quality"]["mean"],
        best_ratio_gaussian=spreads["best_ratio_gaussian"]["mean"],
        best_ratio_gaussian_code=spreads.get("best_ratio_gaussian_code", {}).get("mean"),
        spreads=spreads,
        near_best=_near_best(arms),
        equal_quality=equal,
        arms=arms | {"prior-mean": _prior_mean(folder, seeds)},
        floor=dict(floor),
        seeds=seeds,
        machine=f"{platform.machine()}, {plan.device}",
        command=command,
        settings=asdict(plan),
    )


@dataclass(frozen=True)
class PriorSummary:
    """The report in short, for a terminal; see `PriorReport` for the fields.

    Attributes:
        curves: "set, arm" to "calls: KID" for the equal-time table.
    """

    part: str
    seeds: int
    calls_ratio_equal_quality: float
    time_ratio_equal_quality: float
    best_ratio_gaussian: float
    best_ratio_gaussian_code: float | None
    floor: Mapping[str, float]
    curves: Mapping[str, str]


def summary(report: PriorReport) -> PriorSummary:
    """What a person wants to see first."""
    curves = {
        f"{kind}, {name}": "  ".join(f"{p['calls']}: {p['value']:.0f}" for p in entry["time"][kind]["kid"])
        for kind in SETS
        for name, entry in report.arms.items()
        if "time" in entry
    }
    return PriorSummary(
        report.part,
        report.seeds,
        report.calls_ratio_equal_quality,
        report.time_ratio_equal_quality,
        report.best_ratio_gaussian,
        report.best_ratio_gaussian_code,
        report.floor,
        curves,
    )


def compact(report: PriorReport) -> str:
    """The report as JSON with four significant figures, small enough to be kept with the documentation."""
    return json.dumps(_rounded(asdict(report)), indent=1)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value


def curve(
    rows: Sequence[Mapping[str, Any]], kind: str, measure: str = "kid", reference: str = AUTOENCODED
) -> list[CurvePoint]:
    """One arm's test curve on one set: for each number of calls the solver that the validation split prefers."""
    points = []
    own = [row for row in rows if row["set"] == kind and row["codes"] == "sampled"]
    for calls in sorted({row["calls"] for row in own}):
        tried = [
            row
            for row in own
            if row["calls"] == calls and row["split"] == VALIDATION and row["reference"] == AUTOENCODED
        ]
        solver = min(tried, key=lambda row: row["kid"])["solver"]
        found = [
            row
            for row in own
            if (row["calls"], row["split"], row["solver"], row["reference"])
            == (calls, TEST, solver, reference)
        ]
        if found:
            points.append(_point(found[0], measure))
    return points


def _point(row: Mapping[str, Any], measure: str) -> CurvePoint:
    return CurvePoint(
        calls=row["calls"],
        value=row[measure],
        low=row.get(f"{measure}_low", row[measure]),
        high=row.get(f"{measure}_high", row[measure]),
        milliseconds=row["source_ms"] + row["calls_ms"] + row["decode_ms"],
    )


def _table(runs: Mapping[tuple[str, int], Any], name: str, seed: int, table: str) -> list[Any]:
    tables = runs[name, seed]["tables"]
    found: list[Any] = tables.get(table) or tables["time"]
    return found


def _pair(
    runs: Mapping[tuple[str, int], Any], table: str, kind: str, seed: int
) -> tuple[list[CurvePoint], list[CurvePoint]]:
    return (
        curve(_table(runs, GAUSSIAN, seed, table), kind),
        curve(_table(runs, LEDIFLOW, seed, "time"), kind),
    )


def _best_ratios(runs: Mapping[tuple[str, int], Any], other: str, seeds: int) -> list[float]:
    """LeDiFlow's best over the other arm's best, each seed and set."""
    return [
        best(curve(_table(runs, LEDIFLOW, seed, "time"), kind)).value
        / best(curve(_table(runs, other, seed, "time"), kind)).value
        for kind in SETS
        for seed in range(seeds)
    ]


def _arms(runs: Mapping[tuple[str, int], Any], plan: PriorBench, seeds: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name in plan.arms:
        entry: dict[str, Any] = {
            "title": ARMS[name].title,
            "steps": [runs[name, seed]["steps"] for seed in range(seeds)],
            "seconds": [runs[name, seed]["seconds"] for seed in range(seeds)],
        }
        for table in TABLES:
            entry[table] = {kind: _curves(runs, name, kind, table, seeds) for kind in SETS}
        result[name] = entry
    for table in TABLES:
        for kind in SETS:
            lowest = min(result[name][table][kind]["best"] for name in plan.arms)
            for name in plan.arms:
                entry = result[name][table][kind]
                entry["calls_near_best_arm"] = calls_near_best(
                    [CurvePoint(**point) for point in entry["kid"]], lowest
                )
    return result


def _near_best(arms: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for kind in SETS:
        base = arms[GAUSSIAN]["time"][kind]
        for name, entry in arms.items():
            points = [CurvePoint(**point) for point in entry["time"][kind]["kid"]]
            calls = base["calls_near_own_best"], calls_near_best(points, base["best"])
            result.setdefault(name, {})[kind] = calls
    return result


def _curves(
    runs: Mapping[tuple[str, int], Any], name: str, kind: str, table: str, seeds: int
) -> dict[str, Any]:
    tables = [_table(runs, name, seed, table) for seed in range(seeds)]
    means = mean_curve([curve(rows, kind) for rows in tables])
    raw = mean_curve([curve(rows, kind, reference="raw") for rows in tables])
    other = mean_curve([curve(rows, kind, "cmmd") for rows in tables])
    far = mean_curve([curve(rows, kind, "fid") for rows in tables])
    encoded = [
        row["kid"] for rows in tables for row in rows if row["codes"] == "encoded" and row["set"] == kind
    ]
    own = best(means)
    return {
        "kid": [asdict(point) for point in means],
        "kid_raw": [asdict(point) for point in raw],
        "cmmd": [asdict(point) for point in other],
        "fid": [asdict(point) for point in far],
        "best": own.value,
        "best_calls": own.calls,
        "calls_near_own_best": calls_near_best(means, own.value),
        "kid_with_encoded_code": float(np.mean(encoded)) if encoded else None,
        "scales": sorted({row["scale"] for rows in tables for row in rows}),
    }


def _prior_mean(folder: Path, seeds: int) -> dict[str, Any]:
    rows = [
        row
        for seed in range(seeds)
        for row in json.loads((folder / f"seed{seed}" / "prior-mean.json").read_text())["rows"]
        if row["split"] == TEST
    ]
    return {
        "title": "The prior's mean alone",
        **{
            f"{kind}/{reference}": asdict(
                spread([row["kid"] for row in rows if (row["set"], row["reference"]) == (kind, reference)])
            )
            for kind in SETS
            for reference in (AUTOENCODED, "raw")
        },
    }
