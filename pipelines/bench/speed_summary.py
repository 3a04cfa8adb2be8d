"""The result of `bench speed` in short, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.bench.registry import Figure
from pipelines.bench.speed import SpeedReport


@dataclass(frozen=True)
class SpeedSummary:
    """What a person wants to see; the rest is in the JSON."""

    part: str
    machine: str
    clock: str
    load: str
    images_per_s: float
    stage_shares: Mapping[str, str]
    figures: tuple[Figure, ...]
    counts: tuple[Mapping[str, float], ...]
    sizes: tuple[Mapping[str, float], ...]
    windows: tuple[Mapping[str, float], ...]
    matrix: tuple[Mapping[str, str | float], ...]
    others: tuple[Mapping[str, str | float], ...]
    peak_mib: Mapping[str, float]


def summary(report: SpeedReport) -> SpeedSummary:
    """Shorten a report."""
    stages = report.jobs[0].stages
    total = sum(stages.values())
    rates = {one.name: one.images_per_s for one in report.peers} | dict(report.others)
    return SpeedSummary(
        part=report.part,
        machine=report.machine,
        clock=report.clock,
        load=f"{report.load[0]:.1f} at the start, {report.load[1]:.1f} at the end",
        images_per_s=round(report.images_per_s, 2),
        stage_shares={name: f"{seconds:.2f} s, {seconds / total:.0%}" for name, seconds in stages.items()},
        figures=report.figures,
        counts=tuple(
            {
                "images": one.images,
                "seconds": round(one.seconds, 2),
                "ms per image": round(one.ms_per_image, 1),
            }
            for one in report.counts
        ),
        sizes=tuple(
            {
                "megapixels": one.megapixels,
                "ms per image": round(one.ms_per_image, 1),
                "decode ms": round(one.decode_ms, 1),
                "encode ms": round(one.encode_ms, 1),
            }
            for one in report.sizes
        ),
        windows=tuple(
            {"windows": one.windows, "ms": round(one.ms, 1), "ms per window": round(one.ms_per_window, 1)}
            for one in report.windows
        ),
        matrix=tuple(
            {
                "pass": one.work,
                "precision": one.precision,
                "ms": round(one.milliseconds, 1),
                "GFLOP/s": round(one.gflop_per_s, 1),
                "largest product": round(one.largest_gflop_per_s, 1),
                "share": round(one.share, 3),
                "share of largest": round(one.share_of_largest, 3),
            }
            for one in report.matrix
        ),
        others=tuple(
            {
                "against": name,
                "images/s": float(f"{rate:.3g}"),
                "ours is times": float(f"{report.ratios[name]:.3g}"),
            }
            for name, rate in rates.items()
        ),
        peak_mib={name: round(value) for name, value in report.memory_mib.items()},
    )
