"""Measures one arm: settings chosen on the validation split, figures reported on the test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from factory_gen.bench.arms import Arm
from factory_gen.bench.drawing import ENCODED, DrawnSet, Setting, draw_set
from factory_gen.bench.held_out import AUTOENCODED, RAW, SETS, HeldOut, decode
from factory_gen.bench.networks import Shared
from factory_gen.bench.settings import PriorBench
from factory_gen.bench.stages import fair_clock
from factory_gen.flow.diffusion import DIFFUSION_SAMPLERS
from factory_gen.flow.model import FlowModel
from factory_gen.matching.solvers.table import FLOW_MAP, SOLVERS
from factory_gen.metrics.cmmd import cmmd_against
from factory_gen.metrics.features import FeatureNet
from factory_gen.metrics.fid import FidReference
from factory_gen.metrics.kid import kid, kid_against
from factory_gen.metrics.set_score import Measure
from factory_gen.seeds import torch_generator
from factory_gen.training.loop import CLOCKS

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
    _judges: dict[tuple[str, str, str, str], Measure] = field(default_factory=dict)

    def judge(self, measure: str, held: HeldOut, name: str, reference: str) -> Measure:
        """The measure against one set of real windows; prepared once, used for every setting.

        The validation split only chooses, so its figures come without intervals.
        """
        key = measure, held.name, name, reference
        if key not in self._judges:
            features, draws = held.features[name, reference], self.plan.resamples if held.name == TEST else 0
            if measure == "kid":
                self._judges[key] = kid_against(features, resamples=draws)
            elif measure == "cmmd":
                self._judges[key] = cmmd_against(features, resamples=draws)
            else:
                self._judges[key] = FidReference(features, resamples=0)
        return self._judges[key]


def measure_arm(
    bench: Bench, arm: Arm, model: FlowModel, shared: Shared, seed: int, *, brief: bool = False
) -> list[Row]:
    """All solvers and numbers of calls for one trained network.

    The scale s is chosen first, on the validation split, with one solver at few calls; each (solver, calls) is then
    measured on both splits. The reader of the rows picks a solver by its validation figure and quotes its test figure.
    A brief measurement leaves out the comparison with raw windows and with encoded codes.
    """
    scale = _choose_scale(bench, arm, model, shared, seed)
    rows: list[Row] = []
    for solver, calls in settings_of(arm, bench.plan):
        setting = Setting(solver, calls, scale)
        for split in (VALIDATION, TEST):
            rows += _measure(bench, arm, model, shared, setting, split, seed, references=(AUTOENCODED,))
    if brief:
        return rows
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
        return [(FLOW_MAP, calls) for calls in plan.calls]
    if arm.family == "diffusion":
        return [(sampler, calls) for sampler in DIFFUSION_SAMPLERS for calls in plan.calls]
    return [
        (name, calls) for name in plan.solvers for calls in plan.calls if calls % SOLVERS[name].calls == 0
    ]


def _choose_scale(bench: Bench, arm: Arm, model: FlowModel, shared: Shared, seed: int) -> float:
    plan = bench.plan
    if arm.family == "diffusion" or len(plan.scales) == 1:
        return plan.scales[0] if arm.family != "diffusion" else 1.0
    solver = FLOW_MAP if arm.family == "map" else plan.solvers[-1]
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
    now = CLOCKS[fair_clock(drawn.latent.device.type)]
    parts, spent = [], []
    with torch.no_grad():
        for part in drawn.latent.split(64):
            began = now()
            parts.append(decode(bench.autoencoder, part))
            spent.append(1e3 * (now() - began) / part.shape[0])
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
    ours = bench.nets.embed(windows)
    first = bench.judge("kid", held, name, reference)(ours)
    second = bench.judge("cmmd", held, name, reference)(ours)
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
        fid=bench.judge("fid", held, name, reference)(ours).value,
        source_ms=drawn.source_ms,
        calls_ms=drawn.calls_ms,
        decode_ms=decode_ms,
    )
