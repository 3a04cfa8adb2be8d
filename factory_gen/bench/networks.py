"""Trains what the arms need: the prior and the code sampler once per seed, then each arm's own network.

Budgets are seconds of training for a whole arm. An arm that is told z pays for the prior and the code sampler out of
its budget; an arm that is not spends all of it on its network. Each arm first trains as many steps as the LeDiFlow arm
could make (the table "same steps"), then goes on with a fresh learning rate schedule until its budget is spent (the
table "same time").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from factory_gen.bench.arms import ARMS, LEDIFLOW, Arm
from factory_gen.bench.settings import PriorBench
from factory_gen.bench.stages import Report, Stage, fresh, loop_settings, once
from factory_gen.flow.diffusion_train import train_diffusion
from factory_gen.flow.model import FlowModel
from factory_gen.flow.source import SourceRule
from factory_gen.flow.train import train_flow
from factory_gen.flow.train_map import train_flow_map
from factory_gen.images.dataset import WindowDraw
from factory_gen.prior.codes import CodeSampler, train_codes
from factory_gen.prior.model import PriorModel
from factory_gen.prior.train import train_prior
from factory_gen.seeds import derive
from factory_gen.training.latents import LatentBank
from factory_gen.training.loop import LoopResult

_LEAST_SHARE = 0.1  # of the budget


@dataclass(frozen=True)
class Shared:
    """What all arms of one seed have in common.

    Attributes:
        bank: training latents.
        prior, codes: trained, frozen.
        data_mean, data_log_var: (K,h,w) of the bank.
        prior_seconds, codes_seconds: of their training.
    """

    bank: LatentBank
    prior: PriorModel
    codes: CodeSampler
    data_mean: torch.Tensor
    data_log_var: torch.Tensor
    prior_seconds: float
    codes_seconds: float

    def rule(self, arm: Arm, scale: float = 1.0) -> SourceRule:
        """Where the arm's paths start."""
        return SourceRule(arm.source, scale, self.data_mean, self.data_log_var)


@torch.no_grad()
def make_bank(draw: WindowDraw, autoencoder: Any, plan: PriorBench, device: torch.device) -> LatentBank:
    """The training windows of all seeds in latent space."""

    def encode(windows: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=plan.precision == "bf16"):
            latent: torch.Tensor = autoencoder.encode(windows)
        return latent

    return LatentBank(draw, encode, factor=autoencoder.factor, count=plan.bank, seed=0, device=device)


def train_shared(bank: LatentBank, plan: PriorBench, seed: int, folder: Path, report: Report) -> Shared:
    """Prior and code sampler of one seed; finished ones are read back from `folder`."""
    prior, first = _train_prior(bank, plan, seed, folder, report)
    codes, second = _train_codes(bank, prior, plan, seed, folder, report)
    sample = bank.latent[: min(len(bank), 2048)].float().to(bank.device)
    data_log_var = sample.var(dim=0).clamp_min(1e-4).log()
    return Shared(bank, prior, codes, sample.mean(dim=0), data_log_var, first.seconds, second.seconds)


def _train_prior(
    bank: LatentBank, plan: PriorBench, seed: int, folder: Path, report: Report
) -> tuple[PriorModel, Stage]:
    prior: PriorModel = fresh(
        PriorModel,
        seed,
        "prior",
        **_shape(bank),
        **plan.body(plan.prior.depth),
        code_size=plan.prior.code_size,
        code_grid=plan.prior.code_grid,
        local=plan.local,
    ).to(bank.device)
    loop = loop_settings(plan, seed, plan.prior_share * plan.budget_s)

    def tell(step: int, fraction: float, figures: dict[str, float]) -> None:
        report("prior", step, fraction)

    stage = once(
        "prior",
        prior,
        folder,
        lambda: train_prior(prior, bank, plan.prior, loop, folder, resume=True, report=tell),
    )
    return prior, stage


def _train_codes(
    bank: LatentBank, prior: PriorModel, plan: PriorBench, seed: int, folder: Path, report: Report
) -> tuple[CodeSampler, Stage]:
    shape = _shape(bank)
    codes: CodeSampler = fresh(
        CodeSampler,
        seed,
        "codes",
        code_size=plan.prior.code_size,
        latent_channels=shape["latent_channels"],
        kinds=shape["kinds"],
        width=plan.codes.width,
        depth=plan.codes.depth,
    ).to(bank.device)
    loop = loop_settings(plan, seed, plan.codes_share * plan.budget_s)

    def tell(step: int, fraction: float, figures: dict[str, float]) -> None:
        report("codes", step, fraction)

    stage = once(
        "codes",
        codes,
        folder,
        lambda: train_codes(codes, bank, prior.encode, plan.codes, loop, folder, resume=True, report=tell),
    )
    return codes, stage


def train_arm(
    arm: Arm,
    shared: Shared,
    plan: PriorBench,
    seed: int,
    folder: Path,
    *,
    same_steps: int | None,
    report: Report,
) -> dict[str, tuple[FlowModel, Stage]]:
    """One arm's networks by table: "same time" always, "same steps" where it differs.

    Args:
        arm: which.
        shared: of the same seed.
        plan: settings.
        seed: of weights, batches and noise.
        folder: for checkpoints and finished weights.
        same_steps: steps of the LeDiFlow arm; None for that arm itself and for its ablations.
        report: progress.
    """
    if arm.family == "map":
        return {"time": _tune_map(arm, shared, plan, seed, folder, report)}
    budget = plan.budget_s
    if arm.use_code:
        # A step of the prior that overran a tiny budget must not leave this network untrained.
        budget = max(budget - shared.prior_seconds - shared.codes_seconds, _LEAST_SHARE * plan.budget_s)
    model = _network(arm, shared, plan, seed)
    if same_steps is None:
        stage = _train_part(arm, "time", model, shared, plan, seed, folder, budget, None, report)
        return {"time": (model, stage)}
    first = _train_part(arm, "steps", model, shared, plan, seed, folder, None, same_steps, report)
    longer = _network(arm, shared, plan, seed)
    longer.load_state_dict(model.state_dict())
    left = budget - first.seconds
    if left <= plan.least_s:
        return {"time": (model, first), "steps": (model, first)}
    rest = _train_part(arm, "time", longer, shared, plan, seed, folder, left, None, report)
    total = Stage(first.steps + rest.steps, first.seconds + rest.seconds)
    return {"time": (longer, total), "steps": (model, first)}


def _tune_map(
    arm: Arm, shared: Shared, plan: PriorBench, seed: int, folder: Path, report: Report
) -> tuple[FlowModel, Stage]:
    """The LeDiFlow arm's network, tuned into a flow map for a share of the budget on top."""
    velocity = _network(ARMS[LEDIFLOW], shared, plan, seed)
    velocity.load_state_dict(load_file(folder / f"{LEDIFLOW}-time.finished.safetensors"))
    config = _flow_config(arm, shared, plan)
    model: FlowModel = fresh(FlowModel, seed, "flow", **config, spans=True).to(shared.bank.device)
    model.start_from(velocity)
    settings = replace(arm.settings(plan.flow), tuning_steps=1_000_000)
    stage = once(
        arm.name,
        model,
        folder,
        lambda: train_flow_map(
            model,
            shared.bank,
            shared.prior.encode,
            shared.prior.decode,
            shared.rule(arm),
            settings,
            loop_settings(plan, derive(seed, "bench", arm.name) % 2**31, plan.map_share * plan.budget_s),
            folder / arm.name,
            resume=True,
            report=lambda step, fraction, figures: report(arm.name, step, fraction),
        ),
    )
    return model, stage


def _train_part(
    arm: Arm,
    table: str,
    model: FlowModel,
    shared: Shared,
    plan: PriorBench,
    seed: int,
    folder: Path,
    budget_s: float | None,
    steps: int | None,
    report: Report,
) -> Stage:
    name = f"{arm.name}-{table}"
    own = folder / name
    settings = replace(arm.settings(plan.flow), steps=steps or plan.flow.steps)
    # Another seed of batches for the second part, or it would see the first part's batches again.
    loop = loop_settings(plan, derive(seed, "bench", name) % 2**31, budget_s)

    def tell(step: int, fraction: float, figures: dict[str, float]) -> None:
        report(name, step, fraction)

    def train() -> LoopResult:
        if arm.family == "diffusion":
            return train_diffusion(model, shared.bank, settings, loop, own, resume=True, report=tell)
        return train_flow(
            model,
            shared.bank,
            shared.prior.encode,
            shared.prior.decode,
            shared.rule(arm),
            settings,
            loop,
            own,
            resume=True,
            report=tell,
        )

    return once(name, model, folder, train)


def _network(arm: Arm, shared: Shared, plan: PriorBench, seed: int) -> FlowModel:
    """The arm's untrained network; all arms of a seed start from the same weights."""
    model: FlowModel = fresh(FlowModel, seed, "flow", **_flow_config(arm, shared, plan)).to(
        shared.bank.device
    )
    return model


def _flow_config(arm: Arm, shared: Shared, plan: PriorBench) -> dict[str, Any]:
    return {
        **_shape(shared.bank),
        **plan.body(plan.flow.depth),
        "code_size": plan.prior.code_size,
        "use_code": arm.use_code,
        "local": plan.local,
    }


def _shape(bank: LatentBank) -> dict[str, int]:
    return {
        "latent_channels": int(bank.latent.shape[1]),
        "latent_size": int(bank.latent.shape[2]),
        "kinds": bank.null_kind,
    }
