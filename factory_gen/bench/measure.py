"""Measures one arm: settings chosen on the validation split, figures reported on the test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from factory_gen.bench.arms import Arm
from factory_gen.bench.drawing import ENCODED, DrawnSet, Setting, draw_set
from factory_gen.bench.held_out import AUTOENCODED, RAW, SETS, HeldOut, decode
from factory_gen.bench.networks import Shared
from factory_gen.bench.settings import PriorBench
from factory_gen.flow.diffusion import DIFFUSION_SAMPLERS
from factory_gen.flow.model import FlowModel
from factory_gen.matching.solvers.table import SOLVERS
from factory_gen.metrics.cmmd import cmmd
from factory_gen.metrics.features import FeatureNet
from factory_gen.metrics.fid import fid
from factory_gen.metrics.kid import kid
from factory_gen.seeds import torch_generator

VALIDATION, TEST = "validation", "test"
TUNING_CALLS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure set.

    Attributes:
        set: "whole" or "inpaint".
        split: "validation" or "test".
        reference: "autoencoded" or "raw".
        solver, calls, scale, codes: how it was drawn; calls 0 is the prior's mean.
        kid, kid_low, kid_high, cmmd, cmmd_low, cmmd_high, fid: times 1000 for KID and CMMD.
        source_ms, calls_ms, decode_ms: milliseconds per window.
    """

    set: str
    split: str
    reference: str
    solver: str
    calls: int
    scale: float
    codes: str
    kid: float
    kid_low: float
    kid_high: float
    cmmd: float
    cmmd_low: float
    cmmd_high: float
    fid: float
    source_ms: float
    calls_ms: float
    decode_ms: float


@dataclass(frozen=True)
class Bench:
    """What measuring needs and all arms share.

    Attributes:
        plan: settings.
        autoencoder: trained.
        nets: features.
        splits: "validation" and "test".
        grain_spread: standard deviation of what the autoencoder smooths away; white noise of this spread is added
            before a set is compared with raw windows.
    """

    plan: PriorBench
    autoencoder: Any
    nets: FeatureNet
    splits: Mapping[str, HeldOut]
    grain_spread: float


def measure_arm(bench: Bench, arm: Arm, model: FlowModel, shared: Shared, seed: int) -> list[Row]:
    """All solvers and numbers of calls for one trained network.

    The scale s is chosen first, on the validation split, with one solver at few calls; each (solver, calls) is then
    measured on both splits. The reader of the rows picks a solver by its validation figure and quotes its test figure.
    """
    scale = _choose_scale(bench, arm, model, shared, seed)
    rows: list[Row] = []
    for solver, calls in settings_of(arm, bench.plan):
        setting = Setting(solver, calls, scale)
        for split in (VALIDATION, TEST):
            rows += _measure(bench, arm, model, shared, setting, split, seed, references=(AUTOENCODED,))
    for setting in _chosen(rows, scale):
        rows += _measure(bench, arm, model, shared, setting, TEST, seed, references=(RAW,))
    if arm.use_code:
        # How much the code sampler costs: the same network with the code of the very window.
        best = min(_chosen(rows, scale), key=lambda s: _mean_kid(rows, s, VALIDATION))
        told = replace(best, codes=ENCODED)
        rows += _measure(bench, arm, model, shared, told, TEST, seed, references=(AUTOENCODED,))
    return rows


def measure_prior_mean(bench: Bench, arm: Arm, shared: Shared, seed: int) -> list[Row]:
    """The prior's mean without any call of a flow network."""
    rows: list[Row] = []
    for split in (VALIDATION, TEST):
        rows += _measure(
            bench, arm, None, shared, Setting("none", 0), split, seed, references=(AUTOENCODED, RAW)
        )
    return rows


def measure_floor(bench: Bench, seen: Mapping[tuple[str, str], np.ndarray], seed: int) -> dict[str, float]:
    """Real against real: KID x1000 of training windows against the test split, by "set/reference"."""
    test = bench.splits[TEST]
    return {
        f"{name}/{reference}": kid(
            seen[name, reference], test.features[name, reference], seed=seed, resamples=0
        ).x1000
        for name, reference in seen
    }


def settings_of(arm: Arm, plan: PriorBench) -> list[tuple[str, int]]:
    """(solver, calls) that an arm can be asked for."""
    if arm.family == "map":
        return [("euler", calls) for calls in plan.calls]
    if arm.family == "diffusion":
        return [(sampler, calls) for sampler in DIFFUSION_SAMPLERS for calls in plan.calls]
    return [
        (name, calls) for name in plan.solvers for calls in plan.calls if calls % SOLVERS[name].calls == 0
    ]


def _choose_scale(bench: Bench, arm: Arm, model: FlowModel, shared: Shared, seed: int) -> float:
    plan = bench.plan
    if arm.family == "diffusion" or len(plan.scales) == 1:
        return plan.scales[0] if arm.family != "diffusion" else 1.0
    solver = "euler" if arm.family == "map" else plan.solvers[-1]
    found = {}
    for scale in plan.scales:
        rows = _measure(
            bench,
            arm,
            model,
            shared,
            Setting(solver, TUNING_CALLS, scale),
            VALIDATION,
            seed,
            references=(AUTOENCODED,),
        )
        # Sets differ by a factor in KID: a mean of logarithms lets neither rule alone.
        found[scale] = float(np.mean([np.log(max(row.kid, 1.0)) for row in rows]))
    return min(found, key=lambda scale: found[scale])


def _chosen(rows: Sequence[Row], scale: float) -> list[Setting]:
    """For each number of calls, the solver with the best validation figure."""
    result = []
    for calls in sorted({row.calls for row in rows}):
        solvers = sorted({row.solver for row in rows if row.calls == calls})
        settings = [Setting(solver, calls, scale) for solver in solvers]
        result.append(min(settings, key=lambda s: _mean_kid(rows, s, VALIDATION)))
    return result


def _mean_kid(rows: Sequence[Row], setting: Setting, split: str) -> float:
    found = [
        np.log(max(row.kid, 1.0))
        for row in rows
        if (row.solver, row.calls, row.split, row.codes, row.reference)
        == (setting.solver, setting.calls, split, setting.codes, AUTOENCODED)
    ]
    return float(np.mean(found))


def _measure(
    bench: Bench,
    arm: Arm,
    model: FlowModel | None,
    shared: Shared,
    setting: Setting,
    split: str,
    seed: int,
    *,
    references: Sequence[str],
) -> list[Row]:
    held, plan = bench.splits[split], bench.plan
    rows = []
    for name in SETS:
        drawn = draw_set(
            arm,
            model,
            shared,
            held.windows[name],
            setting,
            batch=plan.batch,
            seed=seed,
            fast=plan.precision == "bf16",
        )
        windows, decode_ms = _decode(bench, drawn)
        for reference in references:
            rows.append(_row(bench, held, name, reference, setting, drawn, windows, decode_ms, seed))
    return rows


def _decode(bench: Bench, drawn: DrawnSet) -> tuple[torch.Tensor, float]:
    import time

    parts, spent = [], []
    with torch.no_grad():
        for part in drawn.latent.split(64):
            began = time.perf_counter()
            parts.append(decode(bench.autoencoder, part))
            spent.append(1e3 * (time.perf_counter() - began) / part.shape[0])
    return torch.cat(parts), min(spent)


def _row(
    bench: Bench,
    held: HeldOut,
    name: str,
    reference: str,
    setting: Setting,
    drawn: DrawnSet,
    windows: torch.Tensor,
    decode_ms: float,
    seed: int,
) -> Row:
    if reference == RAW:
        grain = torch.randn(windows.shape, generator=torch_generator(seed, "bench-grain"))
        windows = (windows + bench.grain_spread * grain).clamp(-1.0, 1.0)
    ours, theirs = bench.nets.embed(windows), held.features[name, reference]
    first = kid(ours, theirs, seed=seed, resamples=bench.plan.resamples)
    second = cmmd(ours, theirs, seed=seed, resamples=bench.plan.resamples)
    return Row(
        set=name,
        split=held.name,
        reference=reference,
        solver=setting.solver,
        calls=setting.calls,
        scale=setting.scale,
        codes=setting.codes,
        kid=first.x1000,
        kid_low=1000 * first.low,
        kid_high=1000 * first.high,
        cmmd=second.x1000,
        cmmd_low=1000 * second.low,
        cmmd_high=1000 * second.high,
        fid=fid(ours, theirs, resamples=0).value,
        source_ms=drawn.source_ms,
        calls_ms=drawn.calls_ms,
        decode_ms=decode_ms,
    )
